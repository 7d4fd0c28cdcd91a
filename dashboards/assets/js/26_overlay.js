/* What lies over the lines and moves without plotly: crosshair, playhead, dots, non-finite flags. */
(function () {
  'use strict';
  const vk = window.vk;
  const SVG = 'http://www.w3.org/2000/svg';
  const FLAG = 4; // half the width of a triangle, px
  const NEAR = 8; // px within which a flag is pointed at

  const node = (name, attrs) => {
    const el = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attrs)) el.setAttribute(key, value);
    return el;
  };

  class Overlay {
    constructor(plot) {
      this.svg = node('svg', { class: 'vk-overlay', 'aria-hidden': 'true' });
      this.cursor = node('line', { class: 'vk-cursor' });
      this.cross = node('line', { class: 'vk-cross' });
      this.drag = node('rect', { class: 'vk-drag' });
      this.dots = node('g', {});
      this.flags = node('g', {});
      this.picks = node('g', {});
      this.svg.append(this.drag, this.cursor, this.cross, this.dots, this.flags, this.picks);
      plot.append(this.svg);
      for (const line of [this.cursor, this.cross, this.drag]) line.style.display = 'none';
    }

    /** Take over size and axes of a drawing. x and y are [low, high] in the numbers of the axes. */
    place({ width, height, x, y }) {
      const { l, t } = vk.figure.MARGIN;
      Object.assign(this, { width, height, x, y });
      Object.assign(this.svg.style, { left: `${l}px`, top: `${t}px` });
      this.svg.setAttribute('width', width);
      this.svg.setAttribute('height', height);
    }

    pxX(x) {
      return ((x - this.x[0]) / (this.x[1] - this.x[0])) * this.width;
    }

    pxY(y) {
      return this.height * (1 - (y - this.y[0]) / (this.y[1] - this.y[0]));
    }

    atPx(px) {
      return this.x[0] + (px / this.width) * (this.x[1] - this.x[0]);
    }

    vertical(line, x) {
      const px = x === null ? -1 : this.pxX(x);
      const shown = px >= 0 && px <= this.width;
      line.style.display = shown ? '' : 'none';
      if (!shown) return;
      for (const [key, value] of [['x1', px], ['x2', px], ['y1', 0], ['y2', this.height]]) line.setAttribute(key, value);
    }

    showDots(dots) {
      this.dots.replaceChildren(...dots.map((dot) => this.dot(dot, 2.25)).filter(Boolean));
    }

    dot({ x, y, color, faint }, r) {
      const cx = this.pxX(x);
      if (cx < -1 || cx > this.width + 1) return null;
      return node('circle', { cx: cx.toFixed(1), cy: this.pxY(y).toFixed(1), r, fill: color, opacity: faint ? 0.5 : 1 });
    }

    /** +Inf points up at the top edge, -Inf down at the bottom, NaN stands on the x axis. */
    showFlags(flags) {
      const paths = new Map(); // colour -> path text; many NaN in a row are one mark each 3 px
      const seen = new Set();
      this.spots = [];
      for (const flag of flags) {
        const px = this.pxX(flag.x);
        if (px < -1 || px > this.width + 1) continue;
        this.spots.push({ ...flag, px });
        const key = `${flag.color}${flag.value}${Math.round(px / 3)}`;
        if (seen.has(key)) continue;
        seen.add(key);
        paths.set(flag.color, (paths.get(flag.color) || '') + this.triangle(px, flag.value));
      }
      this.flags.replaceChildren(...[...paths].map(([color, d]) => node('path', { d, fill: color, class: 'vk-flag' })));
    }

    triangle(px, value) {
      const up = value !== -Infinity;
      const base = value === Infinity ? 2 * FLAG : up ? this.height : this.height - 2 * FLAG;
      const tip = up ? base - 2 * FLAG + 1 : this.height - 1;
      return `M${(px - FLAG).toFixed(1)},${base}L${(px + FLAG).toFixed(1)},${base}L${px.toFixed(1)},${tip}Z`;
    }

    /** The flag under the pointer, or null. */
    flagAt(px, py) {
      const edge = py < 3 * FLAG || py > this.height - 3 * FLAG;
      if (!edge || !this.spots) return null;
      let best = null;
      for (const spot of this.spots) {
        const distance = Math.abs(spot.px - px);
        if (distance <= NEAR && (!best || distance < Math.abs(best.px - px))) best = spot;
      }
      return best;
    }

    showPicks(picks) {
      this.picks.replaceChildren(...picks.map((pick) => this.dot(pick, 3)).filter(Boolean));
    }

    showDrag(from, to) {
      this.drag.style.display = from === null ? 'none' : '';
      if (from === null) return;
      const attrs = { x: Math.min(from, to), y: 0, width: Math.abs(to - from), height: this.height };
      for (const [key, value] of Object.entries(attrs)) this.drag.setAttribute(key, value);
    }
  }

  vk.ChartOverlay = Overlay;
})();
