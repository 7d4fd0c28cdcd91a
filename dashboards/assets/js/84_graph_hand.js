/* The graph under the hand: drag, wheel, pinch, pick, open, and the way of the data through what is pointed at. */
(function (vk) {
  'use strict';

  const STILL = 4; // px that a click may move
  const PAUSE = 160; // ms on a box before the rest fades: passing over boxes must not flicker

  class GraphHand {
    constructor(canvas) {
      Object.assign(this, { canvas, fingers: new Map(), hovered: null, path: null });
      const { canvas: el } = canvas;
      const listen = (name, act, options) => el.addEventListener(name, (event) => act.call(this, event), options);
      listen('pointerdown', this.press);
      listen('pointermove', this.move);
      listen('pointerup', this.release);
      listen('pointercancel', this.drop);
      listen('pointerleave', this.leave);
      listen('dblclick', this.open);
      listen('wheel', this.wheel, { passive: false });
    }

    destroy() {
      clearTimeout(this.timer);
    }

    /** The boxes are new ones: nothing is pointed at any more. */
    forget() {
      clearTimeout(this.timer);
      Object.assign(this, { path: null });
    }

    at(event) {
      const bounds = this.canvas.canvas.getBoundingClientRect();
      return [event.clientX - bounds.left, event.clientY - bounds.top];
    }

    nodeAt(event) {
      const box = this.canvas.boxAt(...this.at(event));
      return box ? box.node : null;
    }

    press(event) {
      this.fingers.set(event.pointerId, this.at(event));
      this.canvas.canvas.setPointerCapture(event.pointerId);
      if (this.fingers.size === 1) this.grip = { isDrag: false, start: this.at(event) };
      else this.grip.isDrag = true;
    }

    move(event) {
      const last = this.fingers.get(event.pointerId);
      if (!last) return event.pointerType === 'touch' ? undefined : this.hover(this.nodeAt(event), event);
      const now = this.at(event);
      if (Math.hypot(now[0] - this.grip.start[0], now[1] - this.grip.start[1]) > STILL) this.grip.isDrag = true;
      if (!this.grip.isDrag) return undefined;
      const other = [...this.fingers].find(([id]) => id !== event.pointerId);
      if (other) this.pinch(last, now, other[1]);
      else this.canvas.view.moveBy(now[0] - last[0], now[1] - last[1]);
      this.fingers.set(event.pointerId, now);
      return undefined;
    }

    /** Two fingers: as much larger as they are further apart, around their middle, which moves along. */
    pinch(last, now, other) {
      const apart = (a, b) => Math.max(1, Math.hypot(a[0] - b[0], a[1] - b[1]));
      const { view } = this.canvas;
      view.moveBy((now[0] - last[0]) / 2, (now[1] - last[1]) / 2);
      view.zoomBy(apart(now, other) / apart(last, other), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
    }

    release(event) {
      const wasClick = this.grip && !this.grip.isDrag && this.fingers.size === 1;
      this.drop(event);
      const node = wasClick ? this.nodeAt(event) : null;
      if (!node) return;
      this.canvas.keys.focus = node.id;
      this.canvas.on.select(node.id);
    }

    drop(event) {
      this.fingers.delete(event.pointerId);
      if (!this.fingers.size) this.grip = null;
    }

    open(event) {
      const node = this.nodeAt(event);
      if (node && node.children.length) this.canvas.on.toggle(node.id);
    }

    wheel(event) {
      event.preventDefault();
      this.canvas.view.zoomBy(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015)), ...this.at(event));
    }

    leave() {
      this.hover(null);
    }

    hover(node, event) {
      const { canvas } = this;
      canvas.tip.hidden = !node || !event;
      if (node && event) this.tell(node, event);
      const id = node ? node.id : null;
      if (id === this.hovered) return;
      this.hovered = id;
      canvas.canvas.style.cursor = node ? 'pointer' : 'grab';
      if (canvas.on.hover) canvas.on.hover(id);
      clearTimeout(this.timer);
      if (this.path) this.path = null;
      const isBox = node && canvas.layout.byId.has(id) && !canvas.layout.byId.get(id).isOpen;
      if (isBox) this.timer = setTimeout(() => this.light(node), PAUSE);
      canvas.repaint();
    }

    /** Light up what leads to a node and what it leads to. */
    light(node) {
      this.path = vk.pathThrough(this.canvas.model, node);
      this.canvas.repaint();
    }

    tell(node, event) {
      const { canvas } = this;
      const { overlay } = canvas;
      const bounds = canvas.el.getBoundingClientRect();
      const value = overlay ? overlay.of(node) : NaN;
      const words =
        value === undefined || Number.isNaN(value) ? '' : `${overlay.word} ${value === Infinity ? 'non-finite' : vk.sixDigits(value)}`;
      const pin = canvas.marks.pins && canvas.marks.pins.get(node.id);
      canvas.tip.replaceChildren(
        vk.el('strong', {}, node.path || vk.nodeTitle(node)),
        vk.el('span', {}, [node.op, vk.outputText(node)].filter(Boolean).join('  ')),
        node.countText ? vk.el('span', {}, `${node.isStack ? 'alike' : 'runs a step'} ${node.countText}`) : '',
        node.change ? vk.el('span', {}, node.change) : '',
        pin ? vk.el('span', {}, pin.text) : '',
        vk.el('span', { class: 'vk-tip-value' }, words),
      );
      const left = Math.min(event.clientX - bounds.left + 14, bounds.width - canvas.tip.offsetWidth - 4);
      canvas.tip.style.transform = `translate(${left}px, ${event.clientY - bounds.top + 16}px)`;
    }
  }
  vk.GraphHand = GraphHand;
})((window.vk = window.vk || {}));
