/* The tags of the selected runs: read when a page asks, read again when the server says so. */
(function () {
  'use strict';
  const vk = window.vk;
  const byRun = new Map(); // run -> rows of /api/v1/tags
  const loading = new Map(); // run -> promise
  const listeners = new Set();

  const tell = vk.perFrame(() => listeners.forEach((fn) => fn()));

  async function fetchTags(run) {
    try {
      byRun.set(run, await vk.api.json('tags', { run }));
      tell();
    } catch (_) { /* a run that has just gone; the list of runs says so */ }
    loading.delete(run);
  }

  function load(run, { fresh = false } = {}) {
    if (loading.has(run)) return loading.get(run);
    if (byRun.has(run) && !fresh) return Promise.resolve();
    loading.set(run, fetchTags(run));
    return loading.get(run);
  }

  /** Rows of one run, or null while they are unknown. */
  const of = (run) => byRun.get(run) || null;

  let asked = false;

  /** Read what is missing for the selected runs, a few at a time. */
  async function loadSelected() {
    asked = true;
    const waiting = [...vk.store.get().selected].filter((run) => !byRun.has(run));
    const worker = async () => {
      while (waiting.length) await load(waiting.shift());
    };
    await Promise.all([worker(), worker(), worker(), worker()]);
  }

  const isLoading = () => loading.size > 0;

  /** Call fn() after tags of any run came. Returns the end of it. */
  function onChange(fn) {
    listeners.add(fn);
    return () => listeners.delete(fn);
  }

  vk.tags = { of, load, loadSelected, isLoading, onChange };
  vk.onStart(() => {
    vk.hub.onMessage('tags', ({ run }) => byRun.has(run) && load(run, { fresh: true }));
    vk.hub.onMessage('open', () => {
      [...byRun.keys()].forEach((run) => load(run, { fresh: true }));
      if (asked) loadSelected();
    });
  });
})();
