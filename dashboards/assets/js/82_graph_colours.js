/* Colour by: every overlay in its group; what the run has no data for is off, with the words that switch it on. */
(function (vk) {
  'use strict';

  const isKnown = (overlay, prefixes) => !overlay.prefix || prefixes.has(overlay.prefix);

  class ColourChoice {
    constructor() {
      this.options = new Map(
        Object.entries(vk.OVERLAYS).map(([key, { word }]) => [key, vk.el('option', { value: key, data: { word } }, word)]),
      );
      const groups = Object.entries(vk.OVERLAY_GROUPS).map(([group, label]) =>
        vk.el('optgroup', { label }, [...this.options].filter(([key]) => vk.OVERLAYS[key].group === group).map(([, option]) => option)),
      );
      this.select = vk.el(
        'select',
        { class: 'vk-input', 'aria-label': 'Colour by', onchange: () => vk.store.set({ overlay: this.select.value }) },
        groups,
      );
      this.hint = vk.el('button', { type: 'button', class: 'vk-link vk-graph-hint', hidden: true, onclick: () => this.copy() });
      this.el = vk.el('span', { class: 'vk-graph-colours' }, vk.el('label', { class: 'vk-labelled' }, 'colour by', this.select), this.hint);
    }

    /** Follow the store and the tags of `run`. */
    update(run) {
      const { overlay } = vk.store.get();
      this.select.value = overlay;
      const tags = run ? vk.tags.of(run) : null;
      if (!tags || (tags === this.tags && overlay === this.shown)) return;
      Object.assign(this, { tags, shown: overlay });
      const prefixes = new Set(tags.map(({ tag }) => tag.slice(0, tag.indexOf('/') + 1)));
      for (const [key, option] of this.options) {
        const known = vk.OVERLAYS[key];
        option.disabled = !isKnown(known, prefixes) && key !== overlay;
        option.textContent = isKnown(known, prefixes) ? known.word : `${known.word} (${known.isRare ? 'none seen' : 'not logged'})`;
      }
      this.show(vk.OVERLAYS[overlay], prefixes);
    }

    /** The first thing to switch on: of the chosen overlay, else of any that is off. */
    show(chosen, prefixes) {
      const off = [chosen, ...Object.values(vk.OVERLAYS)].find((overlay) => overlay.needs && !isKnown(overlay, prefixes));
      this.hint.hidden = !off;
      if (!off) return;
      this.line = `vizkit.watch(model, optimizer, ${off.needs})`;
      this.hint.textContent = `watch(\u2026, ${off.needs}) logs more`;
      this.hint.title = `Activations, times and memory are not logged in this run. Copy: ${this.line}`;
    }

    async copy() {
      await vk.copyText(this.line);
      vk.announce(`Copied ${this.line}`);
    }
  }
  vk.ColourChoice = ColourChoice;
})((window.vk = window.vk || {}));
