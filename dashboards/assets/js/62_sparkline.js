/* A line the size of a word. Spikes stay (the data is min/max-true) and every non-finite value is a magenta tick. */
(function (vk) {
  'use strict';

  const WIDTH = 100;
  const HEIGHT = 28;
  const NAMESPACE = 'http://www.w3.org/2000/svg';

  function svg(tag, attributes) {
    const node = document.createElementNS(NAMESPACE, tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  }

  function finiteRange(values) {
    let low = Infinity;
    let high = -Infinity;
    for (const value of values) {
      if (!Number.isFinite(value)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    return low <= high ? [low, high] : null;
  }

  /** Map values to 0..1: logarithmic when they are positive and span more than two decades. */
  function unitScale([low, high]) {
    if (low > 0 && high / low > 100) {
      const bottom = Math.log(low);
      const span = Math.log(high) - bottom;
      return (value) => (Math.log(value) - bottom) / span;
    }
    return high > low ? (value) => (value - low) / (high - low) : () => 0.5;
  }

  class Sparkline {
    constructor(el, { label, color }) {
      this.label = label;
      this.svg = svg('svg', { class: 'vk-spark', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img' });
      this.line = svg('path', { class: 'vk-spark-line', stroke: color || 'currentColor' });
      this.dot = svg('path', { class: 'vk-spark-dot', stroke: color || 'currentColor' });
      this.marks = svg('path', { class: 'vk-spark-marks' });
      this.svg.append(this.line, this.marks, this.dot);
      el.append(this.svg);
    }

    /** Draw `value` over `x`; `[from, to]` is the range of x the whole width stands for. */
    draw(x, value, [from, to] = [x[0], x[x.length - 1]]) {
      const range = finiteRange(value);
      const y = range ? unitScale(range) : () => 0.5;
      const toX = (at) => ((at - from) / Math.max(to - from, 1e-12)) * (WIDTH - 4) + 2;
      const toY = (at) => HEIGHT - 4 - y(at) * (HEIGHT - 8);
      let path = '';
      let marks = '';
      let pen = 'M';
      let dot = '';
      let lost = 0;
      for (let i = 0; i < x.length; i++) {
        const left = toX(x[i]).toFixed(2);
        if (Number.isFinite(value[i])) {
          const point = `${left} ${toY(value[i]).toFixed(2)}`;
          path += pen + point;
          dot = `M${point}h0`;
          pen = 'L';
        } else {
          marks += `M${left} 2V${HEIGHT - 2}`;
          pen = 'M';
          lost += 1;
        }
      }
      this.line.setAttribute('d', path);
      this.marks.setAttribute('d', marks);
      this.dot.setAttribute('d', dot);
      this.describe(range, x, lost);
    }

    describe(range, x, lost) {
      const words = range ? `${vk.format.exact(range[0])} to ${vk.format.exact(range[1])}` : 'no finite value';
      const trouble = lost ? `, ${lost} non-finite` : '';
      this.svg.setAttribute('aria-label', `${this.label}: ${words}${trouble}`);
      this.svg.dataset.vkPoints = x.length;
      this.svg.dataset.vkNonfinite = lost;
      if (x.length) this.svg.dataset.vkLastStep = x[x.length - 1];
    }
  }
  vk.Sparkline = Sparkline;
})((window.vk = window.vk || {}));
