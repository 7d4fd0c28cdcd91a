/* Graph: what really ran, or would run, coloured by what happens in it at the playhead. */
(function (vk) {
  'use strict';

  const PAGE = 'graph';
  const MOST_BOXES = 40;
  const MOST_CIRCUIT = 64;
  const LIVE_MS = 150;
  const KEYS = ['runs', 'runsLoaded', 'selected', 'focusRun', 'until', 'overlay', 'graphView', 'graphAgainst'];

  class Graph {
    constructor(root) {
      Object.assign(this, { root, selected: null, matches: null, findings: [], pins: new Map(), source: new vk.GraphSource(), news: new vk.GraphNews() });
      root.classList.add('vk-page-body', 'vk-graph-page');
      this.parts = new vk.GraphParts(this);
      root.append(...this.parts.els);
      this.load = vk.paced(LIVE_MS, () => this.fetch());
      this.offs = [
        vk.whileShown(PAGE, KEYS, () => this.sync()),
        vk.store.on(['theme'], () => this.model && this.recolor()),
        vk.store.on(['graphNode'], () => this.follow()),
        vk.tags.onChange(() => this.learn()),
      ];
    }

    destroy() {
      this.offs.forEach((off) => off());
      this.load.stop();
      this.parts.destroy();
    }

    // -- following the store

    sync() {
      const { focusRun, runs, runsLoaded, until, overlay, graphView, graphAgainst } = vk.store.get();
      this.parts.picker.update();
      if (!runsLoaded) return;
      if (!focusRun) return this.showNothing(runs.length ? 'selection' : 'runs');
      if (!vk.tags.of(focusRun)) vk.tags.load(focusRun);
      this.parts.colours.update(focusRun);
      const record = vk.runs.byName(focusRun);
      const live = until === null ? [record.points, record.last_step] : null;
      const question = JSON.stringify([focusRun, overlay, until, graphView, graphAgainst, live]);
      if (question === this.question) return undefined;
      this.question = question;
      return this.load();
    }

    /** The tags came: they tell which colours and which values of nodes there are. */
    learn() {
      const { focusRun, page } = vk.store.get();
      this.parts.colours.update(focusRun);
      if (this.tagged === focusRun || !vk.tags.of(focusRun) || page !== PAGE) return;
      this.tagged = focusRun;
      this.question = null;
      this.sync();
    }

    showNothing(why) {
      this.question = null;
      vk.teach(this.parts.empty, why);
      this.parts.setShown(false);
      Object.assign(this.root.dataset, { vkNodes: 0, vkReady: '1' });
    }

    async fetch() {
      const { focusRun: run, graphView: view, graphAgainst: against } = vk.store.get();
      const record = run && vk.runs.byName(run);
      if (!record) return;
      const overlay = vk.overlayOf(vk.store.get().overlay, vk.tags.of(run));
      try {
        const read = await this.source.read({ run, view, against, overlay });
        if (run !== vk.store.get().focusRun) return this.load();
        if (!read.doc || (!read.shown.form && !read.doc.nodes.length)) return this.showNothing('graph');
        await this.show(run, record, { ...read, overlay });
      } catch (error) {
        if (error.status === 404) return this.showNothing('graph');
        this.parts.setShown(false);
        vk.showError(this.parts.empty, error);
      }
    }

    /** A changed structure is laid out; values only recolour. */
    async show(run, record, { list, shown, doc, at, findings, values, overlay }) {
      const { until } = vk.store.get();
      Object.assign(this, { run, record, list, shown, doc, at, findings, values, colour: overlay, playhead: until ?? record.last_step ?? 0 });
      this.parts.setShown(true);
      this.parts.pickers.update(list, shown);
      const structure = `${run}\n${shown.key}`;
      if (structure !== this.structure) {
        this.structure = structure;
        this.takeModel(vk.graphModel(doc));
        await this.layOut();
      }
      this.pins = vk.graphPins(this.model, findings);
      this.parts.strip.show({ ...list, versions: shown.tag ? [] : list.versions }, record, this.playhead);
      this.recolor();
      this.tell();
      this.news.hear(this, until === null);
      await this.parts.details.draw(record, this.overlay);
    }

    takeModel(model) {
      this.model = model;
      this.open = vk.graphAddress.openIn(model, vk.openAtFirst(model.root, MOST_BOXES));
      const { graphNode } = vk.store.get();
      this.selected = graphNode !== null && model.byId.has(graphNode) ? graphNode : null;
      if (this.selected !== null) vk.graphLine(model.byId.get(this.selected)).slice(0, -1).forEach(({ id }) => this.open.add(id));
      this.matches = null;
      this.parts.showNotes(model.notes);
    }

    async layOut(anchor = null) {
      this.parts.tree.show(this.model, this.open);
      await this.parts.canvas.show(this.model, this.open, anchor);
      const { vkNodes, vkLayouts } = this.parts.canvas.el.dataset;
      Object.assign(this.root.dataset, { vkNodes, vkLayouts });
      this.mark();
      this.parts.changes.show(vk.graphDifference(this));
    }

    recolor() {
      this.overlay = new vk.GraphOverlay(this.colour, this.model, this.at);
      this.parts.canvas.color(this.overlay);
      this.parts.tree.color(this.overlay);
      this.parts.legend.replaceChildren(this.overlay.legend(this.playhead));
      const isTiny = this.values && this.model.byId.size <= MOST_CIRCUIT;
      if (this.parts.canvas.annotate) this.parts.canvas.annotate(isTiny ? this.values : null);
      this.root.dataset.vkColored = this.overlay.colored();
      this.mark();
      this.showDetails();
    }

    /** Say what is shown, for who looks at the page from outside. */
    tell() {
      const { shown, record } = this;
      this.parts.changes.show(vk.graphDifference(this));
      Object.assign(this.root.dataset, {
        vkUntil: vk.untilText(),
        vkLastStep: Math.min(this.playhead, record.last_step ?? 0),
        vkRun: this.run,
        vkView: shown.view,
        vkVersion: shown.version ?? '',
        vkAgainst: shown.rivalName || '',
        vkPins: this.pins.size,
        vkReady: '1',
      });
    }

    // -- what the user does

    get canvas() {
      return this.parts.canvas;
    }

    selectedNode() {
      return this.selected === null || !this.model ? null : this.model.byId.get(this.selected) || null;
    }

    mark() {
      const { selected, matches, pins } = this;
      this.parts.tree.mark({ selected, matches });
      this.parts.canvas.mark({ selected, matches, pins });
      this.parts.crumbs.show(this.selectedNode());
    }

    showDetails() {
      const node = this.selectedNode();
      this.parts.details.show(node, this.run, this.overlay, node ? vk.findingsIn(node, this.pins) : []);
    }

    select(id) {
      this.selected = id;
      vk.store.set({ graphNode: id });
      this.mark();
      if (id !== null) this.parts.canvas.reveal(id);
      this.showDetails();
      if (this.record) this.parts.details.draw(this.record, this.overlay).catch(() => {});
    }

    /** Another part of the page, or the address, names a node. */
    follow() {
      const { graphNode } = vk.store.get();
      if (this.model && graphNode !== this.selected && (graphNode === null || this.model.byId.has(graphNode))) this.goTo(graphNode);
    }

    async goTo(id) {
      if (id !== null) await this.openTo([this.model.byId.get(id)]);
      this.select(id);
    }

    toggle(id) {
      if (!this.open.delete(id)) this.open.add(id);
      return this.reopen(id);
    }

    reopen(anchor = null) {
      vk.graphAddress.keep(this.open, vk.openAtFirst(this.model.root, MOST_BOXES));
      return this.layOut(anchor).then(() => this.recolor());
    }

    expand() {
      const closed = [...this.model.byId.values()].filter((node) => node.children.length && !this.open.has(node.id));
      const depth = Math.min(...closed.map((node) => node.depth));
      closed.filter((node) => node.depth === depth).forEach((node) => this.open.add(node.id));
      return this.reopen();
    }

    collapse() {
      this.open = new Set(['']);
      return this.reopen();
    }

    /** Mark every node that `text` names; Enter (`move` 1 or -1) jumps from one to the next. */
    async search(text, move) {
      if (!this.model) return;
      const found = vk.searchGraph(this.model, text);
      this.matches = found && new Set(found.map((node) => node.id));
      const at = found ? found.findIndex((node) => node.id === this.selected) : -1;
      const next = move && found && found.length ? (at < 0 && move < 0 ? found.length - 1 : (at + move + found.length) % found.length) : at;
      this.parts.tree.tell(found, next);
      if (move && found && found.length) await this.goTo(found[next].id);
      this.mark();
    }

    /** Mark nodes by ids or paths, and show the first of them. */
    async markAll(ids) {
      const { byId, aliases } = this.model;
      const byPath = (path) => [...byId.values()].find((node) => node.path === path && node.kind === 'module');
      const nodes = ids.map((id) => byId.get(id) || byId.get(aliases && aliases.get(id)) || byPath(id)).filter(Boolean);
      if (!nodes.length) return;
      await this.openTo(nodes);
      this.matches = new Set(nodes.map((node) => node.id));
      this.mark();
      this.parts.canvas.reveal(nodes[0].id);
    }

    async openTo(nodes) {
      const closed = nodes.flatMap((node) => vk.graphLine(node).slice(0, -1)).filter((node) => !this.open.has(node.id));
      if (!closed.length) return;
      closed.forEach((node) => this.open.add(node.id));
      await this.reopen();
    }
  }

  vk.register('Graph', Graph);
})((window.vk = window.vk || {}));
