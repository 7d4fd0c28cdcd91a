/* What the user does on the graph page: select, open, search, mark. */
(function (vk) {
  'use strict';

  /** Boxes that a graph shows at first, at most. */
  vk.GRAPH_BOXES = 40;

  /** The page has model, open, overlay, parts and record. */
  class GraphMoves {
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
      vk.graphAddress.keep(this.open, vk.openAtFirst(this.model.root, vk.GRAPH_BOXES));
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
  vk.GraphMoves = GraphMoves;
})((window.vk = window.vk || {}));
