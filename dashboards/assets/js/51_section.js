/* One section of the scalars page: a heading that folds it, and its cards, a page of them at a time. */
(function () {
  'use strict';
  const vk = window.vk;
  const PER_PAGE = 24;

  class Section {
    constructor(key) {
      this.key = key;
      this.page = 0;
      this.charts = new Map(); // tag -> {el, chart}
      this.count = vk.el('span', { class: 'vk-section-count' });
      this.title = vk.el('span', { class: 'vk-section-name' });
      this.button = vk.el('button', { type: 'button', class: 'vk-section-head', onclick: () => this.toggle() },
        vk.icon('chevron', 14), this.title, this.count);
      this.grid = vk.el('div', { class: 'vk-grid' });
      this.pager = vk.el('nav', { class: 'vk-pager', 'aria-label': `Pages of ${key}` });
      this.el = vk.el('section', { class: 'vk-section', data: { vkSection: key } }, vk.el('h2', null, this.button), this.grid, this.pager);
    }

    /** Sections are open unless they hold one chart per parameter; a search opens all. */
    isOpen() {
      const { opened, closed, tagFilter } = vk.store.get();
      if (closed.has(this.key)) return false;
      return opened.has(this.key) || !this.section.vector || Boolean(tagFilter);
    }

    toggle() {
      const open = !this.isOpen();
      const state = vk.store.get();
      const opened = new Set(state.opened);
      const closed = new Set(state.closed);
      (open ? opened : closed).add(this.key);
      (open ? closed : opened).delete(this.key);
      if (open && !this.section.vector) opened.delete(this.key); // as it would be unasked
      if (!open && this.section.vector) closed.delete(this.key);
      vk.store.set({ opened, closed });
    }

    show(section) {
      this.section = section;
      const open = this.isOpen();
      const n = section.tags.length;
      this.title.textContent = section.name;
      this.count.textContent = `${vk.format.count(n)} ${n === 1 ? 'chart' : 'charts'}`;
      this.button.setAttribute('aria-expanded', String(open));
      this.grid.hidden = !open;
      const pages = Math.ceil(n / PER_PAGE);
      this.page = Math.min(this.page, pages - 1);
      this.showCards(open ? section.tags.slice(this.page * PER_PAGE, (this.page + 1) * PER_PAGE) : []);
      this.showPager(open ? pages : 0);
    }

    showCards(tags) {
      const wanted = new Set(tags.map(({ tag }) => tag));
      for (const [tag, { el, chart }] of this.charts) {
        if (wanted.has(tag)) continue;
        chart.destroy();
        el.remove();
        this.charts.delete(tag);
      }
      tags.forEach((card, i) => {
        const { el } = this.card(card);
        if (this.grid.children[i] !== el) this.grid.insertBefore(el, this.grid.children[i] || null);
      });
    }

    card({ tag, name, runs }) {
      const series = runs.map((run) => ({ run, tag }));
      const known = this.charts.get(tag);
      if (known) {
        const key = runs.join('\u0000');
        if (known.key !== key) known.chart.setSeries(series);
        known.key = key;
        return known;
      }
      const el = vk.el('article', { data: { vkTag: tag } });
      const chart = new vk.Chart(el, { series, title: name, unit: vk.unitOf(tag) });
      const made = { el, chart, key: runs.join('\u0000') };
      this.charts.set(tag, made);
      return made;
    }

    showPager(pages) {
      this.pager.hidden = pages < 2;
      if (pages < 2) return;
      const go = (page) => () => {
        this.page = page;
        this.show(this.section);
        this.el.scrollIntoView({ block: 'start' });
      };
      const from = this.page * PER_PAGE;
      const to = Math.min(from + PER_PAGE, this.section.tags.length);
      this.pager.replaceChildren(
        vk.iconButton('stepBack', 'Previous charts', go(this.page - 1), { disabled: this.page === 0 }),
        vk.el('span', { class: 'vk-muted' }, `${from + 1}–${to} of ${vk.format.count(this.section.tags.length)}`),
        vk.iconButton('stepForward', 'Next charts', go(this.page + 1), { disabled: this.page === pages - 1 }));
    }

    destroy() {
      for (const { chart } of this.charts.values()) chart.destroy();
      this.el.remove();
    }
  }

  vk.Section = Section;
})();
