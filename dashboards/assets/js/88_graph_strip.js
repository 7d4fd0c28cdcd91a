/* The version strip: which structure ran when, how often each, and what was not looked at. A click goes there. */
(function (vk) {
  'use strict';

  const HEIGHT = 16;
  const exact = (n) => vk.format.exact(n);
  const plural = (n, noun) => `${exact(n)} ${noun}${n === 1 ? '' : 's'}`;

  function percent(part, whole) {
    const share = whole ? (100 * part) / whole : 0;
    return share > 0 && share < 0.5 ? '<1 %' : share > 99.5 && share < 100 ? '>99 %' : `${Math.round(share)} %`;
  }

  class VersionStrip {
    constructor() {
      this.words = vk.el('p', { class: 'vk-strip-words' });
      this.canvas = vk.el('canvas', { class: 'vk-strip-canvas', 'aria-hidden': 'true' });
      this.cursor = vk.el('i', { class: 'vk-strip-cursor', 'aria-hidden': 'true' });
      this.bar = vk.el('div', { class: 'vk-strip-bar', onclick: (event) => this.click(event), onpointermove: (event) => this.hover(event) }, this.canvas, this.cursor);
      this.chips = vk.el('div', { class: 'vk-strip-chips', role: 'group', 'aria-label': 'Versions of the graph' });
      this.chips.addEventListener('keydown', (event) => this.key(event));
      this.el = vk.el('section', { class: 'vk-card vk-graph-strip', 'aria-label': 'Versions of the graph over steps', hidden: true }, this.words, this.bar, this.chips);
      this.resizes = new ResizeObserver(() => this.paint());
      this.resizes.observe(this.bar);
    }

    destroy() {
      this.resizes.disconnect();
    }

    /** `list` as /api/v1/graphs answers, of a run whose steps go from first_step to last_step. */
    show(list, record, playhead) {
      this.el.hidden = !list.versions.length;
      if (this.el.hidden) return;
      Object.assign(this, { list, playhead, first: Math.min(record.first_step ?? 0, list.turns.step[0] ?? 0), end: (record.last_step ?? 0) + 1 });
      this.say();
      this.showChips();
      this.paint();
    }

    // -- in words

    total() {
      return this.list.versions.reduce((sum, version) => sum + version.count, 0) + this.list.unseen;
    }

    describe(version) {
      const { first_step: first, last_step: last, topologies, count } = version;
      const steps = first === last ? `step ${exact(first)}` : `steps ${exact(first)} to ${exact(last)}`;
      const back = vk.turnsOf(this.list.turns, version.version);
      return [
        steps,
        `ran in ${exact(count)} (${percent(count, this.total())})`,
        back > 1 && this.list.exact ? `came up ${exact(back)} times` : '',
        topologies > 1 ? `${exact(topologies)} loop lengths` : '',
      ].filter(Boolean);
    }

    say() {
      const { list } = this;
      const current = list.versions.find(({ version }) => version === list.current);
      const parts = current ? this.describe(current) : ['nothing was recorded up to here'];
      const title = current ? `version ${current.version} of ${list.versions.length}` : 'no version yet';
      const total = Math.max(this.total(), list.unseen);
      const unseen = list.unseen ? `${exact(list.unseen)} of ${plural(total, 'step')} ${list.unseen === 1 ? 'was' : 'were'} not looked at, to save time` : '';
      this.words.replaceChildren(
        vk.el('strong', {}, title),
        ...parts.map((part) => vk.el('span', {}, part)),
        unseen ? vk.el('span', { class: 'vk-strip-unseen' }, vk.el('i', { class: 'vk-strip-swatch', style: { background: vk.versionBackground(0) } }), unseen) : '',
        list.exact ? '' : vk.el('span', { class: 'vk-muted', title: 'More changes than the strip has room for, or recorded without the single turns' }, 'drawn by shares'),
      );
    }

    // -- the bar

    paint() {
      const width = Math.floor(this.bar.clientWidth);
      if (!this.list || this.el.hidden || !width) return;
      const stop = Math.min(this.end, this.playhead + 1);
      const columns = vk.turnColumns(this.list.turns, this.first, this.end, width);
      const known = Math.ceil(((stop - this.first) / Math.max(1, this.end - this.first)) * width);
      columns.slice(known).forEach((column) => column.clear());
      vk.paintTurns(this.canvas, columns, HEIGHT);
      this.columns = columns;
      this.cursor.style.left = `${(100 * (this.playhead - this.first + 0.5)) / Math.max(1, this.end - this.first)}%`;
      Object.assign(this.el.dataset, { vkVersions: this.list.versions.length, vkVersion: this.list.current ?? '', vkColumns: width });
    }

    place(event) {
      const box = this.bar.getBoundingClientRect();
      const share = Math.min(0.999999, Math.max(0, (event.clientX - box.left) / box.width));
      const column = this.columns && this.columns[Math.floor(share * this.columns.length)];
      return { step: Math.floor(this.first + share * (this.end - this.first)), column: column || new Map() };
    }

    click(event) {
      const { step, column } = this.place(event);
      const rarest = [...column].filter(([version]) => version > 0).sort((a, b) => a[1] - b[1])[0];
      vk.playhead.set(rarest ? vk.stepOfVersion(this.list.turns, rarest[0], step) : step);
    }

    hover(event) {
      const { step, column } = this.place(event);
      const names = [...column.keys()].map((version) => (version > 0 ? `version ${version}` : version === 0 ? 'not looked at' : 'a mixture of known parts'));
      this.bar.title = `step ${exact(step)}: ${names.join(', ') || 'not known yet'}`;
    }

    // -- the versions as buttons

    showChips() {
      const { versions, current } = this.list;
      const key = JSON.stringify([versions.map((version) => [version.version, version.count]), current, vk.store.get().theme]);
      if (key === this.chipKey) return;
      this.chipKey = key;
      const focused = this.chips.contains(document.activeElement) ? document.activeElement.dataset.version : null;
      this.chips.replaceChildren(...versions.map((version) => this.chip(version)));
      const back = focused && this.chips.querySelector(`[data-version="${focused}"]`);
      if (back) back.focus({ preventScroll: true });
      const chosen = this.chips.querySelector('[aria-pressed=true]');
      if (chosen) chosen.parentNode.scrollLeft = Math.max(0, chosen.offsetLeft - chosen.parentNode.clientWidth / 2);
    }

    chip(version) {
      const isCurrent = version.version === this.list.current;
      const about = this.describe(version).join(', ');
      return vk.el(
        'button',
        {
          type: 'button',
          class: 'vk-strip-chip',
          data: { version: version.version },
          'aria-pressed': String(isCurrent),
          tabindex: isCurrent || (this.list.current === null && version.version === 1) ? 0 : -1,
          'aria-label': `Version ${version.version}: ${about}. Go to step ${exact(version.first_step)}`,
          title: [about, ...version.changes].join('\n'),
          onclick: () => vk.playhead.set(version.first_step),
        },
        vk.el('i', { class: 'vk-strip-swatch', style: { background: vk.versionBackground(version.version) } }),
        vk.el('strong', {}, `v${version.version}`),
        percent(version.count, this.total()),
      );
    }

    key(event) {
      const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      const chips = [...this.chips.children];
      const at = chips.indexOf(document.activeElement);
      if (!move || at < 0) return;
      event.preventDefault();
      event.stopPropagation();
      chips[(at + move + chips.length) % chips.length].focus();
    }
  }
  vk.VersionStrip = VersionStrip;
})((window.vk = window.vk || {}));
