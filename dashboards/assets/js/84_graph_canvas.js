/* The graph's picture on the page: what is shown, and how. Lays out when boxes open, only repaints when colours move. */
(function (vk) {
  'use strict';

  const NO_COLORS = { key: 'none', word: '', of: () => NaN, text: () => '' };

  class GraphCanvas {
    /** `on` is {select(id), toggle(id), hover(id)}; the last may be missing. */
    constructor(el, on) {
      Object.assign(this, { el, on, layouts: 0, turn: 0, overlay: null, marks: {}, values: null, layout: null });
      this.said = vk.el('div', { class: 'vk-hidden', 'aria-live': 'polite' });
      this.canvas = vk.el('canvas', {
        class: 'vk-graph-canvas',
        role: 'application',
        tabindex: 0,
        'aria-label': 'Graph. Arrow keys move along the data flow, Enter opens, plus and minus zoom; the list beside it says the same',
      });
      this.tip = vk.el('div', { class: 'vk-cell-tip', hidden: true });
      el.append(this.canvas, this.tools(), this.tip, this.said);
      this.painter = new vk.GraphPainter(this.canvas);
      this.view = new vk.GraphView(this);
      this.minimap = new vk.GraphMinimap(this);
      this.hand = new vk.GraphHand(this);
      this.keys = new vk.GraphKeys(this);
      this.repaint = vk.perFrame(() => this.paint());
      this.resizes = new ResizeObserver(() => this.resize());
      this.resizes.observe(el);
    }

    destroy() {
      this.resizes.disconnect();
      this.hand.destroy();
    }

    tools() {
      const sign = (text, label, act) =>
        vk.el('button', { type: 'button', class: 'vk-icon-button', 'aria-label': label, title: label, onclick: act }, text);
      const save = vk.iconButton('download', 'Save the graph as a picture', () =>
        vk.menu(save, [
          { label: 'SVG, all that is open', run: () => vk.saveGraph(this, 'svg') },
          { label: 'PNG, all that is open', run: () => vk.saveGraph(this, 'png') },
        ]), { 'aria-haspopup': 'menu' });
      return vk.el(
        'div',
        { class: 'vk-graph-tools' },
        sign('+', 'Zoom in', () => this.view.zoomBy(1.25)),
        sign('\u2212', 'Zoom out', () => this.view.zoomBy(0.8)),
        vk.iconButton('fit', 'Fit the graph into view', () => this.view.fitOrAll()),
        save,
      );
    }

    // -- content

    /** Lay out and show; `anchor` is the id of the box that must not move on the screen. Another model keeps the place
     *  of a box that both have; a promise while a worker is at it. */
    show(model, open, anchor = null) {
      const turn = ++this.turn;
      const laid = vk.layOutGraph(model, open);
      if (!laid.then) return this.put(laid, model, anchor);
      this.el.dataset.vkBusy = '1';
      return laid.then((layout) => {
        if (turn === this.turn) this.put(layout, model, anchor);
      });
    }

    put(layout, model, anchor) {
      const pin = anchor ?? this.commonBox(layout, model);
      const before = pin !== null ? this.boxOf(pin) : null;
      const isFitted = anchor === null && this.view.isFitted;
      Object.assign(this, { layout, model });
      this.layouts += 1;
      const after = pin !== null ? this.boxOf(pin) : null;
      if (before && after) this.view.moveBy(before.x - after.x + (before.width - after.width) / 2, before.y - after.y);
      else this.view.fit();
      if (isFitted) this.view.stayFitted();
      const { solver } = vk.graphLayouts();
      Object.assign(this.el.dataset, {
        vkBusy: '',
        vkLayouts: this.layouts,
        vkNodes: layout.boxes.length,
        vkLevels: solver.computed,
        vkLevelHits: solver.hits,
      });
      this.hand.forget();
      this.minimap.refresh();
      if (this.wanted) this.reveal(this.wanted);
      this.repaint();
    }

    /** The box that stays where it is when another version comes: the selected one, else the middle one in view. */
    commonBox(layout, model) {
      if (!this.layout || this.model === model) return null;
      const isKept = (id) => this.layout.byId.has(id) && layout.byId.has(id);
      const { selected } = this.marks;
      if (selected && isKept(selected)) return selected;
      const [x, y] = this.view.middle();
      const away = (box) => Math.hypot(box.x + box.width / 2 - x, box.y + box.height / 2 - y);
      const kept = this.layout.boxes.filter((box) => !box.isOpen && isKept(box.node.id));
      return kept.length ? kept.reduce((a, b) => (away(b) < away(a) ? b : a)).node.id : null;
    }

    color(overlay) {
      this.overlay = overlay;
      this.minimap.refresh();
      this.repaint();
    }

    /** {selected, matches, path, pins}: ids; `path` is an id or a set of ids whose way stays lit; pins are a Map
     *  of id to {level, text}. What is undefined stays as it was. */
    mark(marks) {
      for (const name of ['selected', 'matches', 'path', 'pins']) if (marks[name] !== undefined) this.marks[name] = marks[name];
      this.repaint();
    }

    /** Values of a tiny graph, as a Map of id to {value, grad}; null takes them away. */
    annotate(values) {
      this.values = values;
      this.repaint();
    }

    scene() {
      const { layout, values, marks } = this;
      const pins = this.shownPins();
      const { hovered, path: lit } = this.hand;
      return { layout, values, ...marks, pins, path: lit || this.markedPath(), hovered, focus: this.keys.focus, overlay: this.overlay || NO_COLORS };
    }

    /** Each pin at the innermost box that is drawn: what holds it may be closed. */
    shownPins() {
      const shown = new Map();
      const rank = { error: 2, warning: 1 };
      for (const [id, pin] of this.marks.pins || []) {
        let node = this.model.byId.get(this.model.aliases.get(id) || id);
        while (node && !this.layout.byId.has(node.id)) node = node.parent;
        const other = node && shown.get(node.id);
        if (node && !(other && (rank[other.level] || 0) >= (rank[pin.level] || 0))) shown.set(node.id, pin);
      }
      return shown;
    }

    markedPath() {
      const { path } = this.marks;
      if (path === null || path === undefined) return null;
      if (path.up) return path;
      const nodes = (path instanceof Set ? [...path] : [path]).map((id) => this.model.byId.get(id)).filter(Boolean);
      const all = new Set();
      for (const node of nodes) for (let at = node; at; at = at.parent) all.add(at);
      return path instanceof Set ? { up: all, down: all } : nodes.length ? vk.pathThrough(this.model, nodes[0]) : null;
    }

    paint() {
      if (!this.layout || !this.overlay || !this.painter.width) return;
      this.drawn = this.painter.paint({ ...this.scene(), view: this.view });
      this.minimap.place();
      if (!this.el.dataset.vkReady) this.el.dataset.vkReady = '1';
    }

    // -- places

    /** Rectangle of a box in CSS pixels of the canvas, or null. */
    boxOf(id) {
      const box = this.layout && this.layout.byId.get(id);
      return box ? this.view.toScreen(box) : null;
    }

    /** The innermost box at a place in CSS pixels of the canvas, or null. */
    boxAt(left, top) {
      const { x, y, scale } = this.view;
      const [gx, gy] = [(left - x) / scale, (top - y) / scale];
      const isIn = (box) => gx >= box.x && gx <= box.x + box.width && gy >= box.y && gy <= box.y + box.height;
      let found = null;
      for (let next = this.layout && this.layout.root; next && isIn(next);) {
        found = next;
        next = next.isOpen ? next.kids.find(isIn) : null;
      }
      return found;
    }

    resize() {
      const { clientWidth, clientHeight } = this.el;
      if (!clientWidth || !clientHeight) return;
      const isFirst = !this.painter.width;
      this.painter.resize(clientWidth, clientHeight);
      if (isFirst && this.layout) this.view.fit();
      this.minimap.refresh();
      this.paint();
    }

    /** All of it, but never smaller than readable: then its top. */
    fit() {
      this.view.fit();
    }

    /** Bring a box into view without changing the zoom; one that is not laid out yet as soon as it is. */
    reveal(id) {
      const isThere = this.layout && this.layout.byId.has(id);
      this.wanted = isThere ? null : id;
      if (isThere) this.view.reveal(this.layout.byId.get(id));
    }

    /** The whole open graph as SVG text. */
    exportSvg() {
      return vk.graphSvg(this.scene());
    }

    /** The whole open graph as a PNG blob, twice its size where that is not too large. */
    exportPng() {
      return vk.graphPng(this.scene());
    }
  }
  vk.GraphCanvas = GraphCanvas;
})((window.vk = window.vk || {}));
