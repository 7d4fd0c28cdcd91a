/* The parts of the graph page and where they stand. */
(function (vk) {
  'use strict';

  class GraphParts {
    /** `page` is what the parts tell what the user does. */
    constructor(page) {
      this.page = page;
      this.els = [this.head(), this.message(), this.over(), this.body()];
    }

    destroy() {
      this.canvas.destroy();
      this.tree.destroy();
      this.strip.destroy();
    }

    head() {
      this.picker = new vk.RunPicker();
      this.pickers = new vk.GraphPickers();
      this.colours = new vk.ColourChoice();
      return vk.el(
        'header',
        { class: 'vk-page-head vk-graph-head' },
        vk.el('h1', {}, 'Graph'),
        this.picker.el,
        this.pickers.viewBox,
        this.pickers.againstBox,
        this.colours.el,
      );
    }

    message() {
      this.empty = vk.el('div', { class: 'vk-page-empty' });
      return this.empty;
    }

    /** What stands over the drawing: when each version ran, and what differs. */
    over() {
      this.strip = new vk.VersionStrip();
      this.changes = new vk.GraphChanges({
        mark: (ids) => this.page.markAll(ids),
        compare: () => vk.store.set({ graphAgainst: 'previous' }),
      });
      this.legend = vk.el('div', { class: 'vk-graph-legend' });
      const row = vk.el('div', { class: 'vk-graph-said' }, this.changes.el, this.legend);
      this.top = vk.el('div', { class: 'vk-graph-over' }, this.strip.el, row);
      return this.top;
    }

    body() {
      const side = vk.el('nav', { class: 'vk-card vk-graph-side', 'aria-label': 'Nodes' });
      const stage = vk.el('div', { class: 'vk-card vk-graph-stage' });
      const details = vk.el('aside', { class: 'vk-card vk-graph-details', 'aria-label': 'Details of the node' });
      const select = (id) => this.page.goTo(id);
      this.tree = new vk.GraphTree(side, { select: (id) => this.page.select(id), toggle: (id) => this.page.toggle(id), search: (text, move) => this.page.search(text, move) });
      side.querySelector('.vk-tree-search').append(this.openers());
      this.canvas = new vk.GraphCanvas(stage, { select: (id) => this.page.select(id), toggle: (id) => this.page.toggle(id), hover: () => {} });
      this.details = new vk.GraphDetails(details, { toggle: (id) => this.page.toggle(id), mark: (ids) => this.page.markAll(ids) });
      this.crumbs = new vk.GraphCrumbs(select);
      this.skeleton = vk.el('div', { class: 'vk-skeleton vk-skeleton-graph', 'aria-hidden': 'true' });
      stage.append(this.skeleton, this.crumbs.el, this.noteList());
      this.main = vk.el('div', { class: 'vk-graph-body' }, side, stage, details);
      return this.main;
    }

    /** Two small buttons beside the search. */
    openers() {
      const button = (word, label, act) =>
        vk.el('button', { type: 'button', class: 'vk-icon-button', title: label, 'aria-label': label, onclick: act }, word);
      return vk.el(
        'span',
        { class: 'vk-tree-openers' },
        button('\u229e', 'Expand: open one more level', () => this.page.expand()),
        button('\u229f', 'Collapse: close all', () => this.page.collapse()),
      );
    }

    /** What could not be seen, one line until it is opened. */
    noteList() {
      this.notes = vk.el('ul', { class: 'vk-graph-notes', 'aria-label': 'Notes' });
      this.summary = vk.el('summary', {});
      this.notesBox = vk.el('details', { class: 'vk-graph-notes-box', hidden: true }, this.summary, this.notes);
      return this.notesBox;
    }

    showNotes(notes) {
      this.notes.replaceChildren(...notes.map((note) => vk.el('li', {}, note)));
      this.notesBox.hidden = !notes.length;
      this.summary.textContent = notes.length === 1 ? 'One note on what is shown' : `${notes.length} notes on what is shown`;
    }

    setShown(isShown) {
      for (const el of [this.main, this.top, this.colours.el]) el.hidden = !isShown;
      if (!isShown) this.pickers.viewBox.hidden = this.pickers.againstBox.hidden = true;
      if (!isShown) return;
      this.skeleton.hidden = true;
      vk.unteach(this.empty);
    }
  }
  vk.GraphParts = GraphParts;
})((window.vk = window.vk || {}));
