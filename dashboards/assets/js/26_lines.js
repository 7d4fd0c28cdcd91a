/* The lines and bands of a chart over plotly's axes: a path each, or all on one canvas where they are
   many, since hundreds of paths in dozens of charts are more elements than a page bears. */
(function () {
  'use strict';
  const vk = window.vk;
  const SVG = 'http://www.w3.org/2000/svg';
  const ON_CANVAS = 72; // lines from which on a chart draws on its canvas
  const AREA = 0.16; // opacity of a band

  /** Dash patterns in px, as plotly draws them. */
  function dashes(dash, width) {
    const w = Math.max(width, 3);
    const known = { dash: [3 * w, 3 * w], dot: [w, w], dashdot: [3 * w, w, w, w], '3px,3px': [3, 3] };
    return known[dash] || [];
  }

  const set = (node, attributes) => {
    for (const [name, value] of Object.entries(attributes)) {
      if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
    }
  };

  const node = (name, attributes) => {
    const made = document.createElementNS(SVG, name);
    set(made, attributes);
    return made;
  };

  class Lines {
    constructor(plot) {
      this.svg = node('svg', { class: 'vk-lines', 'aria-hidden': 'true' });
      this.front = node('svg', { class: 'vk-lines', 'aria-hidden': 'true' });
      this.canvas = null;
      this.paths = [];
      plot.append(this.svg, this.front);
    }

    /** Draw a plan's areas and lines on axes {x, y, width, height}. */
    draw(plan, axes) {
      this.place(axes);
      const many = plan.lines.length > ON_CANVAS;
      if (many) this.onCanvas(plan, axes);
      else this.asPaths(plan, axes);
    }

    place({ width, height }) {
      const { l, t } = vk.figure.MARGIN;
      for (const layer of [this.svg, this.front]) {
        Object.assign(layer.style, { left: `${l}px`, top: `${t}px` });
        set(layer, { width, height });
      }
    }

    asPaths(plan, axes) {
      if (this.canvas) this.canvas.remove();
      this.canvas = null;
      const to = scales(axes);
      const wanted = plan.areas.length + plan.lines.length;
      while (this.paths.length > wanted) this.paths.pop().remove();
      while (this.paths.length < wanted) this.paths.push(this.svg.appendChild(node('path', {})));
      plan.areas.forEach((area, i) => set(this.paths[i], {
        d: areaPath(area, to), fill: area.color, 'fill-opacity': AREA, stroke: 'none', class: 'vk-area',
      }));
      plan.lines.forEach((line, i) => set(this.paths[plan.areas.length + i], {
        d: vk.scale.path(line.x, line.ly, to.x, to.y), class: 'vk-line', fill: 'none', stroke: line.color,
        'stroke-width': line.width, 'stroke-opacity': line.opacity, 'stroke-dasharray': dashes(line.dash, line.width).join(' '),
      }));
    }

    onCanvas(plan, axes) {
      this.paths.splice(0).forEach((path) => path.remove());
      const context = this.context(axes);
      const to = scales(axes);
      for (const area of plan.areas) {
        context.globalAlpha = AREA;
        context.fillStyle = area.color;
        context.fill(new Path2D(areaPath(area, to)));
      }
      for (const line of plan.lines) strokeLine(context, line, to);
    }

    context({ width, height }) {
      const scale = window.devicePixelRatio || 1;
      if (!this.canvas) {
        this.canvas = vk.el('canvas', { class: 'vk-lines', 'aria-hidden': 'true' });
        this.svg.before(this.canvas);
      }
      const { l, t } = vk.figure.MARGIN;
      Object.assign(this.canvas.style, { left: `${l}px`, top: `${t}px`, width: `${width}px`, height: `${height}px` });
      const size = [Math.round(width * scale), Math.round(height * scale)];
      if (this.canvas.width !== size[0] || this.canvas.height !== size[1]) [this.canvas.width, this.canvas.height] = size;
      const context = this.canvas.getContext('2d');
      context.setTransform(scale, 0, 0, scale, 0, 0);
      context.clearRect(0, 0, width, height);
      return context;
    }

    /** Draw one line of a plan in front and let the others step back; all are equal with null. */
    point(line, axes) {
      for (const layer of [this.svg, this.canvas]) if (layer) layer.classList.toggle('vk-dim', line !== null);
      if (!line) {
        this.front.replaceChildren();
        return;
      }
      const to = scales(axes);
      const d = vk.scale.path(line.x, line.ly, to.x, to.y);
      this.front.replaceChildren(node('path', { d, class: 'vk-halo' }), node('path', { d, class: 'vk-pointed', stroke: line.color }));
    }
  }

  function scales({ x, y, width, height }) {
    const perX = width / (x[1] - x[0]);
    const perY = height / (y[1] - y[0]);
    return { x: (v) => (v - x[0]) * perX, y: (v) => height - (v - y[0]) * perY };
  }

  function strokeLine(context, { x, ly, color, width, opacity, dash }, to) {
    context.globalAlpha = opacity;
    context.strokeStyle = color;
    context.lineWidth = width;
    context.setLineDash(dashes(dash, width));
    context.lineJoin = 'round';
    context.beginPath();
    let isDown = false;
    for (let i = 0; i < x.length; i += 1) {
      if (Number.isNaN(ly[i])) isDown = false;
      else if (isDown) context.lineTo(to.x(x[i]), to.y(ly[i]));
      else {
        context.moveTo(to.x(x[i]), to.y(ly[i]));
        isDown = true;
      }
    }
    context.stroke();
  }

  /** One closed outline for each stretch without gaps: along the upper edge and back on the lower. */
  function areaPath({ x, low, high }, to) {
    const out = [];
    let start = 0;
    for (let i = 0; i <= x.length; i += 1) {
      if (i < x.length && !Number.isNaN(low[i]) && !Number.isNaN(high[i])) continue;
      if (i - start > 1) out.push(outline(x, low, high, start, i, to));
      start = i + 1;
    }
    return out.join('') || 'M0,0';
  }

  function outline(x, low, high, start, end, to) {
    const at = (i, y) => `${to.x(x[i]).toFixed(2)},${to.y(y[i]).toFixed(2)}`;
    const edge = [];
    for (let i = start; i < end; i += 1) edge.push(at(i, high));
    for (let i = end - 1; i >= start; i -= 1) edge.push(at(i, low));
    return `M${edge.join('L')}Z`;
  }

  vk.ChartLines = Lines;
})();
