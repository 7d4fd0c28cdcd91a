/* A colour and a dash for each run, the same on every page, reload and machine.

   The rule. There are 48 looks: twelve colours solid, then the same twelve dashed, dotted, dash-dotted.
   The hash of a run's name decides which colours it likes best, in order. Among the runs that are
   selected together, the oldest takes the look that it likes best, the next oldest the best that is
   left, and so on: the first twelve are solid and of different colours, the first 48 look different.
   So the looks follow from the selection alone (whatever was clicked before), a newer run never
   changes an older one, and taking a run away moves only those that had to give way to it. A run
   that is not selected shows the colour it likes best. */
(function () {
  'use strict';
  const vk = window.vk;

  /* Twelve hues told apart under deuteranopia, protanopia and tritanopia (after Tol's "bright" and
     "muted" schemes and Okabe-Ito), picked for >= 3:1 contrast on the surface of each theme. */
  const LIGHT = ['#4466c8', '#d1495b', '#1a8f6d', '#b8780a', '#8a3fa6', '#1787a8', '#c2519b', '#6b7a1f', '#a4532a', '#5b6ee1', '#0f7b7b', '#7d5a50'];
  const DARK = ['#7c9cff', '#ff7b89', '#3ecf9e', '#f0b040', '#c58af0', '#4cc3e8', '#f08cc8', '#b5c653', '#e08f5f', '#a5b1ff', '#4fd0c8', '#c9a597'];
  const DASHES = ['solid', 'dash', 'dot', 'dashdot'];
  const STRIDES = [1, 5, 7, 11]; // each visits all twelve colours
  const N = LIGHT.length;

  const hashes = new Map();
  const encoder = new TextEncoder();

  /** FNV-1a, 32 bits: the same number for a name everywhere. */
  function hash(text) {
    let h = hashes.get(text);
    if (h !== undefined) return h;
    h = 0x811c9dc5;
    for (const byte of encoder.encode(text)) h = Math.imul(h ^ byte, 0x01000193) >>> 0;
    hashes.set(text, h);
    return h;
  }

  /* The low bits of FNV-1a mix worst; fold the high ones in before taking the remainder. */
  const home = (name) => ((hash(name) ^ (hash(name) >>> 15)) >>> 0) % N;
  const stride = (name) => STRIDES[(hash(name) >>> 24) % STRIDES.length];

  /** Looks for names in their order: Map of name to {color, dash}, indices. */
  function looks(names) {
    const places = new Map();
    const taken = new Set();
    names.forEach((name, i) => {
      const level = Math.floor(i / N);
      let color = home(name);
      while (taken.has(level * N + color)) color = (color + stride(name)) % N;
      taken.add(level * N + color);
      places.set(name, { color, dash: level % DASHES.length });
    });
    return places;
  }

  let places = new Map();
  let groupPlaces = new Map();

  const byAge = (a, b) => a.started - b.started || (a.run < b.run ? -1 : 1);
  /** Give the runs ({run, started}) that are shown together their looks. */
  const assign = (runs) => {
    places = looks([...runs].sort(byAge).map(({ run }) => run));
  };
  /** Give the groups that are shown together theirs; keys in alphabetical order decide. */
  const assignGroups = (keys) => {
    groupPlaces = looks([...keys].sort());
  };

  const palette = () => (document.documentElement.dataset.theme === 'dark' ? DARK : LIGHT);
  const chosen = (name) => vk.store.get().colors[name];
  const placeOf = (map, name) => map.get(name) || { color: home(name), dash: 0 };

  vk.colors = {
    palette,
    /** "#rrggbb": what the user chose, else by the rule above. */
    of: (run) => chosen(run) || palette()[placeOf(places, run).color],
    dash: (run) => DASHES[placeOf(places, run).dash],
    /** The colour of a group by its key, see 43_groups.js. */
    ofGroup: (key) => chosen(key) || palette()[placeOf(groupPlaces, key).color],
    assign,
    assignGroups,
    hash,
  };
})();
