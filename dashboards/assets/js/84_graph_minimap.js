/* All of the graph in a corner, with a frame around what is in view; drag the frame. */
(function (vk) {
  'use strict';

  const SIZE = [150, 132];
  const ROOM = 440; // px of width without which it would hide the graph
  const WAIT = 120; // ms after the last change before it is drawn anew

  class GraphMinimap {
    constructor(canvas) {
      this.canvas = canvas;
      this.picture = vk.el('canvas', { class: 'vk-minimap-picture', 'aria-hidden': 'true' });
      this.frame = vk.el('div', { class: 'vk-minimap-frame' });
      this.el = vk.el('div', { class: 'vk-minimap', hidden: true }, this.picture, this.frame);
      const drag = (event) => event.buttons && this.lookAt(event);
      this.el.addEventListener('pointerdown', (event) => (this.el.setPointerCapture(event.pointerId), this.lookAt(event)));
      this.el.addEventListener('pointermove', drag);
      canvas.el.append(this.el);
    }

    /** Draw anew, soon: nobody reads it while boxes still open. */
    refresh() {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.draw(), WAIT);
    }

    draw() {
      const { layout, overlay } = this.canvas;
      if (!layout || !overlay || !this.isWanted()) return;
      const scale = Math.min(SIZE[0] / layout.width, SIZE[1] / layout.height);
      const [width, height] = [Math.max(8, layout.width * scale), Math.max(8, layout.height * scale)];
      const ratio = window.devicePixelRatio || 1;
      Object.assign(this.picture, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
      Object.assign(this.picture.style, { width: `${width}px`, height: `${height}px` });
      Object.assign(this, { scale, drawnLayout: layout });
      const context = this.picture.getContext('2d');
      context.setTransform(ratio * scale, 0, 0, ratio * scale, 0, 0);
      const view = { left: 0, top: 0, right: layout.width, bottom: layout.height };
      new vk.GraphPicture(context, { layout, overlay }, view, scale).draw();
      this.place();
    }

    isWanted() {
      return this.canvas.painter.width > ROOM && !this.canvas.view.isMost();
    }

    /** Put the frame where the view is; nothing to tell where all is in view. */
    place() {
      const isDrawn = this.drawnLayout === this.canvas.layout;
      const isShown = this.isWanted();
      if (this.el.hidden === (isShown && isDrawn)) this.el.hidden = !(isShown && isDrawn);
      if (isShown && !isDrawn) this.refresh();
      if (!isShown || !isDrawn) return;
      const { view, painter } = this.canvas;
      const { scale } = this;
      const low = (value) => Math.max(0, value);
      const [left, top] = [(-view.x / view.scale) * scale, (-view.y / view.scale) * scale];
      const [right, bottom] = [left + (painter.width / view.scale) * scale, top + (painter.height / view.scale) * scale];
      const [most, deep] = [parseFloat(this.picture.style.width), parseFloat(this.picture.style.height)];
      const size = [Math.max(6, Math.min(most, right) - low(left)), Math.max(6, Math.min(deep, bottom) - low(top))];
      this.frame.style.transform = `translate(${Math.min(low(left), most - 6)}px, ${Math.min(low(top), deep - 6)}px)`;
      Object.assign(this.frame.style, { width: `${size[0]}px`, height: `${size[1]}px` });
    }

    lookAt(event) {
      const bounds = this.picture.getBoundingClientRect();
      this.canvas.view.lookAt((event.clientX - bounds.left) / this.scale, (event.clientY - bounds.top) / this.scale);
      event.preventDefault();
    }
  }
  vk.GraphMinimap = GraphMinimap;
})((window.vk = window.vk || {}));
