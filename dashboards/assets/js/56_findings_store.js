/* The findings of the selected runs: read when a run moved on, kept in the store, marked on the replay bar. */
(function () {
  'use strict';
  const vk = window.vk;
  const PAUSE = 300; // ms between two readings
  const TOGETHER = 60; // runs in one request
  const LEVELS = ['info', 'warning', 'error'];
  const NAMES = { nan_origin: 'NaN', graph: 'graph' };
  const byRun = new Map(); // run -> {key, found}

  vk.store.set({ findings: [] });

  const keyOf = ({ points, last_step: last, status }) => `${points} ${last} ${status}`;

  /** The runs whose findings may be others than those that were read. */
  const stale = () => vk.runs.selected().filter((run) => (byRun.get(run.run) || {}).key !== keyOf(run));

  async function readSome(runs) {
    const keys = runs.map(keyOf);
    const found = await vk.api.json('findings', { run: runs.map(({ run }) => run) });
    runs.forEach(({ run }, i) => byRun.set(run, { key: keys[i], found: [] }));
    for (const finding of found) byRun.get(finding.run).found.push(finding);
  }

  async function read() {
    try {
      for (let runs = stale().slice(0, TOGETHER); runs.length; runs = stale().slice(0, TOGETHER)) {
        await readSome(runs);
        publish();
        if (vk.runs.isLive()) break; // what moves on meanwhile is read in the next turn
      }
      if (stale().length) soon();
    } catch (_) { /* a run that has just been removed, or no server: the next change asks again */ }
  }

  let soon = () => {}; // pacing is defined in a later script

  /** Put what is known of the selected runs into the store, if that is news. */
  function publish() {
    const { selected, findings } = vk.store.get();
    const all = [...selected].flatMap((run) => (byRun.get(run) || { found: [] }).found);
    if (JSON.stringify(all) === JSON.stringify(findings)) return;
    vk.store.set({ findings: all });
    vk.marks.put('findings', all.map(markOf));
  }

  const markOf = (finding) => ({
    at: finding.step, run: finding.run, kind: finding.level === 'error' ? 'nonfinite' : 'finding',
    label: `${vk.findingName(finding)} @ ${vk.format.exact(finding.step)} (${finding.run}): ${finding.sentence}`,
  });

  /** What a finding is called in a word: NaN, graph, or its own kind. */
  vk.findingName = ({ kind }) => NAMES[kind] || kind;

  /** The gravest level of some findings. */
  vk.gravest = (findings) => findings.reduce((most, { level }) => (LEVELS.indexOf(level) > LEVELS.indexOf(most) ? level : most), 'info');

  /** The findings that were known at the playhead, of one run or of all that are selected. */
  vk.knownFindings = (run) => {
    const { findings, until } = vk.store.get();
    return findings.filter((finding) => (run === undefined || finding.run === run) && (until === null || finding.step <= until));
  };

  /** Show a finding where it belongs: a chart, the heatmap or the graph, with the playhead at its step. */
  vk.goToFinding = (finding, page) => {
    vk.playhead.set(finding.step);
    const focus = { focusChoice: finding.run };
    if (page === 'scalars') vk.store.set({ tagFilter: `^(${finding.tags.map(escaped).join('|')})$` });
    if (page === 'gradients') vk.store.set({ ...focus, gradMetric: 'grad_norm' });
    if (page === 'graph') vk.store.set({ ...focus, graphNode: finding.node || finding.paths[0] });
    vk.router.go(page);
  };
  const escaped = (tag) => tag.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');

  vk.onStart(() => {
    soon = vk.paced(PAUSE, read);
    vk.store.on(['runs', 'selected'], () => {
      publish();
      if (stale().length) soon();
    });
  });
})();
