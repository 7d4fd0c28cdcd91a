/* The graph by keyboard: arrows go along the data flow, Enter opens; what has the focus is said aloud. */
(function (vk) {
  'use strict';

  const ZOOMS = { '+': 1.25, '=': 1.25, '-': 0.8, _: 0.8 };

  class GraphKeys {
    constructor(canvas) {
      Object.assign(this, { canvas, focus: null });
      canvas.canvas.addEventListener('keydown', (event) => this.press(event));
      canvas.canvas.addEventListener('focus', () => this.focus === null && canvas.layout && this.say(this.start()));
    }

    press(event) {
      if (event.ctrlKey || event.metaKey || event.altKey || !this.canvas.layout) return;
      if (!this.act(event.key)) return;
      event.preventDefault();
      event.stopPropagation();
    }

    /** Whether the key meant something. */
    act(key) {
      const { view, on } = this.canvas;
      if (ZOOMS[key]) return (view.zoomBy(ZOOMS[key]), true);
      if (key === '0') return (view.fitOrAll(), true);
      const moves = { ArrowDown: 'down', ArrowUp: 'up', ArrowLeft: 'left', ArrowRight: 'right' };
      if (moves[key]) return (this.go(this[moves[key]](this.box())), true);
      if (key === 'Escape') return this.clear();
      if (key === ' ') return (on.select(this.box().node.id), true);
      if (key !== 'Enter') return false;
      const { node } = this.box();
      if (node.children.length) on.toggle(node.id);
      else on.select(node.id);
      return true;
    }

    clear() {
      if (this.focus === null) return false;
      this.focus = null;
      this.canvas.on.select(null);
      this.canvas.repaint();
      return true;
    }

    start() {
      const { layout, marks } = this.canvas;
      const box = layout.byId.get(marks.selected) || (layout.root.isOpen ? layout.root.kids[0] : layout.root);
      this.focus = box.node.id;
      return box;
    }

    box() {
      return this.canvas.layout.byId.get(this.focus) || this.start();
    }

    /** Links of a box beside it in its container, nearest first. */
    linked(box, from, to) {
      const holder = box.node.parent && this.canvas.layout.byId.get(box.node.parent.id);
      const wires = holder ? holder.wires.filter((wire) => wire[from] === box && wire[to] !== holder) : [];
      return wires.map((wire) => wire[to]).sort((a, b) => Math.abs(a.y - box.y) - Math.abs(b.y - box.y))[0];
    }

    down(box) {
      if (box.isOpen) return box.kids[0];
      for (let at = box; at && at.node.parent; at = this.canvas.layout.byId.get(at.node.parent.id)) {
        const next = this.linked(at, 'from', 'to') || this.neighbour(at, 1);
        if (next) return next;
      }
      return null;
    }

    up(box) {
      const next = this.linked(box, 'to', 'from') || this.neighbour(box, -1);
      return next || (box.node.parent && this.canvas.layout.byId.get(box.node.parent.id));
    }

    /** The sibling that runs before or after: where no data flow is known. */
    neighbour(box, by) {
      const siblings = box.node.parent ? box.node.parent.children : [];
      const other = siblings[siblings.indexOf(box.node) + by];
      return other && this.canvas.layout.byId.get(other.id);
    }

    left(box) {
      return this.beside(box, (other) => box.x - other.x);
    }

    right(box) {
      return this.beside(box, (other) => other.x - box.x);
    }

    /** The nearest sibling at about the same height, to one side. */
    beside(box, away) {
      const holder = box.node.parent && this.canvas.layout.byId.get(box.node.parent.id);
      const level = (holder ? holder.kids : []).filter((other) => away(other) > 1 && other.y < box.y + box.height && other.y + other.height > box.y);
      return level.sort((a, b) => away(a) - away(b))[0];
    }

    go(box) {
      if (!box) return;
      this.focus = box.node.id;
      this.canvas.view.reveal(box);
      this.canvas.on.select(box.node.id);
      this.say(box);
      this.canvas.repaint();
    }

    say({ node }) {
      const state = node.children.length ? (this.canvas.layout.byId.get(node.id).isOpen ? ', open' : ', closed') : '';
      const words = [vk.nodeTitle(node), node.op, node.countText, vk.outputText(node), node.change].filter(Boolean);
      this.canvas.said.textContent = words.join(', ') + state;
    }
  }
  vk.GraphKeys = GraphKeys;
})((window.vk = window.vk || {}));
