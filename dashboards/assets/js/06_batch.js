/* Many windows in one request: what all charts ask for within a frame goes out together. */
(function () {
  'use strict';
  const vk = window.vk;
  const MOST = 512; // series in one request, so that the first charts need not wait for the last
  const FLYING = 2; // requests at a time; what waits can still be given up for nothing
  let waiting = []; // {run, tag, key, params, signal, resolve, reject}
  let flying = 0;

  const aborted = () => new DOMException('No longer wanted', 'AbortError');

  /**
   * The window of one series, as vk.api.series gives it. params: run, tag, max_points, x_min, x_max,
   * until, axis. A signal that is aborted takes it out of its request, and the last one ends that.
   */
  function window_({ run, tag, ...params }, { signal } = {}) {
    return new Promise((resolve, reject) => {
      if (signal && signal.aborted) {
        reject(aborted());
        return;
      }
      const ask = { run, tag, key: JSON.stringify(params), params, signal, resolve, reject };
      if (signal) signal.addEventListener('abort', () => giveUp(ask), { once: true });
      waiting.push(ask);
      soon();
    });
  }

  function giveUp(ask) {
    ask.reject(aborted());
    ask.gone = true;
    if (!ask.request) return;
    ask.request.left -= 1;
    if (!ask.request.left) ask.request.abort.abort();
  }

  const soon = vk.perFrame(() => flush());

  function flush() {
    while (flying < FLYING && waiting.length) {
      const batch = nextBatch();
      if (batch.length) send(batch);
    }
  }

  /** The first that waits, and what waits with it for the same stretch. */
  function nextBatch() {
    waiting = waiting.filter((ask) => !ask.gone);
    const batch = [];
    if (!waiting.length) return batch;
    const { key } = waiting[0];
    waiting = waiting.filter((ask) => ask.key !== key || batch.length >= MOST || !batch.push(ask));
    return batch;
  }

  async function send(batch) {
    flying += 1;
    const request = { left: batch.length, abort: new AbortController() };
    batch.forEach((ask) => { ask.request = request; });
    try {
      const pairs = batch.map(({ run, tag }) => [run, tag]);
      const answers = await vk.api.windows(pairs, batch[0].params, request.abort);
      batch.forEach((ask, i) => (answers[i] ? ask.resolve(answers[i]) : ask.reject(notThere(ask))));
    } catch (error) {
      batch.forEach((ask) => ask.reject(error));
    }
    flying -= 1;
    soon();
  }

  const notThere = ({ run, tag }) => new vk.api.ApiError(`Run ${run} has no ${tag} any more`, 'It may have been removed or renamed.', 404);

  vk.api.window = window_;
})();
