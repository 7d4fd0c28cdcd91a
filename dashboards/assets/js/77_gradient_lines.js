/* What the gradients page can show of a parameter, and the charts below its heatmap. */
(function (vk) {
  'use strict';

  const MOST_LINES = 12;
  const DEFAULT_LINES = 5;
  const HEIGHT = 240;

  vk.GRADIENT_METRICS = {
    grad_norm: {
      label: 'gradient norm',
      isRatio: false,
      sentence:
        "L2 norm of each parameter's gradient, before clipping. " +
        'Click a cell to go back to that step; drag over names to compare their lines.',
    },
    update_ratio: {
      label: 'update/weight ratio',
      isRatio: true,
      bands: [{ y0: 1e-4, y1: 1e-2, label: 'healthy' }],
      sentence:
        'How far one step moves a parameter relative to its own size: about 1e-3 is healthy, ' +
        '1e-4 to 1e-2 is shaded in the lines (CS231n notes, \u201cNeural Networks Part 3\u201d).',
    },
    weight_norm: {
      label: 'weight norm',
      isRatio: false,
      sentence: 'L2 norm of each parameter. Steady growth asks for weight decay, a collapse to zero for less of it.',
    },
  };

  /** `count` of `names`, evenly from first to last; weights before biases. */
  function spread(names, count) {
    const weights = names.filter((name) => !name.endsWith('bias'));
    const from = weights.length >= 2 ? weights : names;
    const places = Array.from({ length: count }, (_, i) => Math.round((i * (from.length - 1)) / (count - 1)));
    return [...new Set(places)].map((place) => from[place]);
  }

  /** Two charts: lines of the brushed parameters, and the norm of all gradients together. */
  class GradientLines {
    constructor() {
      const [lines, global] = [vk.el('div', { class: 'vk-chart-cell' }), vk.el('div', { class: 'vk-chart-cell' })];
      this.note = vk.el('p', { class: 'vk-page-hint' });
      this.lines = new vk.ChartSlot(lines);
      this.global = new vk.ChartSlot(global);
      lines.append(this.note);
      this.el = vk.el('div', { class: 'vk-chart-row' }, lines, global);
      this.chosen = [];
      this.off = vk.tags.onChange(() => this.draw());
    }

    destroy() {
      this.off();
      this.lines.clear();
      this.global.clear();
    }

    /** Draw for `run`, whose parameters are `names`; `metric` is {key, label, bands?}. */
    show(run, names, metric) {
      Object.assign(this, { run, names, metric });
      this.draw();
    }

    select(names) {
      this.chosen = names;
      this.draw();
    }

    draw() {
      if (!this.run) return;
      this.drawLines();
      this.drawGlobal();
    }

    drawLines() {
      const { run, metric } = this;
      const known = new Set(this.names);
      const chosen = this.chosen.filter((name) => known.has(name));
      const names = chosen.length ? chosen : spread(this.names, DEFAULT_LINES);
      const palette = vk.colors.palette();
      const series = names.slice(0, MOST_LINES).map((name, i) => {
        return { run, tag: `${metric.key}/${name}`, label: name, color: palette[i % palette.length] };
      });
      this.note.textContent = this.noteFor(names, chosen);
      this.lines.show({ title: metric.label, height: HEIGHT, logY: true, bands: metric.bands, series });
    }

    noteFor(names, chosen) {
      if (!chosen.length) return `${names.length} parameters spread over the depth. Drag over names to choose others.`;
      return names.length > MOST_LINES ? `The first ${MOST_LINES} of ${names.length} selected parameters` : '';
    }

    /** Before and after clipping; the clipped norm only where the run has it. */
    drawGlobal() {
      const { run } = this;
      const tags = vk.tags.of(run);
      if (!tags) return vk.tags.load(run);
      const has = (tag) => tags.some((row) => row.tag === tag);
      const [first, second] = vk.colors.palette();
      const label = has('grad_norm_clipped') ? 'before clipping' : 'all parameters';
      const before = { run, tag: 'grad_norm', label, color: first };
      const after = { run, tag: 'grad_norm_clipped', label: 'after clipping', color: second, dash: 'dash' };
      const series = [before, after].filter(({ tag }) => has(tag));
      const title = series.length === 2 ? 'global gradient norm, before and after clipping' : 'global gradient norm';
      this.global.show(series.length ? { title, height: HEIGHT, logY: true, series } : null);
    }
  }
  vk.GradientLines = GradientLines;
})((window.vk = window.vk || {}));
