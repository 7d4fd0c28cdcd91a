/* Painting the laid-out graph: only what is in view, labels only where they can be read. */
(function (vk) {
  'use strict';

  const READABLE = 0.36; // scale below which text is left out
  /** Operations that compute nothing: they only say the same numbers in another shape. */
  const PLUMBING = new Set(
    `view unsafeview reshape reshapealias transpose t permute expand squeeze unsqueeze clone contiguous select slice
      asstrided tocopy alias detach flatten identity`.split(/\s+/),
  );
  const isPlumbing = ({ op }) => PLUMBING.has(op.replace(/_/g, '').toLowerCase());
  const SPECK = 2.5; // px of a container on the screen below which its inside is left out

  class GraphPainter {
    constructor(canvas) {
      this.canvas = canvas;
      this.context = canvas.getContext('2d');
    }

    resize(width, height) {
      this.ratio = window.devicePixelRatio || 1;
      this.canvas.width = Math.round(width * this.ratio);
      this.canvas.height = Math.round(height * this.ratio);
      Object.assign(this, { width, height });
    }

    /** `scene` is {layout, overlay, view: {x, y, scale}, selected, hovered, matches, path, pins, values}. */
    paint(scene) {
      const { context, ratio } = this;
      const { x, y, scale } = scene.view;
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, this.width, this.height);
      context.setTransform(ratio * scale, 0, 0, ratio * scale, ratio * x, ratio * y);
      const view = { left: -x / scale, top: -y / scale, right: (this.width - x) / scale, bottom: (this.height - y) / scale };
      return new GraphPicture(context, scene, view, scale).draw();
    }
  }
  vk.GraphPainter = GraphPainter;

  /** One drawing of the graph, on the screen or into a file. */
  class GraphPicture {
    constructor(context, scene, view, scale) {
      this.pen = new vk.GraphPen(context, vk.graphPalette(), 0.6 / scale);
      this.colors = this.pen.colors;
      Object.assign(this, { scene, view, scale, hasText: scale > READABLE, drawn: 0 });
      this.wires = new vk.WirePainter(this.pen, scene);
      this.marks = new vk.MarkPainter(this.pen, scene);
    }

    /** Returns how many boxes were drawn. */
    draw() {
      this.box(this.scene.layout.root);
      return this.drawn;
    }

    isInView({ x, y, width, height }, margin = 0) {
      const { left, top, right, bottom } = this.view;
      return x - margin < right && x + width + margin > left && y - margin < bottom && y + height + margin > top;
    }

    box(box) {
      if (!this.isInView(box, 24)) return;
      this.drawn += 1;
      this.pen.context.globalAlpha = this.alphaOf(box);
      if (!box.isOpen) this.leaf(box);
      else this.container(box);
      this.pen.context.globalAlpha = 1;
      if (box.isOpen && box.width * this.scale > SPECK) this.inside(box);
      this.marks.over(box, this.hasText);
    }

    inside(box) {
      box.kids.forEach((kid) => this.box(kid));
      const detail = box.height * this.scale > 12;
      if (detail) for (const wire of box.wires) if (this.reaches(wire)) this.wires.paint(wire, this.hasText);
    }

    /** Whether a wire's ends span something in view. */
    reaches({ from, to, points }) {
      if (!points) return this.isInView(to, 24);
      const [y0, y1] = [points[1], points[points.length - 1]];
      const { left, top, right, bottom } = this.view;
      if (Math.min(y0, y1) > bottom || Math.max(y0, y1) < top) return false;
      let [low, high] = [Math.min(from.x, to.x), Math.max(from.x + from.width, to.x + to.width)];
      for (let i = 0; i < points.length; i += 2) ((low = Math.min(low, points[i])), (high = Math.max(high, points[i])));
      return low < right && high > left;
    }

    alphaOf({ node }) {
      const { path } = this.scene;
      if (node.change === 'removed') return 0.55;
      return path && !path.up.has(node) && !path.down.has(node) ? 0.35 : 1;
    }

    /** The overlay's value of a node, NaN where it has none; colours may be one model behind for a frame. */
    value(node) {
      const value = this.scene.overlay.of(node);
      return value === undefined || value === null ? NaN : value;
    }

    /** Whether a node is told to be frozen rather than its value: where values are of parameters. */
    isFrozen(node) {
      return vk.isFrozen(node) && (this.scene.overlay.by || 'parameter') === 'parameter';
    }

    text(node) {
      return Number.isNaN(this.value(node)) ? '' : this.scene.overlay.text(node);
    }

    /** The part of a large box that is near the view: dashes along 100,000 px would cost more than all the rest. */
    shownPart({ x, y, width, height }) {
      const { left, top, right, bottom } = this.view;
      const cut = (start, length, low, high) => {
        const from = Math.max(start, start + 90 * Math.floor((low - 90 - start) / 90)); // whole dashes
        return [from, Math.min(start + length, high + 90) - from];
      };
      const [across, down] = [cut(x, width, left, right), cut(y, height, top, bottom)];
      return { x: across[0], y: down[0], width: across[1], height: down[1] };
    }

    // -- containers

    container(box) {
      const { pen, colors } = this;
      const { node } = box;
      if (node.isFrame) return;
      const fill = node.depth % 2 ? colors.bg : colors.surface;
      pen.shape('box', this.shownPart(box), { fill, ...this.marks.outline(node), dash: node.isStack ? [5, 4] : node.state === 'no_grad' ? [4, 3] : null });
      if (!this.hasText) return;
      const middle = box.y + vk.graphChrome.header / 2;
      const title = vk.nodeTitle(node) + (node.countText ? `  ${node.countText}` : '');
      const used = pen.write(title, box.x + 26, middle, { weight: 600, color: colors.text, most: box.width - 120 });
      pen.caret(box.x + 14, middle, true, colors.muted);
      if (node.id !== '') pen.write(node.op, box.x + 34 + used, middle, { color: colors.muted, most: box.width - used - 120 });
      this.chip(box, middle);
    }

    /** The container's own value as a coloured pill in its header. */
    chip({ node, x, width }, middle) {
      const { pen, colors } = this;
      const { overlay } = this.scene;
      const text = this.text(node);
      const right = x + width - 10;
      if (text) {
        const value = overlay.of(node);
        const wide = vk.graphTextWidth(text, 11) + 12;
        pen.pill(text, right - wide, middle, { fill: overlay.scale.css(value), color: overlay.scale.ink(value), size: 11, width: wide, height: 18 });
      } else if (node.parameters)
        pen.write(vk.format.si(node.parameters), right, middle, { align: 'right', color: colors.muted, size: 11 });
    }

    // -- leaves

    leaf(box) {
      const { node, face } = box;
      const { overlay } = this.scene;
      const value = this.value(node);
      const isColored = !Number.isNaN(value) && !this.isFrozen(node);
      const look = this.look(node, face);
      if (isColored) Object.assign(look, { fill: overlay.scale.css(value), ink: overlay.scale.ink(value), faint: overlay.scale.ink(value) });
      if (!this.hasText && !isColored && look.fill !== this.colors.accent) look.fill = look.stroke = this.farFill(node);
      const mark = this.marks.outline(node, look.stroke);
      const edge = { fill: look.fill, ...mark, dash: mark.dash || look.dash };
      if (node.isStack) for (const shift of [6, 3]) this.pen.shape(face.shape, { ...box, x: box.x + shift, y: box.y + shift }, edge);
      this.pen.shape(face.shape, box, edge);
      if (node.isSelfLoop || (node.hasLoop && node.count > 1)) this.selfLoop(box);
      if (!this.hasText) return;
      if (face.shape === 'circle') this.pen.write(face.title, box.x + box.width / 2, box.y + box.height / 2, { align: 'center', color: look.ink, size: face.title.length > 2 ? 11 : 15 });
      else this.leafText(box, look, isColored);
    }

    /** From afar, boxes without colours are grey: outlines would be too faint to see. */
    farFill(node) {
      const { colors } = this;
      if (node.change) return this.marks.colorOf(node.change);
      return vk.isFrozen(node) || node.isIdle || isPlumbing(node) ? colors.border : colors.strong;
    }

    /** Colours of a box that no overlay colours. */
    look(node, { shape }) {
      const { colors } = this;
      const isQuiet = vk.isFrozen(node) || node.isIdle || node.state === 'frozen' || node.state === 'unused';
      const plain = { fill: colors.surface, stroke: colors.strong, ink: colors.text, faint: colors.muted, dash: node.state === 'no_grad' ? [4, 3] : null };
      if (isQuiet) return { ...plain, fill: colors.sunken, ink: colors.muted, dash: node.isIdle ? [2, 3] : null };
      if (shape === 'loss') return { ...plain, fill: colors.accent, stroke: colors.accent, ink: colors.onAccent, faint: colors.onAccent };
      if (shape === 'input' || shape === 'output' || shape === 'parameter') return { ...plain, fill: colors.soft, stroke: colors.accent };
      if (isPlumbing(node)) return { ...plain, fill: colors.bg, stroke: colors.border, ink: colors.muted };
      if (shape === 'pill' || shape === 'circle') return { ...plain, fill: colors.sunken, stroke: node.kind === 'function' ? colors.accent : colors.strong };
      return plain;
    }

    selfLoop({ x, y, width, height }) {
      const { context } = this.pen;
      const [right, middle] = [x + width, y + height / 2];
      context.beginPath();
      context.moveTo(right, middle + 8);
      context.bezierCurveTo(right + 20, middle + 14, right + 20, middle - 14, right + 5, middle - 7);
      context.strokeStyle = this.colors.accent;
      context.lineWidth = 1.5;
      context.stroke();
      this.pen.arrow(right, middle - 7, false, this.colors.accent);
    }

    leafText(box, { ink, faint }, isColored) {
      const { pen } = this;
      const { node, face } = box;
      const lean = { input: -3, output: 3 }[face.shape] || 0;
      const first = face.isTall ? box.y + 15 : box.y + box.height / 2 + lean;
      const isCentred = face.shape === 'pill';
      if (node.children.length) pen.caret(box.x + 14, first, false, ink);
      const right = box.x + box.width - 12;
      const used = isCentred
        ? pen.write(face.title, box.x + box.width / 2, first, { align: 'center', color: ink, most: box.width - 16 })
        : pen.write(face.title, box.x + face.indent, first, { weight: 600, color: ink, most: box.width - face.indent - (face.right ? Math.min(vk.graphTextWidth(face.right, 11), 40) + 8 : 0) - 10 });
      if (face.right) pen.write(face.right, right, first, { align: 'right', color: faint, size: face.shape === 'box' ? 12 : 11, most: box.width - face.indent - used - 22 });
      if (face.isTall) this.secondLine(box, { ink, faint }, isColored);
    }

    secondLine(box, { ink, faint }, isColored) {
      const { pen } = this;
      const { node, face } = box;
      const y = box.y + box.height - 14;
      const text = this.isFrozen(node) ? 'frozen' : this.scene.overlay.key === 'parameters' ? '' : this.text(node);
      const right = box.x + box.width - 12;
      const used = face.shape === 'box' ? pen.write(text, right, y, { align: 'right', color: ink, size: 11, weight: 600 }) : 0;
      if (face.second) pen.write(face.second, box.x + face.indent, y, { color: faint, size: 11, most: box.width - face.indent - used - 18 });
      const isCentred = face.shape === 'pill';
      const room = isCentred ? box.width - 12 : right - used - (used ? 6 : -6) - box.x - face.indent + 4;
      this.badges(face.pills, isCentred ? box.x + 6 : box.x + face.indent - 4, y, room, isCentred, isColored ? ink : null);
    }

    /** Parameters on what reads them, as far as there is room; the rest as a number. */
    badges(pills, left, y, room, isCentred, ink) {
      const { pen, colors } = this;
      const widthOf = (count) => pills.slice(0, count).reduce((sum, { width }) => sum + width + 4, count < pills.length ? 18 : -4);
      let shown = pills.length;
      while (shown > 0 && widthOf(shown) > room) shown -= 1;
      let at = isCentred ? left + (room - widthOf(shown)) / 2 : left;
      for (const { text, width, state } of pills.slice(0, shown)) {
        const isQuiet = state === 'frozen' || state === 'unused';
        const color = ink || (isQuiet ? colors.muted : colors.accent);
        const fill = ink ? null : isQuiet ? colors.sunken : colors.soft;
        pen.pill(text, at, y, { fill, stroke: ink || (isQuiet ? colors.strong : null), color, width, dash: isQuiet ? [2, 2] : null });
        at += width + 4;
      }
      if (shown < pills.length) pen.write(`+${pills.length - shown}`, at + 2, y, { size: 10.5, color: ink || colors.muted });
    }
  }
  vk.GraphPicture = GraphPicture;
})((window.vk = window.vk || {}));
