/* Colour by: every overlay in its group; what the run has no data for is off, with the words that switch it on. */
(function (vk) {
  'use strict';

  const isKnown = (overlay, prefixes) => !overlay.prefix || prefixes.has(overlay.prefix);

  /** The tags of a run, null while they are unknown; a graph out of a file has none. */
  vk.graphTags = function (run) {
    const record = run && vk.runs.byName(run);
    return (run && vk.tags.of(run)) || (record && record.n_tags === 0 ? [] : null);
  };

  class ColourChoice {
    constructor() {
      this.options = new Map(
        Object.entries(vk.OVERLAYS).map(([key, { word }]) => [key, vk.el('option', { value: key, data: { word } }, word)]),
      );
      this.groups = Object.entries(vk.OVERLAY_GROUPS).map(([group, label]) =>
        vk.el('optgroup', { label, data: { group } }, [...this.options].filter(([key]) => vk.OVERLAYS[key].group === group).map(([, option]) => option)),
      );
      this.select = vk.el(
        'select',
        { class: 'vk-input', 'aria-label': 'Colour by', onchange: () => vk.store.set({ overlay: this.select.value }) },
        this.groups,
      );
      this.el = vk.el('label', { class: 'vk-labelled' }, 'colour by', this.select);
    }

    /** Follow the store and the tags of `run`. */
    update(run) {
      const tags = vk.graphTags(run);
      const overlay = vk.overlayOf(vk.store.get().overlay, tags);
      this.select.value = overlay;
      if (!tags || (tags === this.tags && tags.length && overlay === this.shown)) return;
      Object.assign(this, { tags, shown: overlay });
      const prefixes = new Set(tags.map(({ tag }) => tag.slice(0, tag.indexOf('/') + 1)));
      for (const [key, option] of this.options) {
        const known = vk.OVERLAYS[key];
        option.disabled = !isKnown(known, prefixes) && key !== overlay;
        option.textContent = isKnown(known, prefixes) ? known.word : `${known.word} (${known.isRare ? 'none seen' : 'not logged'})`;
      }
      this.groups.forEach((group) => this.name(group, prefixes));
    }

    /** A group that the run logged nothing of says what switches it on. */
    name(element, prefixes) {
      const { group } = element.dataset;
      const members = Object.values(vk.OVERLAYS).filter((overlay) => overlay.group === group);
      const { needs } = members.find((overlay) => overlay.needs) || {};
      const isOff = needs && !members.some((overlay) => isKnown(overlay, prefixes));
      element.label = vk.OVERLAY_GROUPS[group] + (isOff ? `: pass ${needs} to vizkit.watch` : '');
    }
  }
  vk.ColourChoice = ColourChoice;
})((window.vk = window.vk || {}));
