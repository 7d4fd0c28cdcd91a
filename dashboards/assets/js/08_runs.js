/* The runs: fetched once, kept fresh by what the server pushes, newest first. */
(function () {
  'use strict';
  const vk = window.vk;
  const REST = 10; // after a fetch of t ms none for REST * t ms: many runs are fetched less often

  /** Newest first; names as tie-break so that the order never flickers. */
  const newestFirst = (a, b) => b.started - a.started || (a.run < b.run ? -1 : 1);

  let byName = new Map();

  const publish = (runs) => vk.store.set({ runs, runsLoaded: true });

  function replace(rows) {
    byName = new Map(rows.map((row) => [row.run, row]));
    publish([...rows].sort(newestFirst));
  }

  /** Take rows that came or changed and names that went; the others keep their objects. */
  function amend(rows, gone) {
    let sorted = true;
    for (const name of gone) byName.delete(name);
    for (const row of rows) {
      const before = byName.get(row.run);
      if (!before || before.started !== row.started) sorted = false;
      byName.set(row.run, row);
    }
    const runs = vk.store.get().runs.filter(({ run }) => byName.has(run)).map(({ run }) => byName.get(run));
    if (sorted) publish(runs);
    else publish([...byName.values()].sort(newestFirst));
  }

  async function refresh() {
    fetching = true;
    try {
      replace(await vk.api.json('runs', { tags: 0 }));
    } catch (_) { /* the connection banner says it; the next push or reconnection asks again */ }
    fetching = false;
  }

  /* A burst of pushes makes one request, never two at once, and no more than the server bears. */
  let fetching = false;
  let busy = false; // fetching, or resting after it
  let again = false;
  async function refreshSoon() {
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    const begun = performance.now();
    await refresh();
    await new Promise((done) => setTimeout(done, REST * (performance.now() - begun)));
    busy = false;
    if (again) {
      again = false;
      refreshSoon();
    }
  }

  /** The message may carry what changed; else, or while a list is on its way, the list is read again. */
  function told({ changed, gone }) {
    if (changed && vk.store.get().runsLoaded && !fetching) amend(changed, gone || []);
    else refreshSoon();
  }

  const selected = () => vk.store.get().runs.filter((r) => vk.store.get().selected.has(r.run));

  vk.runs = {
    refresh,
    amend,
    byName: (name) => byName.get(name),
    selected,
    settled: () => !busy && !again,
    isLive: () => selected().some((r) => r.status === 'running'),
  };

  vk.onStart(() => {
    vk.hub.onMessage('runs', told);
    vk.hub.onMessage('open', refreshSoon);
    refreshSoon();
  });
})();
