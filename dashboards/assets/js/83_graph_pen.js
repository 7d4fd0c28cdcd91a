/* Strokes of the graph's picture on anything that draws like a canvas: the screen, or a file (84_graph_svg.js). */
(function (vk) {
  'use strict';

  const TOKENS = {
    bg: 'bg', surface: 'surface', sunken: 'sunken', border: 'border', strong: 'border-strong', text: 'text', muted: 'muted',
    faint: 'faint', accent: 'accent', soft: 'accent-soft', onAccent: 'on-accent', green: 'green', blue: 'blue', red: 'red',
    amber: 'amber', font: 'font',
  };
  let known = null;

  /** The theme's colours, read once a theme: asking the style for each frame would cost more than the frame. */
  vk.graphPalette = function () {
    const { theme } = document.documentElement.dataset;
    if (known && known.theme === theme) return known;
    known = { theme };
    for (const [name, token] of Object.entries(TOKENS)) known[name] = vk.theme.token(`--vk-${token}`);
    known.font = known.font || 'sans-serif';
    return known;
  };

  /** Outlines of boxes: what a node is can be told without its colour. */
  const SHAPES = {
    box: (pen, x, y, w, h) => pen.roundRect(x, y, w, h, 6),
    pill: (pen, x, y, w, h) => pen.roundRect(x, y, w, h, Math.min(13, h / 2)),
    circle: (pen, x, y, w, h) => pen.arc(x + w / 2, y + h / 2, h / 2, 0, 2 * Math.PI),
    input: (pen, x, y, w, h) => polygon(pen, [x, y, x + w, y, x + w, y + h - 8, x + w / 2, y + h, x, y + h - 8]),
    output: (pen, x, y, w, h) => polygon(pen, [x, y + 8, x + w / 2, y, x + w, y + 8, x + w, y + h, x, y + h]),
    loss: (pen, x, y, w, h) => polygon(pen, [x + 10, y, x + w - 10, y, x + w, y + h / 2, x + w - 10, y + h, x + 10, y + h, x, y + h / 2]),
    parameter: (pen, x, y, w, h) => polygon(pen, [x, y, x + w - 8, y, x + w, y + 8, x + w, y + h, x, y + h]),
  };
  SHAPES.buffer = SHAPES.constant = SHAPES.parameter;

  function polygon(pen, points) {
    pen.moveTo(points[0], points[1]);
    for (let i = 2; i < points.length; i += 2) pen.lineTo(points[i], points[i + 1]);
    pen.closePath();
  }

  const shortened = new Map();

  /** Text cut in the middle to `most` px. */
  function fitting(text, most, size, weight) {
    if (vk.graphTextWidth(text, size, weight) <= most) return text;
    const key = `${weight}|${size}|${Math.round(most)}|${text}`;
    if (shortened.has(key)) return shortened.get(key);
    let [low, high] = [1, text.length];
    const cut = (keep) => `${text.slice(0, Math.ceil(keep / 2))}\u2026${text.slice(text.length - Math.floor(keep / 2))}`;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (vk.graphTextWidth(cut(middle), size, weight) <= most) low = middle;
      else high = middle - 1;
    }
    if (shortened.size > 20000) shortened.clear();
    shortened.set(key, cut(low));
    return cut(low);
  }

  class GraphPen {
    /** Lines are at least `thinnest` wide. */
    constructor(context, colors, thinnest = 0) {
      Object.assign(this, { context, colors, thinnest, font: '' });
    }

    /** Fill and stroke the outline of a shape; `dash` in px. */
    shape(shape, { x, y, width, height }, { fill, stroke, line = 1, dash = null }) {
      const { context } = this;
      context.beginPath();
      SHAPES[shape](context, x, y, width, height);
      if (fill) ((context.fillStyle = fill), context.fill());
      if (!stroke) return;
      context.strokeStyle = stroke;
      context.lineWidth = Math.max(line, this.thinnest);
      if (dash) context.setLineDash(dash);
      context.stroke();
      if (dash) context.setLineDash([]);
    }

    /** Write text, shortened to `most` px; returns its width. */
    write(text, x, y, { weight = 400, size = 12, color, align = 'left', most = Infinity }) {
      if (most < 12 || !text) return 0;
      const { context } = this;
      const font = `${weight} ${size}px ${this.colors.font}`;
      if (font !== this.font) context.font = this.font = font;
      context.fillStyle = color;
      context.textAlign = align;
      context.textBaseline = 'middle';
      const shown = fitting(text, most, size, weight);
      context.fillText(shown, x, y + 0.5);
      return vk.graphTextWidth(shown, size, weight);
    }

    /** A small rounded label; `x` is its left end. Returns its width. */
    pill(text, x, y, { fill, stroke, color, size = 10.5, weight = 400, width, height = 16, dash = null }) {
      const wide = width || Math.ceil(vk.graphTextWidth(text, size, weight)) + 12;
      this.shape('pill', { x, y: y - height / 2, width: wide, height }, { fill, stroke, dash });
      this.write(text, x + wide / 2, y, { color, size, weight, align: 'center', most: wide - 8 });
      return wide;
    }

    caret(x, y, isOpen, color) {
      const { context } = this;
      context.beginPath();
      if (isOpen) (context.moveTo(x - 4, y - 2), context.lineTo(x, y + 3), context.lineTo(x + 4, y - 2));
      else (context.moveTo(x - 2, y - 4), context.lineTo(x + 3, y), context.lineTo(x - 2, y + 4));
      context.strokeStyle = color;
      context.lineWidth = 1.6;
      context.stroke();
    }

    /** A head at (x, y) that points down, or to the left. */
    arrow(x, y, isDown, color) {
      const { context } = this;
      context.beginPath();
      context.moveTo(x, y);
      context.lineTo(isDown ? x - 4 : x + 7, isDown ? y - 7 : y - 4);
      context.lineTo(isDown ? x + 4 : x + 7, isDown ? y - 7 : y + 4);
      context.closePath();
      context.fillStyle = color;
      context.fill();
    }

    dot(x, y, radius, color) {
      this.context.beginPath();
      this.context.arc(x, y, radius, 0, 2 * Math.PI);
      this.context.fillStyle = color;
      this.context.fill();
    }
  }
  vk.GraphPen = GraphPen;
})((window.vk = window.vk || {}));
