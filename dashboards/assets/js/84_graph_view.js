/* Which part of the graph is on the screen, and how large: pan, zoom, fit, reveal. */
(function (vk) {
  'use strict';

  const LIMITS = [0.08, 2.5];
  const MARGIN = 20;
  const TOOLS = 48; // px that the buttons take at the side
  const READABLE = 0.62;

  class GraphView {
    constructor(canvas) {
      Object.assign(this, { canvas, x: 0, y: 0, scale: 1, isFitted: false });
    }

    set(place) {
      Object.assign(this, place, { isFitted: false });
      this.canvas.repaint();
    }

    moveBy(dx, dy) {
      this.set({ x: this.x + dx, y: this.y + dy });
    }

    toScreen({ x, y, width, height }) {
      const { scale } = this;
      return { x: x * scale + this.x, y: y * scale + this.y, width: width * scale, height: height * scale };
    }

    /** What of the graph is in the middle of the screen. */
    middle() {
      const { width, height } = this.canvas.painter;
      return [(width / 2 - this.x) / this.scale, (height / 2 - this.y) / this.scale];
    }

    /** Scale at which all is in view. */
    whole() {
      const { width, height } = this.canvas.painter;
      const { layout } = this.canvas;
      return Math.min((width - 2 * TOOLS) / layout.width, (height - 2 * MARGIN) / layout.height);
    }

    /** Whether most of it is in view: less than a map of it would tell. */
    isMost() {
      const { painter, layout } = this.canvas;
      const shown = (start, length, room) => (Math.min(room, start + length) - Math.max(0, start)) / length;
      const [across, down] = [shown(this.x, layout.width * this.scale, painter.width), shown(this.y, layout.height * this.scale, painter.height)];
      return Math.min(across, down) > 0.75;
    }

    /** All of it, but never smaller than readable: then its top. */
    fit() {
      const { painter, layout } = this.canvas;
      if (!layout || !painter.width) return;
      const across = (painter.width - 2 * TOOLS) / layout.width;
      this.centre(Math.min(1.15, Math.max(this.whole(), Math.min(READABLE, across))));
      this.isFitted = true;
    }

    /** Go on as a view that nobody moved: it fits again where what came is wider than the screen. */
    stayFitted() {
      const { painter, layout } = this.canvas;
      if (this.x < 0 || this.x + layout.width * this.scale > painter.width) this.fit();
      this.isFitted = true;
    }

    /** Fit; and when that is what is shown already, all of it however small. */
    fitOrAll() {
      const { x, y, scale } = this;
      this.fit();
      if (Math.hypot(x - this.x, y - this.y) < 1 && scale === this.scale) this.centre(Math.min(1.15, this.whole()));
    }

    centre(scale) {
      const { painter, layout } = this.canvas;
      const spare = painter.height - layout.height * scale;
      this.set({ scale, x: (painter.width - layout.width * scale) / 2, y: spare > 2 * MARGIN ? Math.min(spare / 2, 48) : MARGIN });
    }

    zoomBy(factor, x = this.canvas.painter.width / 2, y = this.canvas.painter.height / 2) {
      const least = this.canvas.layout ? Math.min(LIMITS[0], this.whole() * 0.8) : LIMITS[0];
      const scale = Math.max(least, Math.min(LIMITS[1], this.scale * factor));
      const grown = scale / this.scale;
      this.set({ scale, x: x - (x - this.x) * grown, y: y - (y - this.y) * grown });
    }

    reveal(box) {
      const at = this.toScreen(box);
      const { width, height } = this.canvas.painter;
      const outside = at.x < 0 || at.y < 0 || at.x + Math.min(at.width, width) > width || at.y + Math.min(at.height, 60) > height;
      if (outside) this.moveBy(width / 2 - (at.x + at.width / 2), height / 3 - at.y);
    }

    /** Put a place of the graph into the middle of the screen. */
    lookAt(x, y) {
      const { width, height } = this.canvas.painter;
      this.set({ x: width / 2 - x * this.scale, y: height / 2 - y * this.scale });
    }
  }
  vk.GraphView = GraphView;
})((window.vk = window.vk || {}));
