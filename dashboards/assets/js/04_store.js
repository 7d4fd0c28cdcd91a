/* The one state of the front end. Everything that more than one part looks at is here. */
(function () {
  'use strict';
  const vk = window.vk;

  const state = {
    page: 'overview',
    runs: [],                 // as /api/v1/runs?tags=0, newest first
    runsLoaded: false,
    selection: null,          // what the user said, see 41_selection.js
    selected: new Set(),      // run names, derived from runs and selection
    looks: 0,                 // counts changes of the runs' colours and dashes
    colors: {},               // the user's own: name of a run or key of a group -> "#rrggbb"
    focusRun: null,           // the run of single-run pages; derived unless chosen
    filter: '',               // regular expression over run names, or an expression after "="
    filtered: [],             // the runs that the filter leaves, see 42_filter.js
    filterState: { error: '', hint: '', busy: false },
    groupBy: null,            // config key, or "~regex" over run names, see 43_groups.js
    folded: new Set(),        // keys of groups that are folded in the list of runs
    unfolded: new Set(),      // keys of groups that are unfolded in the table of runs
    tagFilter: '',            // regular expression over tags
    axis: 'step',             // step | relative | wall
    smoothing: 0.6,           // weight of the past, 0 ... 0.999
    logY: false,
    columns: 0,               // cards per row, 0 = as many as fit
    zoom: null,               // [x0, x1] on the axis
    opened: new Set(),        // sections opened or closed by hand
    closed: new Set(),
    playhead: { mode: 'following', at: null, speed: 1 }, // at is a step, on every axis
    until: null,              // the step up to which pages show data; null = everything
    domain: [0, 1],           // first and last step of the selected runs
    themeChoice: 'auto',      // auto | light | dark
    theme: 'light',           // light | dark, what is shown
    connection: 'connecting', // connecting | live | reconnecting
    logdir: '',
    progress: null,           // {indexed, total} while the server reads
    sidebarOpen: true,
    sheetOpen: false,         // the sidebar of a phone, never in the address
  };

  const listeners = new Map(); // key -> Set of functions
  let changed = new Set();
  let announcing = false;

  const same = (a, b) => Object.is(a, b) ||
    (Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((v, i) => Object.is(v, b[i])));

  function set(patch) {
    for (const [key, value] of Object.entries(patch)) {
      if (same(state[key], value)) continue;
      state[key] = value;
      changed.add(key);
    }
    if (!announcing) announce();
  }

  /** Tell each listener once per round; what listeners set is told in the next round. */
  function announce() {
    announcing = true;
    while (changed.size) {
      const keys = changed;
      changed = new Set();
      const called = new Set();
      for (const key of keys) {
        for (const fn of listeners.get(key) || []) {
          if (called.has(fn)) continue;
          called.add(fn);
          try {
            fn(state, keys);
          } catch (error) {
            console.error('vizkit: a listener failed', error);
          }
        }
      }
    }
    announcing = false;
  }

  vk.store = {
    get: () => state,
    set,
    /** Call fn(state, changedKeys) after any of `keys` changed. Returns the function that ends it. */
    on(keys, fn) {
      for (const key of keys) {
        if (!listeners.has(key)) listeners.set(key, new Set());
        listeners.get(key).add(fn);
      }
      return () => keys.forEach((key) => listeners.get(key).delete(fn));
    },
  };
})();
