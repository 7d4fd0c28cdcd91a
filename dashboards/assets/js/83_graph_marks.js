/* Marks on boxes: selected, found, changed, pinned findings, and the values of a tiny graph. */
(function (vk) {
  'use strict';

  const SIGNS = { added: '+', removed: '\u2212', reshaped: '\u25ad', rewired: '\u21c4' };

  /** "1.23", "-4.5e-4": four characters or a few more. */
  function shortNumber(value) {
    if (!Number.isFinite(value)) return String(value);
    const size = Math.abs(value);
    return size !== 0 && (size < 0.01 || size >= 1e4) ? value.toExponential(1).replace('e+', 'e') : String(Number(value.toFixed(2)));
  }

  class MarkPainter {
    constructor(pen, scene) {
      Object.assign(this, { pen, scene, colors: pen.colors });
    }

    colorOf(change) {
      const { colors } = this;
      return { added: colors.green, removed: colors.red, reshaped: colors.amber, rewired: colors.amber }[change];
    }

    /** {stroke, line} of a node's outline: selected before found before changed before hovered. */
    outline(node, stroke = this.colors.strong) {
      const { selected, hovered, matches, focus } = this.scene;
      const { colors } = this;
      if (selected === node.id) return { stroke: colors.accent, line: 2.5 };
      if (focus === node.id) return { stroke: colors.accent, line: 2 };
      if (matches && matches.has(node.id)) return { stroke: colors.accent, line: 2 };
      if (node.change) return { stroke: this.colorOf(node.change), line: 2, dash: node.change === 'removed' ? [5, 4] : null };
      return hovered === node.id ? { stroke: colors.text, line: 1.2 } : { stroke, line: 1 };
    }

    /** What stands over a box: its change, what changed below, its pins, its values. */
    over(box, hasText) {
      const { node } = box;
      this.change(box, hasText);
      this.pin(box, hasText);
      const values = this.scene.values && this.scene.values.get(node.id);
      if (values && hasText && !box.isOpen) this.values(box, values);
      if (this.scene.matches && this.scene.matches.has(node.id)) this.found(box);
    }

    change(box, hasText) {
      const { pen, colors } = this;
      const { node, x, y } = box;
      if (!hasText) return;
      if (node.change) {
        const color = this.colorOf(node.change);
        pen.dot(x, y, 8, color);
        return void pen.write(SIGNS[node.change], x, y, { color: colors.surface, weight: 700, align: 'center', size: 12 });
      }
      const below = Object.entries(node.changes || {});
      if (!below.length || (box.isOpen && node.id === '')) return undefined;
      let at = x + 8;
      for (const [change, count] of below) {
        const text = `${SIGNS[change]} ${count} ${change}`;
        at += 4 + pen.pill(text, at, y - 5, { fill: colors.surface, stroke: this.colorOf(change), color: this.colorOf(change), size: 10.5, weight: 600 });
      }
      return undefined;
    }

    /** A finding that names this node: a triangle for an error or a warning, told in words by the page. */
    pin(box) {
      const { pins } = this.scene;
      const pinned = pins && pins.get(box.node.id);
      if (!pinned) return;
      const { context } = this.pen;
      const color = pinned.level === 'error' ? this.colors.red : pinned.level === 'warning' ? this.colors.amber : this.colors.blue;
      const [x, y] = [box.x + box.width - 2, box.y];
      context.beginPath();
      context.moveTo(x, y - 11);
      context.lineTo(x + 11, y + 8);
      context.lineTo(x - 11, y + 8);
      context.closePath();
      context.fillStyle = color;
      context.strokeStyle = this.colors.surface;
      context.lineWidth = 1.5;
      context.fill();
      context.stroke();
      this.pen.write('!', x, y + 1.5, { color: this.colors.surface, weight: 700, size: 12, align: 'center' });
    }

    found({ x, y, width, height }) {
      this.pen.shape('box', { x: x - 3, y: y - 3, width: width + 6, height: height + 6 }, { stroke: this.colors.accent, line: 1, dash: [3, 3] });
    }

    /** The value above in one hue, its gradient below in another, beside the edge that leaves. */
    values({ x, y, width, height }, { value, grad }) {
      const { pen, colors } = this;
      const [left, top] = [x + width / 2 + 7, y + height];
      if (value !== undefined) pen.write(shortNumber(value), left, top + 9, { color: colors.blue, size: 11.5, weight: 600 });
      if (grad !== undefined) pen.write(`\u2207 ${shortNumber(grad)}`, left, top + 23, { color: colors.amber, size: 11.5, weight: 600 });
    }
  }
  vk.MarkPainter = MarkPainter;
})((window.vk = window.vk || {}));
