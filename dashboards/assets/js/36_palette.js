/* Ctrl+K: pages, commands, runs and tags in one list. */
(function () {
  'use strict';
  const vk = window.vk;
  const MOST = 60;

  const escapeRegex = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

  function commands() {
    const { theme, playhead, groupBy } = vk.store.get();
    return [
      ...vk.router.pages.map(({ key, title }) => ({ kind: 'Page', text: title, run: () => vk.router.go(key) })),
      { kind: 'Do', text: playhead.mode === 'playing' ? 'Pause the replay' : 'Play from here', keys: 'Space', run: vk.playhead.toggle },
      { kind: 'Do', text: 'Follow live', keys: 'End', run: vk.playhead.follow },
      { kind: 'Do', text: 'Reset zoom', keys: '0', run: () => vk.store.set({ zoom: null }) },
      { kind: 'Do', text: 'Logarithmic y axes', keys: 'l', run: () => vk.store.set({ logY: !vk.store.get().logY }) },
      { kind: 'Do', text: `Theme: ${theme === 'dark' ? 'light' : 'dark'}`, run: () => vk.theme.set(theme === 'dark' ? 'light' : 'dark') },
      { kind: 'Do', text: 'Theme: as the system', run: () => vk.theme.set('auto') },
      { kind: 'Do', text: 'Select all runs', run: vk.selection.all },
      { kind: 'Do', text: 'Select no run', run: vk.selection.none },
      { kind: 'Do', text: 'Select the newest 10 runs', run: () => vk.selection.newest(10) },
      { kind: 'Do', text: 'Filter runs', keys: '/', run: vk.sidebar.find },
      { kind: 'Do', text: 'Group runs by…', run: vk.sidebar.group },
      ...(groupBy ? [{ kind: 'Do', text: 'Group runs no longer', run: () => vk.store.set({ groupBy: null }) }] : []),
      { kind: 'Do', text: 'Copy a link to this view', run: () => vk.copyText(location.origin + location.pathname + vk.url.search()) },
      { kind: 'Do', text: 'Keyboard shortcuts', keys: '?', run: () => vk.help.toggle() },
    ];
  }

  function runItems() {
    return vk.store.get().runs.map(({ run, status }) => ({ kind: 'Run', text: run, note: status, swatch: run, run: () => vk.selection.only(run) }));
  }

  function tagItems() {
    const tags = new Set();
    for (const run of vk.store.get().selected) for (const row of vk.tags.of(run) || []) tags.add(row.tag);
    return [...tags].sort().map((tag) => ({ kind: 'Tag', text: tag, run: () => showTag(tag) }));
  }

  function showTag(tag) {
    vk.store.set({ tagFilter: `^${escapeRegex(tag)}$` });
    vk.router.go('scalars');
  }

  /** Rank of a text for what was typed: words in any order; a start of a word counts most. */
  function rank(text, words) {
    const low = text.toLowerCase();
    let sum = 0;
    for (const word of words) {
      const at = low.indexOf(word);
      if (at < 0) return Infinity;
      const startsWord = at === 0 || /[^a-z0-9]/.test(low[at - 1]);
      sum += at / 100 + (startsWord ? 0 : 1);
    }
    return sum + low.length / 1000;
  }

  class Palette {
    constructor() {
      this.items = [...commands(), ...runItems(), ...tagItems()];
      this.input = vk.el('input', {
        class: 'vk-palette-input', placeholder: 'Go to a page, a run, a tag…', role: 'combobox', 'aria-label': 'Search pages, runs and tags',
        'aria-expanded': 'true', 'aria-controls': 'vk-palette-list', autocomplete: 'off', spellcheck: 'false',
        oninput: () => this.search(), onkeydown: (event) => this.key(event),
      });
      this.list = vk.el('div', { id: 'vk-palette-list', class: 'vk-palette-list', role: 'listbox', 'aria-label': 'Results' });
      this.dialog = vk.dialog([this.input, this.list], { label: 'Search', className: 'vk-palette', onClose: () => { open = null; } });
      this.search();
    }

    search() {
      const words = this.input.value.toLowerCase().split(/\s+/).filter(Boolean);
      const ranked = this.items.map((item) => [rank(item.text, words), item]).filter(([value]) => value < Infinity);
      if (words.length) ranked.sort((a, b) => a[0] - b[0]);
      this.found = ranked.slice(0, MOST).map(([, item]) => item);
      this.at = 0;
      this.options = this.found.map((item, i) => this.option(item, i));
      this.list.replaceChildren(...(this.options.length ? this.options : [vk.el('div', { class: 'vk-palette-none' }, 'Nothing found')]));
      this.mark();
    }

    option({ kind, text, note, keys, swatch }, i) {
      return vk.el('div', { role: 'option', id: `vk-option-${i}`, class: 'vk-option', onclick: () => this.choose(i), onpointermove: () => this.moveTo(i) },
        vk.el('span', { class: 'vk-option-kind' }, kind), swatch && vk.swatch(swatch), vk.el('span', { class: 'vk-option-text' }, text),
        note && vk.el('span', { class: 'vk-muted' }, note), keys && vk.el('kbd', null, keys));
    }

    key(event) {
      const move = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
      if (move) this.moveTo(Math.min(this.found.length - 1, Math.max(0, this.at + move)));
      else if (event.key === 'Enter') this.choose(this.at);
      else return;
      event.preventDefault();
    }

    moveTo(i) {
      if (i === this.at) return;
      this.at = i;
      this.mark();
      this.options[i].scrollIntoView({ block: 'nearest' });
    }

    mark() {
      this.options.forEach((option, i) => option.setAttribute('aria-selected', String(i === this.at)));
      this.input.setAttribute('aria-activedescendant', this.options.length ? `vk-option-${this.at}` : '');
    }

    choose(i) {
      const item = this.found[i];
      if (!item) return;
      this.dialog.close();
      item.run();
    }
  }

  let open = null;
  vk.palette = {
    open() {
      if (!open) open = new Palette();
    },
    toggle() {
      if (open) open.dialog.close();
      else open = new Palette();
    },
  };
})();
