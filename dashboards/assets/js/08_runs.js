/* The runs: fetched, kept fresh by push, and which of them are selected. */
(function () {
  'use strict';
  const vk = window.vk;
  const ALL_UP_TO = 20; // with more runs than this only the newest are selected at first
  const NEWEST = 10;
  let auto = null; // names selected without being asked, decided on the first answer

  /** Newest first; names as tie-break so that the order never flickers. */
  const newestFirst = (a, b) => b.started - a.started || (a.run < b.run ? -1 : 1);

  async function refresh() {
    let runs;
    try {
      runs = await vk.api.json('runs', { tags: 0 });
    } catch (_) {
      return; // the connection banner says it; the next push or reconnection asks again
    }
    runs.sort(newestFirst);
    vk.colors.assign(runs);
    chooseAuto(runs);
    vk.store.set({ runs, runsLoaded: true });
  }

  /** Runs that appear later are shown as well: somebody has just started them. */
  function chooseAuto(runs) {
    const known = new Set(vk.store.get().runs.map((r) => r.run));
    if (auto === null || !known.size) {
      auto = new Set(runs.slice(0, runs.length <= ALL_UP_TO ? runs.length : NEWEST).map((r) => r.run));
      return;
    }
    for (const { run } of runs) if (!known.has(run)) auto.add(run);
  }

  function isSelected(run, { base, show, hide }) {
    if (hide.has(run)) return false;
    if (show.has(run) || base === 'all') return true;
    return base === 'auto' && auto !== null && auto.has(run);
  }

  function derive() {
    const { runs, selection, focusChoice } = vk.store.get();
    const chosen = runs.filter((r) => isSelected(r.run, selection));
    const selected = new Set(chosen.map((r) => r.run));
    const before = vk.store.get().selected;
    const same = before.size === selected.size && [...selected].every((run) => before.has(run));
    const focus = chosen.find((r) => r.run === focusChoice) || chosen.find((r) => r.status === 'running') || chosen[0];
    vk.store.set({
      ...(same ? {} : { selected }),
      focusRun: focus ? focus.run : null,
      domain: domainOf(chosen),
    });
  }

  function domainOf(runs) {
    const withSteps = runs.filter((r) => r.points > 0 && Number.isFinite(r.last_step));
    if (!withSteps.length) return [0, 0];
    return [Math.min(...withSteps.map((r) => r.first_step)), Math.max(...withSteps.map((r) => r.last_step))];
  }

  const amend = (change) => {
    const { base, show, hide } = vk.store.get().selection;
    const next = { base, show: new Set(show), hide: new Set(hide) };
    change(next);
    vk.store.set({ selection: next });
  };

  function choose(run, on) {
    amend((s) => {
      s.show.delete(run);
      s.hide.delete(run);
      if (isSelected(run, s) !== on) (on ? s.show : s.hide).add(run);
    });
  }

  vk.selection = {
    toggle: (run) => choose(run, !vk.store.get().selected.has(run)),
    choose,
    only: (run) => vk.store.set({ selection: { base: 'none', show: new Set([run]), hide: new Set() } }),
    all: () => vk.store.set({ selection: { base: 'all', show: new Set(), hide: new Set() } }),
    none: () => vk.store.set({ selection: { base: 'none', show: new Set(), hide: new Set() } }),
    /** Select or deselect a list of runs, for example those that a filter leaves. */
    many: (runs, on) => amend((s) => {
      for (const run of runs) {
        s.show.delete(run);
        s.hide.delete(run);
        if (isSelected(run, s) !== on) (on ? s.show : s.hide).add(run);
      }
    }),
    focus: (run) => vk.store.set({ focusChoice: run }),
  };

  vk.runs = {
    refresh,
    byName: (name) => vk.store.get().runs.find((r) => r.run === name),
    selected: () => vk.store.get().runs.filter((r) => vk.store.get().selected.has(r.run)),
    isLive: () => vk.runs.selected().some((r) => r.status === 'running'),
  };

  /* A burst of pushes makes one request, and never two at once. */
  let busy = false;
  let again = false;
  async function refreshSoon() {
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    await refresh();
    busy = false;
    if (again) {
      again = false;
      refreshSoon();
    }
  }

  vk.store.on(['runs', 'selection', 'focusChoice'], derive);
  vk.onStart(() => {
    vk.hub.onMessage('runs', refreshSoon);
    vk.hub.onMessage('open', refreshSoon);
    refreshSoon();
  });
})();
