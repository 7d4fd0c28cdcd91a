/* Graph: what really ran, or would run, coloured by what happens in it at the playhead. */
(function (vk) {
  'use strict';

  const PAGE = 'graph';
  const MOST_CIRCUIT = 64;
  const LIVE_MS = 150;
  const KEYS = ['runs', 'runsLoaded', 'selected', 'focusRun', 'until', 'overlay', 'graphView', 'graphAgainst'];

  class Graph extends vk.GraphMoves {
    constructor(root) {
      super();
      Object.assign(this, { root, selected: null, matches: null, findings: [], pins: new Map(), source: new vk.GraphSource() });
      root.classList.add('vk-page-body', 'vk-graph-page');
      this.parts = new vk.GraphParts(this);
      root.append(...this.parts.els);
      this.load = vk.paced(LIVE_MS, () => this.fetch(), 1);
      this.pulse = new vk.GraphPulse(() => this.load());
      this.offs = [
        vk.whileShown(PAGE, KEYS, () => this.sync()),
        vk.store.on(['page', 'focusRun', 'until', 'runs'], () => this.listen()),
        vk.store.on(['theme'], () => this.model && this.recolor()),
        vk.store.on(['graphNode'], () => this.follow()),
        vk.tags.onChange(() => this.learn()),
      ];
    }

    destroy() {
      this.offs.forEach((off) => off());
      this.load.stop();
      this.pulse.stop();
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

    /** Hear of each step while the page follows a run that goes on. */
    listen() {
      const { page, focusRun, until } = vk.store.get();
      const record = focusRun && vk.runs.byName(focusRun);
      const isLive = page === PAGE && until === null && record && record.status === 'running';
      this.pulse.follow(isLive ? focusRun : null);
    }

    /** The tags came: they tell which colours and which values of nodes there are. */
    learn() {
      const { focusRun, page } = vk.store.get();
      this.parts.colours.update(focusRun);
      if (this.tagged === focusRun || !vk.tags.of(focusRun) || page !== PAGE) return;
      this.tagged = focusRun;
      this.question = null;
      this.sync();
      this.listen();
    }

    showNothing(why) {
      this.question = null;
      vk.teach(this.parts.empty, why);
      this.parts.setShown(false);
      Object.assign(this.root.dataset, { vkNodes: 0, vkReady: '1' });
    }

    async fetch() {
      const { focusRun: run, graphView: view } = vk.store.get();
      const record = run && vk.runs.byName(run);
      if (!record) return;
      const overlay = vk.overlayOf(vk.store.get().overlay, vk.graphTags(run));
      try {
        const read = await this.source.read({ run, view, overlay });
        if (run !== vk.store.get().focusRun) return this.load();
        if (!read.doc || (!read.shown.form && !read.doc.nodes.length)) return this.showNothing('graph');
        await this.show(run, record, { ...read, overlay });
        if (this.source.heldFor) setTimeout(() => this.load(), this.source.heldFor);
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
      this.parts.details.draw(record, this.overlay).catch(() => {});
    }

    takeModel(model) {
      this.model = model;
      this.open = vk.graphAddress.openIn(model, vk.openAtFirst(model.root, vk.GRAPH_BOXES));
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
  }

  vk.register('Graph', Graph);
})((window.vk = window.vk || {}));
