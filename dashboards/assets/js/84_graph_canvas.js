/* The graph under the hand: pan, zoom, pick, open. Lays out when boxes open, only repaints when colours move. */
(function (vk) {
  'use strict';

  const LIMITS = [0.08, 2.5];

  class GraphCanvas {
    /** `on` is {select(id), toggle(id)}. */
    constructor(el, on) {
      this.el = el;
      this.on = on;
      this.view = { x: 0, y: 0, scale: 1 };
      this.layouts = 0;
      this.canvas = vk.el('canvas', {
        class: 'vk-graph-canvas',
        role: 'img',
        'aria-label': 'Module graph; the list of modules beside it says the same',
      });
      this.tip = vk.el('div', { class: 'vk-cell-tip', hidden: true });
      el.append(this.canvas, this.tools(), this.tip);
      this.painter = new vk.GraphPainter(this.canvas);
      this.repaint = vk.perFrame(() => this.paint());
      this.resizes = new ResizeObserver(() => this.resize());
      this.resizes.observe(el);
      this.listen();
    }

    destroy() {
      this.resizes.disconnect();
    }

    tools() {
      const sign = (text, label, act) =>
        vk.el('button', { type: 'button', class: 'vk-icon-button', 'aria-label': label, title: label, onclick: act }, text);
      return vk.el(
        'div',
        { class: 'vk-graph-tools' },
        sign('+', 'Zoom in', () => this.zoomBy(1.25)),
        sign('\u2212', 'Zoom out', () => this.zoomBy(0.8)),
        vk.iconButton('fit', 'Fit the graph into view', () => this.fit()),
      );
    }

    // -- content

    /** Lay out and show; `anchor` is the id of the box that must not move on the screen. */
    show(model, open, anchor = null) {
      const before = anchor !== null ? this.boxOf(anchor) : null;
      this.layout = vk.layOutGraph(model.root, open);
      this.layouts += 1;
      const after = anchor !== null ? this.boxOf(anchor) : null;
      if (before && after) {
        this.view.x += before.x - after.x + (before.width - after.width) / 2;
        this.view.y += before.y - after.y;
      } else this.fit();
      this.el.dataset.vkLayouts = this.layouts;
      this.el.dataset.vkNodes = this.layout.boxes.length;
      this.repaint();
    }

    color(overlay) {
      this.overlay = overlay;
      this.repaint();
    }

    mark({ selected, matches }) {
      Object.assign(this, { selected, matches });
      this.repaint();
    }

    paint() {
      if (!this.layout || !this.overlay || !this.painter.width) return;
      const { layout, overlay, view, selected, hovered, matches } = this;
      this.painter.paint({ layout, overlay, view, selected, hovered, matches });
      this.el.dataset.vkReady = '1';
    }

    /** Rectangle of a box in CSS pixels of the canvas, or null. */
    boxOf(id) {
      const box = this.layout && this.layout.boxes.find(({ node }) => node.id === id);
      const { x, y, scale } = this.view;
      return box ? { x: box.x * scale + x, y: box.y * scale + y, width: box.width * scale, height: box.height * scale } : null;
    }

    // -- the view

    resize() {
      const { clientWidth, clientHeight } = this.el;
      if (!clientWidth || !clientHeight) return;
      const isFirst = !this.painter.width;
      this.painter.resize(clientWidth, clientHeight);
      if (isFirst && this.layout) this.fit();
      this.paint();
    }

    /** All of it, but never smaller than readable: then its top. */
    fit() {
      const { width, height } = this.painter;
      if (!this.layout || !width) return;
      const margin = 20;
      const toolsWidth = 48;
      const across = (width - 2 * toolsWidth) / this.layout.width;
      const whole = Math.min(across, (height - 2 * margin) / this.layout.height);
      const scale = Math.min(1.15, Math.max(whole, Math.min(0.62, across)));
      const spare = height - this.layout.height * scale;
      this.view = { scale, x: (width - this.layout.width * scale) / 2, y: spare > 2 * margin ? Math.min(spare / 2, 48) : margin };
      this.repaint();
    }

    zoomBy(factor, x = this.painter.width / 2, y = this.painter.height / 2) {
      const scale = Math.max(LIMITS[0], Math.min(LIMITS[1], this.view.scale * factor));
      const grown = scale / this.view.scale;
      this.view = { scale, x: x - (x - this.view.x) * grown, y: y - (y - this.view.y) * grown };
      this.repaint();
    }

    /** Bring a box into view without changing the zoom. */
    reveal(id) {
      const box = this.boxOf(id);
      if (!box) return;
      const { width, height } = this.painter;
      const outside =
        box.x < 0 || box.y < 0 || box.x + Math.min(box.width, width) > width || box.y + Math.min(box.height, 60) > height;
      if (!outside) return;
      this.view.x += width / 2 - (box.x + box.width / 2);
      this.view.y += height / 3 - box.y;
      this.repaint();
    }

    // -- the hand

    listen() {
      const { canvas } = this;
      canvas.addEventListener('pointerdown', (event) => this.press(event));
      canvas.addEventListener('pointermove', (event) => this.move(event));
      canvas.addEventListener('pointerup', (event) => this.release(event));
      canvas.addEventListener('pointerleave', () => this.hover(null));
      canvas.addEventListener('dblclick', (event) => this.open(event));
      canvas.addEventListener('wheel', (event) => this.wheel(event), { passive: false });
    }

    nodeAt(event) {
      const bounds = this.canvas.getBoundingClientRect();
      const x = (event.clientX - bounds.left - this.view.x) / this.view.scale;
      const y = (event.clientY - bounds.top - this.view.y) / this.view.scale;
      const inside = (this.layout ? this.layout.boxes : []).filter(
        (box) => x >= box.x && x <= box.x + box.width && y >= box.y && y <= box.y + box.height,
      );
      return inside.length ? inside[inside.length - 1].node : null;
    }

    press(event) {
      this.grip = { x: event.clientX, y: event.clientY, view: { ...this.view }, isDrag: false };
      this.canvas.setPointerCapture(event.pointerId);
    }

    move(event) {
      if (!this.grip) return this.hover(this.nodeAt(event), event);
      const [dx, dy] = [event.clientX - this.grip.x, event.clientY - this.grip.y];
      if (Math.hypot(dx, dy) > 4) this.grip.isDrag = true;
      if (!this.grip.isDrag) return;
      Object.assign(this.view, { x: this.grip.view.x + dx, y: this.grip.view.y + dy });
      this.repaint();
    }

    release(event) {
      const wasDrag = this.grip && this.grip.isDrag;
      this.grip = null;
      const node = wasDrag ? null : this.nodeAt(event);
      if (node) this.on.select(node.id);
    }

    open(event) {
      const node = this.nodeAt(event);
      if (node && node.children.length) this.on.toggle(node.id);
    }

    wheel(event) {
      event.preventDefault();
      const bounds = this.canvas.getBoundingClientRect();
      this.zoomBy(
        Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015)),
        event.clientX - bounds.left,
        event.clientY - bounds.top,
      );
    }

    hover(node, event) {
      const id = node ? node.id : null;
      this.tip.hidden = !node || !event;
      if (node && event) this.tell(node, event);
      if (id === this.hovered) return;
      this.hovered = id;
      this.canvas.style.cursor = node ? 'pointer' : 'grab';
      this.repaint();
    }

    tell(node, event) {
      const bounds = this.el.getBoundingClientRect();
      const value = this.overlay ? this.overlay.of(node) : NaN;
      const words = Number.isNaN(value) ? '' : `${this.overlay.word} ${value === Infinity ? 'non-finite' : vk.sixDigits(value)}`;
      this.tip.replaceChildren(
        vk.el('strong', {}, node.path || vk.nodeTitle(node)),
        vk.el('span', {}, node.op),
        vk.el('span', { class: 'vk-tip-value' }, words),
      );
      const left = Math.min(event.clientX - bounds.left + 14, bounds.width - this.tip.offsetWidth - 4);
      this.tip.style.transform = `translate(${left}px, ${event.clientY - bounds.top + 16}px)`;
    }
  }
  vk.GraphCanvas = GraphCanvas;
})((window.vk = window.vk || {}));
