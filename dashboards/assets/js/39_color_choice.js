/* The user's own colours of runs and groups: kept in this browser, and in the address while short. */
(function () {
  'use strict';
  const vk = window.vk;
  const KEY = 'vizkit-colors';
  const MOST = 500; // kept in the browser; the oldest go
  const LONG = 400; // characters in the address
  const HEX = /^#[0-9a-f]{6}$/i;

  function remembered() {
    try {
      return Object.fromEntries(Object.entries(JSON.parse(localStorage.getItem(KEY)) || {}).filter(([, color]) => HEX.test(color)));
    } catch (_) {
      return {}; // storage is off, or not ours
    }
  }

  function remember(colors) {
    try {
      localStorage.setItem(KEY, JSON.stringify(Object.fromEntries(Object.entries(colors).slice(-MOST))));
    } catch (_) { /* this tab only */ }
  }

  /** Give a run or group a colour of the user's; null takes it back. */
  function set(name, color) {
    const colors = { ...vk.store.get().colors };
    delete colors[name];
    if (color) colors[name] = color.toLowerCase();
    vk.store.set({ colors });
    remember(colors);
  }

  const binding = {
    params: ['colors'],
    read(query) {
      const given = (query.get('colors') || '').split(',').filter(Boolean).map((part) => {
        const at = part.lastIndexOf(':');
        return [decodeURIComponent(part.slice(0, at)), `#${part.slice(at + 1)}`];
      });
      vk.store.set({ colors: { ...remembered(), ...Object.fromEntries(given.filter(([, color]) => HEX.test(color))) } });
    },
    /** Those of what is shown; a colour of something else is of no use to who gets the link. */
    write(query) {
      const { colors, selected, groupBy } = vk.store.get();
      const isShown = (name) => selected.has(name) || (groupBy && (name === groupBy || name.startsWith(`${groupBy}=`)));
      const text = Object.entries(colors).filter(([name]) => isShown(name))
        .map(([name, color]) => `${name.replace(/[%,]/g, encodeURIComponent)}:${color.slice(1)}`).join(',');
      vk.url.put(query, 'colors', text.length <= LONG ? text : null);
    },
  };

  /** Open the choice beside `anchor`. `name` is a run or the key of a group, `now` its colour. */
  function choose(anchor, name, label, now) {
    const soon = vk.perFrame(() => set(name, input.value));
    const input = vk.el('input', { type: 'color', value: now, 'aria-label': `Any colour for ${label}`, oninput: soon });
    const done = (color) => {
      set(name, color);
      panel.close();
    };
    const swatch = (color, i) => vk.el('button', {
      type: 'button', class: 'vk-color', style: { background: color }, 'aria-label': `Colour ${i + 1}, ${color}`, title: color,
      'aria-pressed': String(color === now), onclick: () => done(color),
    });
    const panel = vk.popover(anchor, [
      vk.el('div', { class: 'vk-color-title', title: label }, label),
      vk.el('div', { class: 'vk-color-grid' }, vk.colors.palette().map(swatch)),
      vk.el('div', { class: 'vk-color-foot' }, vk.el('label', { class: 'vk-color-any' }, input, 'Any colour'),
        vk.el('button', { type: 'button', class: 'vk-link-button', disabled: !(name in vk.store.get().colors), onclick: () => done(null) }, 'Reset')),
    ], { label: `Colour of ${label}`, className: 'vk-color-choice' });
  }

  vk.colorChoice = { set, choose };
  vk.onStart(() => vk.url.add(['colors', 'selected', 'groupBy'], binding));
})();
