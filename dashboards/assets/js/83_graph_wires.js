/* Data flow: splines that go through the gaps, loops at the side, stubs for what goes far and wide. */
(function (vk) {
  'use strict';

  const NEAR = 150; // px of a straight edge from which its shape is told beside it

  /** Trace x, y, x, y, ...: straight where x stays, an S where it changes. */
  function trace(context, points, end) {
    context.moveTo(points[0], points[1]);
    for (let i = 2; i < points.length; i += 2) {
      const [px, py, x] = [points[i - 2], points[i - 1], points[i]];
      const y = i === points.length - 2 ? points[i + 1] - end : points[i + 1];
      if (Math.abs(px - x) < 0.5) context.lineTo(x, y);
      else {
        const middle = (py + y) / 2;
        context.bezierCurveTo(px, middle, x, middle, x, y);
      }
    }
  }

  /** Straight along the points with rounded corners: out, along the lane, and back in. */
  function traceLoop(context, points) {
    const at = (i) => [points[2 * i], points[2 * i + 1]];
    const last = points.length / 2 - 1;
    context.moveTo(...at(0));
    for (let i = 1; i < last; i++) {
      const [[px, py], [x, y], [nx, ny]] = [at(i - 1), at(i), at(i + 1)];
      const [before, after] = [Math.hypot(x - px, y - py), Math.hypot(nx - x, ny - y)];
      const bend = Math.min(8, before / 2, after / 2);
      context.lineTo(x + ((px - x) * bend) / (before || 1), y + ((py - y) * bend) / (before || 1));
      context.quadraticCurveTo(x, y, x + ((nx - x) * bend) / (after || 1), y + ((ny - y) * bend) / (after || 1));
    }
    const [x, y] = at(last);
    const isSide = at(last - 1)[1] === y;
    context.lineTo(isSide ? x + 5 : x, isSide ? y : y - 5);
  }

  class WirePainter {
    /** `scene` as the painter has it; `pen` draws. */
    constructor(pen, scene) {
      Object.assign(this, { pen, scene, colors: pen.colors });
    }

    /** "path", "other" while a path is shown, else "". */
    rank({ from, to }) {
      const { path } = this.scene;
      if (!path) return '';
      const isOn = (set) => set.has(from.node) && set.has(to.node);
      return isOn(path.up) || isOn(path.down) ? 'path' : 'other';
    }

    style(wire) {
      const { colors } = this;
      const change = wire.link.change;
      const rank = this.rank(wire);
      const kinds = { added: [colors.green, 2], removed: [colors.red, 1.3, [5, 4]], rewired: [colors.amber, 2], reshaped: [colors.amber, 2] };
      let [stroke, line, dash] = kinds[change] || [wire.kind === 'loop' ? colors.accent : colors.faint, wire.kind === 'loop' ? 1.5 : 1.3];
      if (wire.link.kind === 'inferred' || wire.link.kind === 'hidden') dash = [2, 3];
      if (rank === 'path') [stroke, line] = [change ? stroke : colors.accent, line + 0.8];
      return { stroke, line, dash, alpha: rank === 'other' ? 0.18 : change === 'removed' ? 0.75 : 1 };
    }

    paint(wire, hasText) {
      if (wire.kind === 'stub') return hasText && this.stub(wire);
      const { context } = this.pen;
      const { stroke, line, dash, alpha } = this.style(wire);
      context.globalAlpha = alpha;
      context.strokeStyle = stroke;
      context.lineWidth = Math.max(line, this.pen.thinnest);
      if (dash) context.setLineDash(dash);
      context.beginPath();
      if (wire.kind === 'loop') traceLoop(context, wire.points);
      else trace(context, wire.points, wire.kind === 'exit' ? 0 : 5);
      context.stroke();
      if (dash) context.setLineDash([]);
      this.end(wire, stroke);
      if (hasText) this.label(wire, stroke);
      context.globalAlpha = 1;
      return undefined;
    }

    end({ kind, points }, color) {
      const [x, y] = points.slice(-2);
      if (kind === 'exit') this.pen.dot(x, y, 2.5, color);
      else this.pen.arrow(x, y, kind !== 'loop' || points[points.length - 3] !== y, color);
      if (kind === 'entry') this.pen.dot(points[0], points[1], 2.5, color);
    }

    /** The shape that flows, beside an edge that goes straight down; how often, on a loop. */
    label(wire, color) {
      const { pen, colors } = this;
      const { points, link } = wire;
      if (wire.kind === 'loop') return this.turns(wire, color);
      if (this.scene.values && this.scene.values.has(link.from.id)) return undefined; // the value stands there
      const shape = link.shape ? this.shapeOf(link) : wire.kind === 'flow' && link.shape === null ? vk.outputText(link.from) : '';
      const [x0, y0, x1, y1] = [points[0], points[1], points[points.length - 2], points[points.length - 1]];
      if (!shape || shape === 'scalar' || points.length > 8 || wire.kind !== 'flow' || Math.abs(x0 - x1) > 3 || y1 - y0 > NEAR) return undefined;
      return void pen.write(shape, x1 + 8, (y0 + y1) / 2 - 1, { size: 10, color: colors.muted });
    }

    turns({ link, points, isTold }, color) {
      const text = link.from.countText;
      if (!text || !isTold) return;
      const lane = Math.max(...points.filter((_, i) => !(i % 2)));
      const heights = points.filter((_, i) => i % 2);
      const width = Math.ceil(vk.graphTextWidth(text, 10.5, 600)) + 10;
      const middle = (Math.min(...heights) + Math.max(...heights)) / 2;
      this.pen.pill(text, lane - 8, middle, { fill: this.colors.surface, stroke: color, color, weight: 600, width });
    }

    shapeOf({ shape, from }) {
      if (from.range && from.range.shape && !from.children.length) return from.range.shape;
      return shape.length ? vk.shapeText(shape) : '';
    }

    /** An edge that is told at its ends only: what it comes from, at what reads it. */
    stub(wire) {
      const { pen, colors } = this;
      const { from, to } = wire;
      const rank = this.rank(wire);
      const text = `\u2190 ${vk.nodeTitle(from.node)}`;
      const color = rank === 'path' ? colors.accent : colors.muted;
      pen.context.globalAlpha = rank === 'other' ? 0.3 : 1;
      pen.pill(text, to.x + 6, to.y - 9, { fill: colors.bg, stroke: color, color, size: 10, height: 14, dash: [2, 2] });
      pen.context.globalAlpha = 1;
    }
  }
  vk.WirePainter = WirePainter;
})((window.vk = window.vk || {}));
