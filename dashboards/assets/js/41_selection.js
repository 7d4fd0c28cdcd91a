/* Which runs are shown. What the user said is one of four bases with exceptions, so that it stays
   short in the address, whatever the number of runs:

     auto    the newest runs, without being asked       (no `runs` in the address)
     all     every run, also those that come            runs=*
     none    only those in `show`                       runs=a,b   or   runs=!HASHES
     match   every run whose name a regex matches       runs=~regex

   `show` and `hide` are the exceptions (vk.RunSet). A selection by an expression over values is kept
   as the runs that it named: values move on, a copied link must not. */
(function () {
  'use strict';
  const vk = window.vk;
  const ALL_UP_TO = 20; // with more runs than this only the newest are selected at first
  const NEWEST = 10;

  const selection = (base, { match = '', show = [], hide = [] } = {}) => ({
    base, match, show: new vk.RunSet(show), hide: new vk.RunSet(hide),
  });

  /* --- auto: the newest at first, and as many more as start while somebody looks --- */
  let auto = new Set();
  let known = new Set();
  let wanted = 0;
  let settled = false; // the server has read what lay there when the page opened

  function chooseAuto(runs) {
    const fresh = runs.reduce((n, { run }) => n + !known.has(run), 0);
    if (!settled) wanted = runs.length <= ALL_UP_TO ? runs.length : NEWEST;
    else wanted = Math.min(ALL_UP_TO, wanted + fresh);
    known = new Set(runs.map(({ run }) => run));
    auto = new Set(runs.slice(0, wanted).map(({ run }) => run));
    settled = settled || isRead;
  }

  let isRead = false;
  const readUpTo = ({ indexed, total, done }) => {
    isRead = isRead || (done === undefined ? indexed >= total : done);
  };
  const askProgress = () => vk.api.json('progress').then(readUpTo, () => {
    isRead = true;
  });

  /* --- from what was said to names --- */
  let matcher = { text: null };
  function matches(run, text) {
    if (matcher.text !== text) matcher = { text, ...vk.filter.regex(text) };
    return !matcher.error && matcher.test(run);
  }

  function isSelected(run, { base, match, show, hide }) {
    if (hide.has(run)) return false;
    if (base === 'all' || show.has(run)) return true;
    return base === 'auto' ? auto.has(run) : base === 'match' && matches(run, match);
  }

  let looked = '';
  function derive() {
    const { runs, selection: said, focusChoice, selected: before, looks } = vk.store.get();
    const chosen = runs.filter((r) => isSelected(r.run, said));
    const same = before.size === chosen.length && chosen.every(({ run }) => before.has(run));
    const look = chosen.map(({ run, started }) => `${run}\n${started}`).join('\n');
    if (look !== looked) vk.colors.assign(chosen);
    const focus = chosen.find((r) => r.run === focusChoice) || chosen.find((r) => r.status === 'running') || chosen[0];
    vk.store.set({
      ...(same ? {} : { selected: new Set(chosen.map((r) => r.run)) }),
      looks: look === looked ? looks : looks + 1,
      focusRun: focus ? focus.run : null,
      domain: domainOf(chosen),
    });
    looked = look;
  }

  function domainOf(runs) {
    let [first, last] = [Infinity, -Infinity];
    for (const { points, first_step: low, last_step: high } of runs) {
      if (!(points > 0) || !Number.isFinite(high)) continue;
      first = Math.min(first, low);
      last = Math.max(last, high);
    }
    return first <= last ? [first, last] : [0, 0];
  }

  /* --- what a click says --- */
  const say = (base, parts) => vk.store.set({ selection: selection(base, parts) });

  function amend(change) {
    const said = vk.store.get().selection;
    const next = { ...said, show: said.show.copy(), hide: said.hide.copy() };
    change(next);
    vk.store.set({ selection: next });
  }

  function put(said, run, on) {
    said.show.delete(run);
    said.hide.delete(run);
    if (isSelected(run, said) !== on) (on ? said.show : said.hide).add(run);
  }

  const many = (runs, on) => amend((said) => runs.forEach((run) => put(said, run, on)));

  /** The runs that the filter leaves, in addition; where that is all of the selection, as a rule. */
  function addFiltered() {
    const { filter, filtered, runs, selected } = vk.store.get();
    const names = filtered.map(({ run }) => run);
    const left = new Set(names);
    if (!filter || names.length === runs.length) say('all');
    else if (!filter.startsWith('=') && [...selected].every((run) => left.has(run))) say('match', { match: filter });
    else many(names, true);
  }

  function dropFiltered() {
    const { filter, filtered } = vk.store.get();
    if (filter) many(filtered.map(({ run }) => run), false);
    else say('none');
  }

  const newest = (n) => say('none', { show: vk.store.get().filtered.slice(0, n).map(({ run }) => run) });

  vk.selection = {
    toggle: (run) => many([run], !vk.store.get().selected.has(run)),
    choose: (run, on) => many([run], on),
    only: (run) => say('none', { show: [run] }),
    onlyThese: (runs) => say('none', { show: runs }),
    all: () => say('all'),
    none: () => say('none'),
    auto: () => say('auto'),
    /** Select or deselect a list of runs. */
    many,
    addFiltered,
    dropFiltered,
    invertFiltered: () => amend((said) => {
      const { filtered, selected } = vk.store.get();
      for (const { run } of filtered) put(said, run, !selected.has(run));
    }),
    /** Only the newest n of those that the filter leaves. */
    newest,
    focus: (run) => vk.store.set({ focusChoice: run }),
    /** Runs that the address names and that are not there: {names, others}. */
    strangers() {
      const { runs, selection: said, runsLoaded } = vk.store.get();
      if (!runsLoaded || !isRead) return { names: [], others: 0 };
      return said.show.strangers(new Set(runs.map(({ run }) => run)));
    },
    forgetStrangers() {
      const { runs, selection: said } = vk.store.get();
      vk.store.set({ selection: { ...said, show: said.show.keepOnly(new Set(runs.map(({ run }) => run))) } });
    },
    binding: {
      params: ['runs', 'show', 'hide'],
      read(query) {
        const runs = query.get('runs');
        const base = runs === null ? 'auto' : { '*': 'all', '~': 'match' }[runs[0]] || 'none';
        vk.store.set({
          selection: {
            base,
            match: base === 'match' ? runs.slice(1) : '',
            show: vk.RunSet.parse((base === 'none' ? runs : query.get('show')) || ''),
            hide: vk.RunSet.parse(query.get('hide') || ''),
          },
        });
      },
      write(query) {
        const { base, match, show, hide } = vk.store.get().selection;
        query.delete('runs');
        if (base !== 'auto') query.set('runs', { all: '*', match: `~${match}`, none: String(show) }[base]);
        vk.url.put(query, 'show', base === 'none' ? '' : String(show));
        vk.url.put(query, 'hide', base === 'none' ? '' : String(hide));
      },
    },
  };
  vk.store.get().selection = selection('auto');

  vk.onStart(() => {
    vk.store.on(['runs'], ({ runs }) => chooseAuto(runs));
    vk.store.on(['runs', 'selection', 'focusChoice'], derive);
    vk.store.on(['colors'], ({ looks }) => vk.store.set({ looks: looks + 1 }));
    vk.hub.onMessage('progress', readUpTo);
    vk.hub.onMessage('open', askProgress);
  });
})();
