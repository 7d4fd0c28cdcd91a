/* On the replay bar: where the graph of the run of single-run pages became another one. */
(function () {
  'use strict';
  const vk = window.vk;
  const PAUSE = 1000; // ms between two readings
  const MOST = 30;
  let asked = '';

  const keyOf = (record) => (record ? `${record.run} ${record.points}` : '');
  const focused = () => vk.runs.byName(vk.store.get().focusRun);

  async function read() {
    const record = focused();
    asked = keyOf(record);
    if (!record) {
      vk.marks.put('graph', null);
      return;
    }
    try {
      const { versions } = await vk.api.json('graphs', { run: record.run });
      vk.marks.put('graph', versions.slice(1, MOST).map((version) => markOf(record.run, version)));
    } catch (_) { /* a run that has just been removed, or no server: the next change asks again */ }
  }

  const markOf = (run, { version, first_step: at, changes }) => ({
    at, run, kind: 'graph', label: `graph v${version} @ ${vk.format.exact(at)} (${run})${changes && changes.length ? `: ${changes[0]}` : ''}`,
  });

  vk.onStart(() => {
    const soon = vk.paced(PAUSE, read);
    vk.store.on(['runs', 'focusRun'], () => {
      if (keyOf(focused()) !== asked) soon();
    });
  });
})();
