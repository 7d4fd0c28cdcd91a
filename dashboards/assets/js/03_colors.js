/* A colour and a dash for each run, the same on every page, reload and machine. */
(function () {
  'use strict';
  const vk = window.vk;

  /* Twelve hues told apart under deuteranopia, protanopia and tritanopia (after Tol's "bright" and
     "muted" schemes and Okabe-Ito), picked for >= 3:1 contrast on the surface of each theme. */
  const LIGHT = ['#4466c8', '#d1495b', '#1a8f6d', '#b8780a', '#8a3fa6', '#1787a8', '#c2519b', '#6b7a1f', '#a4532a', '#5b6ee1', '#0f7b7b', '#7d5a50'];
  const DARK = ['#7c9cff', '#ff7b89', '#3ecf9e', '#f0b040', '#c58af0', '#4cc3e8', '#f08cc8', '#b5c653', '#e08f5f', '#a5b1ff', '#4fd0c8', '#c9a597'];
  const DASHES = ['solid', 'dash', 'dot', 'dashdot'];

  /** FNV-1a, 32 bits: the same number for a name everywhere. */
  function hash(text) {
    let h = 0x811c9dc5;
    for (const byte of new TextEncoder().encode(text)) h = Math.imul(h ^ byte, 0x01000193) >>> 0;
    return h;
  }

  const places = new Map();

  /**
   * Give each run ({run, started}) its place. The hash of its name decides; where an older run has
   * that colour already the next least used one is taken. Oldest first, so a new run never
   * recolours the others, and up to twelve runs show no colour twice.
   */
  function assign(runs) {
    places.clear();
    const used = new Array(LIGHT.length).fill(0);
    const byAge = [...runs].sort((a, b) => a.started - b.started || (a.run < b.run ? -1 : 1));
    for (const { run } of byAge) {
      const level = Math.min(...used);
      let place = hash(run) % LIGHT.length;
      while (used[place] > level) place = (place + 1) % LIGHT.length;
      places.set(run, { color: place, dash: used[place] % DASHES.length });
      used[place] += 1;
    }
  }

  const placeOf = (run) => places.get(run) || { color: hash(run) % LIGHT.length, dash: 0 };
  const isDark = () => document.documentElement.dataset.theme === 'dark';

  vk.colors = {
    palette: () => (isDark() ? DARK : LIGHT),
    of: (run) => (isDark() ? DARK : LIGHT)[placeOf(run).color],
    dash: (run) => DASHES[placeOf(run).dash],
    assign,
    hash,
  };
})();
