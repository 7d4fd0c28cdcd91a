/* The tags of runs: read for all that are asked about at once, read again when the server says so. */
(function () {
  'use strict';
  const vk = window.vk;
  const MOST = 500; // runs in one request
  const AGAIN = 300; // ms in which news about runs are gathered
  const byRun = new Map(); // run -> [{tag, group, position}]
  const loading = new Map(); // run -> promise
  const rows = new Map(); // what many runs have in common is kept once
  const listeners = new Set();

  const tell = vk.perFrame(() => listeners.forEach((fn) => fn()));

  function rowOf([tag, group, position]) {
    const key = `${tag}\u0000${group}\u0000${position}`;
    if (!rows.has(key)) rows.set(key, { tag, group, position });
    return rows.get(key);
  }

  /** {tags: [[tag, group or null, position or null]], runs: {run: [places in tags]}} */
  async function fetchTags(runs) {
    try {
      const { tags, runs: found } = await (await vk.api.post('tags', { runs })).json();
      const table = tags.map(rowOf);
      for (const [run, places] of Object.entries(found)) byRun.set(run, places.map((i) => table[i]));
      tell();
    } catch (_) { /* the banner says that the server is gone; asked again when it is back */ }
    runs.forEach((run) => loading.delete(run));
  }

  /** Read the tags of runs unless they are known or on their way. */
  function loadAll(names, { fresh = false } = {}) {
    const wanted = names.filter((run) => !loading.has(run) && (fresh || !byRun.has(run)));
    for (let i = 0; i < wanted.length; i += MOST) {
      const part = wanted.slice(i, i + MOST);
      const promise = fetchTags(part);
      part.forEach((run) => loading.set(run, promise));
    }
    return Promise.all(names.map((run) => loading.get(run)));
  }

  const load = (run, options) => loadAll([run], options);

  /** Rows of one run, or null while they are unknown. */
  const of = (run) => byRun.get(run) || null;

  let asked = false;
  function loadSelected() {
    asked = true;
    return loadAll([...vk.store.get().selected]);
  }

  const isLoading = () => loading.size > 0;

  /** Call fn() after tags of any run came. Returns the end of it. */
  function onChange(fn) {
    listeners.add(fn);
    return () => listeners.delete(fn);
  }

  const stale = new Set();
  const refresh = vk.whenIdle(() => {
    const runs = [...stale];
    stale.clear();
    loadAll(runs, { fresh: true });
  }, AGAIN);

  function renew(runs) {
    runs.filter((run) => byRun.has(run)).forEach((run) => stale.add(run));
    if (stale.size) refresh();
  }

  vk.tags = { of, load, loadSelected, isLoading, onChange };
  vk.onStart(() => {
    vk.hub.onMessage('tags', ({ run, runs }) => renew(runs || (run === null ? [...byRun.keys()] : [run])));
    vk.hub.onMessage('open', () => {
      renew([...byRun.keys()]);
      if (asked) loadSelected();
    });
  });
})();
