/* One section of the scalars page: a heading that folds it, and its cards, a page of them at a time.
   Cards become charts when they come near the view. Where there are many sections, one far from the
   view is an empty box of its height. */
(function () {
  'use strict';
  const vk = window.vk;
  const PER_PAGE = 24;
  const CARD = 292; // px, with the gap below
  const HEAD = 46;
  const NARROWEST = 372; // px of a card and the gap beside it

  /** Tell elements' `vkNear(isNear)` when they come within `margin` of the view, or leave it. */
  const watcher = (margin) => new IntersectionObserver(
    (entries) => entries.forEach(({ target, isIntersecting }) => target.vkNear && target.vkNear(isIntersecting)),
    { rootMargin: margin });
  const nearSections = watcher('1200px');
  const nearCards = watcher('400px');

  /** A card that is a chart once it has been near the view. */
  class Card {
    constructor({ tag, name }) {
      this.tag = tag;
      this.name = name;
      this.chart = null;
      this.el = vk.el('article', { class: 'vk-card vk-card-waiting', data: { vkTag: tag, title: name } });
      this.el.vkNear = (isNear) => isNear && this.build();
      nearCards.observe(this.el);
    }

    show(runs) {
      const key = runs.join('\u0000');
      if (key === this.key) return;
      this.key = key;
      this.series = runs.map((run) => ({ run, tag: this.tag }));
      if (this.chart) this.chart.setSeries(this.series);
    }

    build() {
      nearCards.unobserve(this.el);
      if (this.chart) return;
      this.el.classList.remove('vk-card-waiting');
      this.chart = new vk.Chart(this.el, { series: this.series, title: this.name, unit: vk.unitOf(this.tag), groups: true });
    }

    destroy() {
      nearCards.unobserve(this.el);
      if (this.chart) this.chart.destroy();
      this.el.remove();
    }
  }

  class Section {
    constructor(key) {
      this.key = key;
      this.page = 0;
      this.cards = new Map(); // tag -> Card
      this.el = vk.el('section', { class: 'vk-section', data: { vkSection: key } });
      this.el.vkNear = (isNear) => this.come(isNear);
    }

    /** Show a section of vk.tagGroups.group; `lazily` only while it is near the view. width: in px. */
    show(section, { lazily, width }) {
      this.isUnchanged = section === this.section;
      Object.assign(this, { section, width });
      if (lazily !== this.lazily) nearSections[lazily ? 'observe' : 'unobserve'](this.el);
      this.lazily = lazily;
      if (!lazily || this.isNear) this.fill();
      else this.empty();
    }

    come(isNear) {
      this.isNear = isNear;
      this.isUnchanged = true;
      if (isNear) this.fill();
      else if (this.lazily) this.empty();
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

    build() {
      this.count = vk.el('span', { class: 'vk-section-count' });
      this.title = vk.el('span', { class: 'vk-section-name' });
      this.button = vk.el('button', { type: 'button', class: 'vk-section-head', onclick: () => this.toggle() },
        vk.icon('chevron', 14), this.title, this.count);
      this.grid = vk.el('div', { class: 'vk-grid' });
      this.pager = vk.el('nav', { class: 'vk-pager', 'aria-label': `Pages of ${this.key}` });
      this.el.style.minHeight = '';
      this.height = null;
      this.el.replaceChildren(vk.el('h2', null, this.button), this.grid, this.pager);
    }

    fill() {
      if (!this.grid) this.build();
      const { tags, name } = this.section;
      const open = this.isOpen();
      const n = tags.length;
      this.title.textContent = name;
      this.count.textContent = `${vk.format.count(n)} ${n === 1 ? 'chart' : 'charts'}`;
      this.button.setAttribute('aria-expanded', String(open));
      this.grid.hidden = !open;
      const pages = Math.ceil(n / PER_PAGE);
      this.page = Math.min(this.page, pages - 1);
      this.showCards(open ? tags.slice(this.page * PER_PAGE, (this.page + 1) * PER_PAGE) : []);
      this.showPager(open ? pages : 0);
    }

    /** Keep nothing but the height. */
    empty() {
      const height = this.grid && this.isUnchanged ? this.el.offsetHeight : this.estimate();
      if (this.grid) this.el.replaceChildren();
      this.destroyCards();
      this.grid = null;
      if (this.height !== height) this.el.style.minHeight = `${height}px`;
      this.height = height;
    }

    estimate() {
      if (!this.isOpen()) return HEAD;
      const across = vk.store.get().columns || Math.max(1, Math.floor(this.width / NARROWEST));
      return HEAD + Math.ceil(Math.min(PER_PAGE, this.section.tags.length) / across) * CARD;
    }

    showCards(tags) {
      const wanted = new Set(tags.map(({ tag }) => tag));
      for (const [tag, card] of this.cards) {
        if (wanted.has(tag)) continue;
        card.destroy();
        this.cards.delete(tag);
      }
      tags.forEach((found, i) => {
        const { el } = this.card(found);
        if (this.grid.children[i] !== el) this.grid.insertBefore(el, this.grid.children[i] || null);
      });
    }

    card(found) {
      if (!this.cards.has(found.tag)) this.cards.set(found.tag, new Card(found));
      const card = this.cards.get(found.tag);
      card.show(found.runs);
      return card;
    }

    showPager(pages) {
      this.pager.hidden = pages < 2;
      if (pages < 2) return;
      const go = (page) => () => {
        this.page = page;
        this.fill();
        this.el.scrollIntoView({ block: 'start' });
      };
      const from = this.page * PER_PAGE;
      const to = Math.min(from + PER_PAGE, this.section.tags.length);
      this.pager.replaceChildren(
        vk.iconButton('stepBack', 'Previous charts', go(this.page - 1), { disabled: this.page === 0 }),
        vk.el('span', { class: 'vk-muted' }, `${from + 1}–${to} of ${vk.format.count(this.section.tags.length)}`),
        vk.iconButton('stepForward', 'Next charts', go(this.page + 1), { disabled: this.page === pages - 1 }));
    }

    destroyCards() {
      for (const card of this.cards.values()) card.destroy();
      this.cards.clear();
    }

    destroy() {
      nearSections.unobserve(this.el);
      this.destroyCards();
      this.el.remove();
    }
  }

  vk.Section = Section;
  vk.Section.PER_PAGE = PER_PAGE;
})();
