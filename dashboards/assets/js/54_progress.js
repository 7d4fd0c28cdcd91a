/* While the server reads a large folder: a slim bar under the header that says how far it is. */
(function () {
  'use strict';
  const vk = window.vk;
  const PATIENCE = 400; // ms of reading before the bar shows: what is read sooner needs none
  const SMALL = 1 << 20; // bytes behind a live run that are no news
  let strip = null;
  let patience = 0;
  let latest = null;

  const isDone = ({ done, indexed, total }) => done === true || total - indexed < SMALL;

  /** 480000000 -> "480 MB". */
  function bytes(n) {
    const unit = [[1e9, 'GB'], [1e6, 'MB'], [1e3, 'kB']].find(([size]) => n >= size) || [1, 'B'];
    return `${vk.format.si(n / unit[0])} ${unit[1]}`;
  }

  /** "Reading 124 MB of 480 MB, 37 runs, 12 k points, about 4 s left" */
  function words({ indexed, total, files, files_done: filesDone, runs, points, seconds_left: left }) {
    const { count } = vk.format;
    const parts = [`Reading ${bytes(indexed)} of ${bytes(total)}`];
    if (files > 1 && filesDone !== undefined) parts.push(`${count(filesDone)} of ${count(files)} files`);
    if (runs) parts.push(`${count(runs)} ${runs === 1 ? 'run' : 'runs'}`);
    if (points) parts.push(`${count(points)} points`);
    if (Number.isFinite(left) && left !== null) parts.push(`about ${timeLeft(left)} left`);
    return parts.join(', ');
  }

  const timeLeft = (seconds) => (seconds < 60 ? `${Math.max(1, Math.ceil(seconds))} s` : vk.format.relative(seconds));

  function build() {
    const pages = document.getElementById('vk-pages');
    if (!pages) return;
    strip = vk.el('div', { class: 'vk-reading', role: 'progressbar', 'aria-label': 'Reading the folder', 'aria-valuemin': 0, 'aria-valuemax': 100 },
      vk.el('div', { class: 'vk-reading-track' }, vk.el('div', { class: 'vk-reading-bar' })),
      vk.el('div', { class: 'vk-reading-words' }));
    pages.parentElement.insertBefore(strip, pages);
  }

  function show() {
    patience = 0;
    if (!latest || isDone(latest)) return;
    if (!strip) build();
    if (!strip) return;
    const share = latest.total ? latest.indexed / latest.total : 0;
    const text = words(latest);
    strip.style.setProperty('--vk-share', share.toFixed(4));
    strip.setAttribute('aria-valuenow', Math.floor(100 * share));
    strip.setAttribute('aria-valuetext', text);
    strip.lastChild.textContent = text;
  }

  function hide() {
    clearTimeout(patience);
    patience = 0;
    if (strip) strip.remove();
    strip = null;
  }

  /** Take news of the reading, as /api/v1/progress tells them. */
  function take(progress) {
    latest = progress;
    if (isDone(progress)) hide();
    else if (strip) show();
    else if (!patience) patience = setTimeout(show, PATIENCE);
  }

  vk.reading = { take, words };
  vk.onStart(() => {
    vk.hub.onMessage('progress', take);
    vk.hub.onMessage('open', () => vk.api.json('progress').then(take, () => {}));
  });
})();
