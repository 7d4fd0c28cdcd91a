/* Painting the laid-out graph on a canvas: only what is in view, labels only where they can be read. */
(function (vk) {
  'use strict';

  const RADIUS = 6;
  const READABLE = 0.38; // scale below which text is left out

  function palette() {
    const token = vk.theme.token;
    return {
      bg: token('--vk-bg'),
      surface: token('--vk-surface'),
      sunken: token('--vk-sunken'),
      border: token('--vk-border'),
      strong: token('--vk-border-strong'),
      text: token('--vk-text'),
      muted: token('--vk-muted'),
      accent: token('--vk-accent'),
      font: token('--vk-font') || 'sans-serif',
    };
  }

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

    /** `scene` is {layout, overlay, view: {x, y, scale}, selected, hovered, matches}. */
    paint(scene) {
      const { context, ratio } = this;
      const { x, y, scale } = scene.view;
      this.colors = palette();
      this.scene = scene;
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, this.width, this.height);
      context.setTransform(ratio * scale, 0, 0, ratio * scale, ratio * x, ratio * y);
      this.hasText = scale > READABLE;
      scene.layout.boxes
        .filter((box) => this.isInView(box))
        .forEach((box) => (box.isOpen ? this.container(box) : this.leaf(box)));
      scene.layout.wires.forEach((wire) => this.wire(wire));
    }

    isInView(box) {
      const { x, y, scale } = this.scene.view;
      return (
        box.x * scale + x < this.width &&
        (box.x + box.width) * scale + x > 0 &&
        box.y * scale + y < this.height &&
        (box.y + box.height) * scale + y > 0
      );
    }

    // -- boxes

    outline(box, fill, shift = 0) {
      const { context } = this;
      const { selected, hovered, matches } = this.scene;
      const isSelected = selected === box.node.id;
      context.beginPath();
      context.roundRect(box.x + shift, box.y + shift, box.width, box.height, RADIUS);
      context.fillStyle = fill;
      context.fill();
      const isFound = matches && matches.has(box.node.id);
      context.lineWidth = isSelected ? 2.5 : isFound ? 2 : 1;
      context.strokeStyle =
        isSelected || isFound ? this.colors.accent : hovered === box.node.id ? this.colors.text : this.colors.strong;
      context.setLineDash(box.node.isStack && box.isOpen ? [5, 4] : []);
      context.stroke();
      context.setLineDash([]);
    }

    container(box) {
      const { colors } = this;
      const { overlay } = this.scene;
      this.outline(box, box.node.depth % 2 ? colors.bg : colors.surface);
      if (!this.hasText) return;
      const middle = box.y + vk.graphHeader / 2;
      const title = this.write(vk.nodeTitle(box.node), box.x + 26, middle, {
        weight: 600,
        color: colors.text,
        most: box.width - 120,
      });
      this.caret(box.x + 14, middle, true);
      if (box.node.id !== '')
        this.write(box.node.op, box.x + 34 + title, middle, { color: colors.muted, most: box.width - title - 120 });
      this.chip(overlay, box, middle);
    }

    /** The container's own value as a coloured pill in its header. */
    chip(overlay, box, middle) {
      const text = overlay.text(box.node);
      const right = box.x + box.width - 10;
      if (!text) {
        if (box.node.parameters)
          this.write(vk.format.si(box.node.parameters), right, middle, { align: 'right', color: this.colors.muted });
        return;
      }
      const { context } = this;
      const value = overlay.of(box.node);
      context.font = `11px ${this.colors.font}`;
      const width = context.measureText(text).width + 12;
      context.beginPath();
      context.roundRect(right - width, middle - 9, width, 18, 9);
      context.fillStyle = overlay.scale.css(value);
      context.fill();
      this.write(text, right - 6, middle, { align: 'right', color: overlay.scale.ink(value), size: 11 });
    }

    leaf(box) {
      const { colors } = this;
      const { overlay } = this.scene;
      const { node } = box;
      const value = overlay.of(node);
      const isColored = !Number.isNaN(value) && !vk.isFrozen(node);
      const fill = isColored ? overlay.scale.css(value) : vk.isFrozen(node) ? colors.sunken : colors.surface;
      const ink = isColored ? overlay.scale.ink(value) : vk.isFrozen(node) ? colors.muted : colors.text;
      if (node.isStack) [6, 3].forEach((shift) => this.outline(box, fill, shift));
      this.outline(box, fill);
      if (!this.hasText) return;
      this.leafText(box, ink, isColored ? ink : colors.muted);
    }

    leafText(box, ink, faint) {
      const { node } = box;
      const { overlay } = this.scene;
      const isTall = node.parameters > 0;
      const first = isTall ? box.y + 15 : box.y + box.height / 2;
      const indent = node.children.length ? 26 : 12;
      if (node.children.length) this.caret(box.x + 14, first, false, ink);
      const right = box.x + box.width - 12;
      const title = node.isStack ? `${vk.nodeTitle(node)}  \u00d7${node.children.length}` : vk.nodeTitle(node);
      const used = this.write(title, box.x + indent, first, { weight: 600, color: ink, most: box.width - indent - 50 });
      this.write(node.op, right, first, { align: 'right', color: faint, most: box.width - indent - used - 22 });
      if (!isTall) return;
      const second = box.y + box.height - 14;
      this.write(`${vk.format.si(node.parameters)} parameters`, box.x + indent, second, { color: faint, size: 11 });
      const text = vk.isFrozen(node) ? 'frozen' : overlay.key === 'parameters' ? '' : overlay.text(node);
      this.write(text, right, second, { align: 'right', color: ink, size: 11, weight: 600 });
    }

    caret(x, y, isOpen, color = this.colors.muted) {
      const { context } = this;
      context.beginPath();
      if (isOpen) (context.moveTo(x - 4, y - 2), context.lineTo(x, y + 3), context.lineTo(x + 4, y - 2));
      else (context.moveTo(x - 2, y - 4), context.lineTo(x + 3, y), context.lineTo(x - 2, y + 4));
      context.strokeStyle = color;
      context.lineWidth = 1.6;
      context.stroke();
    }

    /** Write text, shortened in the middle to `most` pixels; returns its width. */
    write(text, x, y, { weight = 400, size = 12, color, align = 'left', most = Infinity }) {
      const { context } = this;
      context.font = `${weight} ${size}px ${this.colors.font}`;
      context.fillStyle = color;
      context.textAlign = align;
      context.textBaseline = 'middle';
      let shown = text;
      let keep = text.length;
      while (context.measureText(shown).width > most && keep > 3) {
        keep -= 1;
        shown = `${text.slice(0, Math.ceil(keep / 2))}\u2026${text.slice(text.length - Math.floor(keep / 2))}`;
      }
      if (most < 12) return 0;
      context.fillText(shown, x, y + 0.5);
      return context.measureText(shown).width;
    }

    // -- data flow

    arrow(x, y, isDown) {
      const { context } = this;
      context.beginPath();
      context.moveTo(x, y);
      context.lineTo(isDown ? x - 4 : x + 7, isDown ? y - 7 : y - 4);
      context.lineTo(isDown ? x + 4 : x + 7, isDown ? y - 7 : y + 4);
      context.fill();
    }

    wire({ x0, y0, x1, y1, around, shape }) {
      const { context, colors } = this;
      context.lineWidth = 1.3;
      context.strokeStyle = context.fillStyle = colors.muted;
      context.beginPath();
      context.moveTo(x0, y0);
      if (around === null) {
        const middle = (y0 + y1) / 2;
        context.bezierCurveTo(x0, middle, x1, middle, x1, y1 - 5);
      } else {
        context.arcTo(around, y0, around, y1, RADIUS);
        context.arcTo(around, y1, x1, y1, RADIUS);
        context.lineTo(x1 + 5, y1);
      }
      context.stroke();
      this.arrow(x1, y1, around === null);
      if (shape && this.hasText && Math.abs(x0 - x1) < 60)
        this.write(shape, x1 + 8, (y0 + y1) / 2, { size: 10, color: colors.muted });
    }
  }
  vk.GraphPainter = GraphPainter;
})((window.vk = window.vk || {}));
