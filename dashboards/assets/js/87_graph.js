/* Graph: the watched model, coloured by what happens in it at the playhead. */
(function (vk) {
  'use strict';

  const PAGE = 'graph';
  const MOST_BOXES = 40;
  const LIVE_MS = 200;

  class Graph {
    constructor(root) {
      this.root = root;
      this.selected = null;
      this.matches = null;
      root.classList.add('vk-page-body', 'vk-graph-page');
      root.append(this.head(), this.message(), this.body());
      this.load = vk.paced(LIVE_MS, () => this.fetch());
      this.offs = [
        vk.whileShown(PAGE, ['runs', 'runsLoaded', 'selected', 'focusRun', 'until', 'overlay'], () => this.sync()),
        vk.store.on(['theme'], () => this.model && this.recolor()),
      ];
    }

    destroy() {
      this.offs.forEach((off) => off());
      this.load.stop();
      this.canvas.destroy();
    }

    // -- the parts of the page

    head() {
      const options = Object.entries(vk.OVERLAYS).map(([key, { word }]) => vk.el('option', { value: key }, word));
      this.overlaySelect = vk.el(
        'select',
        { class: 'vk-input', 'aria-label': 'Colour by', onchange: () => vk.store.set({ overlay: this.overlaySelect.value }) },
        ...options,
      );
      this.picker = new vk.RunPicker();
      this.legend = vk.el('div', { class: 'vk-graph-legend' });
      const button = (word, act) => vk.el('button', { type: 'button', class: 'vk-button', onclick: act }, word);
      this.openButtons = vk.el(
        'span',
        { class: 'vk-button-row' },
        button('Expand', () => this.expand()),
        button('Collapse', () => this.collapse()),
      );
      return vk.el(
        'header',
        { class: 'vk-page-head' },
        vk.el('h1', {}, 'Graph'),
        this.picker.el,
        vk.el('label', { class: 'vk-labelled' }, 'colour by', this.overlaySelect),
        this.openButtons,
        this.legend,
      );
    }

    message() {
      this.empty = vk.el('div', { class: 'vk-page-empty' });
      return this.empty;
    }

    body() {
      const side = vk.el('nav', { class: 'vk-card vk-graph-side', 'aria-label': 'Modules' });
      const stage = vk.el('div', { class: 'vk-card vk-graph-stage' });
      const details = vk.el('aside', { class: 'vk-card vk-graph-details', 'aria-label': 'Details of the module' });
      this.notes = vk.el('ul', { class: 'vk-graph-notes', 'aria-label': 'Notes' });
      this.tree = new vk.GraphTree(side, {
        select: (id) => this.select(id),
        toggle: (id) => this.toggle(id),
        search: (text, jump) => this.search(text, jump),
      });
      this.canvas = new vk.GraphCanvas(stage, { select: (id) => this.select(id), toggle: (id) => this.toggle(id) });
      this.details = new vk.GraphDetails(details, (id) => this.toggle(id));
      this.skeleton = vk.el('div', { class: 'vk-skeleton vk-skeleton-graph', 'aria-hidden': 'true' });
      stage.append(this.skeleton, this.notes);
      this.main = vk.el('div', { class: 'vk-graph-body' }, side, stage, details);
      return this.main;
    }

    // -- following the store

    sync() {
      const { focusRun, runs, runsLoaded, until, overlay } = vk.store.get();
      this.picker.update();
      this.overlaySelect.value = overlay;
      if (!runsLoaded) return;
      if (!focusRun) return this.showNothing(runs.length ? 'selection' : 'runs');
      const record = vk.runs.byName(focusRun);
      const question = JSON.stringify([focusRun, overlay, until, until === null ? [record.points, record.last_step] : null]);
      if (question === this.question) return;
      this.question = question;
      this.load();
    }

    showNothing(why) {
      this.question = null;
      vk.teach(this.empty, why);
      this.setShown(false);
      Object.assign(this.root.dataset, { vkNodes: 0, vkReady: '1' });
    }

    setShown(isShown) {
      this.main.hidden = this.legend.hidden = this.openButtons.hidden = !isShown;
      if (isShown) vk.unteach(this.empty);
    }

    async fetch() {
      const run = vk.store.get().focusRun;
      const record = run && vk.runs.byName(run);
      if (!record) return;
      const { prefix } = vk.OVERLAYS[vk.store.get().overlay];
      const { until } = vk.store.get();
      try {
        const [graph, at] = await Promise.all([
          vk.api.json('graph', vk.asOf({ run })),
          prefix ? vk.api.json('at', vk.asOf({ run, prefix: prefix.slice(0, -1) })) : {},
        ]);
        if (run !== vk.store.get().focusRun) return this.load();
        if (!graph || !graph.nodes || !graph.nodes.length) return this.showNothing('graph');
        this.show(run, graph, at);
        Object.assign(this.root.dataset, {
          vkUntil: until ?? '',
          vkLastStep: Math.min(until ?? Infinity, record.last_step),
          vkRun: run,
          vkReady: '1',
        });
        await this.details.draw(this.selectedNode(), record);
      } catch (error) {
        if (error.status === 404) return this.showNothing('graph');
        this.setShown(false);
        vk.showError(this.empty, error);
      }
    }

    /** A changed structure is laid out; values only recolour. */
    show(run, graph, at) {
      this.setShown(true);
      this.skeleton.hidden = true;
      this.at = at;
      const structure = `${run}\n${JSON.stringify(graph)}`;
      if (structure !== this.structure) {
        this.structure = structure;
        this.model = vk.graphModel(graph);
        this.open = vk.openAtFirst(this.model.root, MOST_BOXES);
        this.selected = this.model.byId.has(this.selected) ? this.selected : null;
        this.notes.replaceChildren(...this.model.notes.map((note) => vk.el('li', {}, note)));
        this.layOut();
      }
      this.recolor();
    }

    layOut(anchor = null) {
      this.canvas.show(this.model, this.open, anchor);
      this.tree.show(this.model, this.open);
      const { vkNodes, vkLayouts } = this.canvas.el.dataset;
      Object.assign(this.root.dataset, { vkNodes, vkLayouts });
      this.mark();
    }

    recolor() {
      this.overlay = new vk.GraphOverlay(vk.store.get().overlay, this.model, this.at);
      this.canvas.color(this.overlay);
      this.tree.color(this.overlay);
      this.legend.replaceChildren(this.overlay.legend());
      this.root.dataset.vkColored = this.overlay.colored();
      this.showDetails();
    }

    // -- what the user does

    selectedNode() {
      return this.selected === null || !this.model ? null : this.model.byId.get(this.selected);
    }

    mark() {
      this.tree.mark(this);
      this.canvas.mark(this);
    }

    showDetails() {
      this.details.show(this.selectedNode(), vk.store.get().focusRun, this.overlay);
    }

    select(id) {
      this.selected = id;
      this.mark();
      this.canvas.reveal(id);
      this.showDetails();
      const record = vk.runs.byName(vk.store.get().focusRun);
      if (record) this.details.draw(this.selectedNode(), record).catch(() => {});
    }

    toggle(id) {
      if (!this.open.delete(id)) this.open.add(id);
      this.layOut(id);
      this.recolor();
    }

    expand() {
      const closed = [...this.model.byId.values()].filter((node) => node.children.length && !this.open.has(node.id));
      const depth = Math.min(...closed.map((node) => node.depth));
      closed.filter((node) => node.depth === depth).forEach((node) => this.open.add(node.id));
      this.layOut();
      this.recolor();
    }

    collapse() {
      this.open = new Set(['']);
      this.layOut();
      this.recolor();
    }

    /** Mark every module whose path or type holds `text`; Enter jumps from one to the next. */
    search(text, jump) {
      const wanted = text.trim().toLowerCase();
      const found = [...this.model.byId.values()].filter(
        (node) => !node.isStack && wanted && `${node.path} ${node.op}`.toLowerCase().includes(wanted),
      );
      this.matches = wanted ? new Set(found.map((node) => node.id)) : null;
      if (!jump || !found.length) return this.mark();
      const next = found[(found.findIndex((node) => node.id === this.selected) + 1) % found.length];
      this.openTo(next);
      this.select(next.id);
    }

    openTo(node) {
      const closed = [];
      for (let at = node.parent; at; at = at.parent) if (!this.open.has(at.id)) closed.push(at.id);
      if (!closed.length) return;
      closed.forEach((id) => this.open.add(id));
      this.layOut();
      this.recolor();
    }
  }

  vk.onStart(() =>
    vk.url.bind(
      'overlay',
      'overlay',
      { parse: (text) => (vk.OVERLAYS[text] ? text : 'grad_norm'), format: (value) => value },
      'grad_norm',
    ),
  );
  vk.register('Graph', Graph);
})((window.vk = window.vk || {}));
