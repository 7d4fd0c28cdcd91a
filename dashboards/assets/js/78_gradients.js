/* Gradients: which layers learn, when. The heatmap is the page; brushed rows become lines below it. */
(function (vk) {
  'use strict';

  const PAGE = 'gradients';
  const LIVE_MS = 250;
  class Gradients {
    constructor(root) {
      this.root = root;
      root.classList.add('vk-page-body');
      this.lines = new vk.GradientLines();
      root.append(this.head(), this.hint(), this.message(), this.card(), this.lines.el);
      this.filterRows();
      this.showFindings();
      this.load = vk.paced(LIVE_MS, () => this.fetch());
      this.offs = [
        vk.whileShown(PAGE, ['runs', 'runsLoaded', 'selected', 'focusRun', 'until', 'zoom', 'gradMetric'], () => this.sync()),
        vk.store.on(['theme'], () => this.recolor()),
        vk.store.on(['findings', 'until', 'focusRun'], () => this.showFindings()),
        vk.store.on(['gradRows'], () => this.filterRows()),
      ];
    }

    destroy() {
      this.offs.forEach((off) => off());
      this.metrics.off();
      this.load.stop();
      this.heatmap.destroy();
      this.lines.destroy();
    }

    // -- the parts of the page

    head() {
      this.metrics = vk.choice(
        'What the colours show',
        'gradMetric',
        Object.entries(vk.GRADIENT_METRICS).map(([key, { label }]) => [key, label]),
      );
      this.picker = new vk.RunPicker();
      return vk.el('header', { class: 'vk-page-head' }, vk.el('h1', {}, 'Gradients'), this.picker.el, this.metrics.el);
    }

    hint() {
      this.sentence = vk.el('p', { class: 'vk-page-hint' });
      return this.sentence;
    }

    message() {
      this.empty = vk.el('div', { class: 'vk-page-empty' });
      return this.empty;
    }

    card() {
      this.legend = vk.el('div', { class: 'vk-heat-legend' });
      const button = (word, act) => vk.el('button', { type: 'button', class: 'vk-button', onclick: act }, word);
      this.rowFilter = vk.patternBox('Filter rows', 'filter rows', (gradRows) => vk.store.set({ gradRows }));
      const tools = vk.el(
        'div',
        { class: 'vk-heat-tools' },
        this.rowFilter.el,
        button('Fold all', () => this.heatmap.foldAll()),
        button('Unfold all', () => this.heatmap.unfoldAll()),
      );
      const plot = vk.el('div', {});
      this.skeleton = vk.el('div', { class: 'vk-skeleton vk-skeleton-heat', 'aria-hidden': 'true' });
      this.heatCard = vk.el(
        'section',
        { class: 'vk-card vk-heat-card', 'aria-label': 'Heatmap' },
        vk.el('div', { class: 'vk-heat-bar' }, this.legend, tools),
        this.skeleton,
        plot,
      );
      this.heatmap = new vk.Heatmap(plot, {
        name: 'Heatmap, parameters by steps',
        on: { pick: ({ step }) => vk.playhead.set(step), select: (names) => this.lines.select(names) },
      });
      return this.heatCard;
    }

    // -- following the store

    /** Of the gradients: a bad loss alone has no place among the parameters. */
    showFindings() {
      const { focusRun } = vk.store.get();
      this.heatmap.pins.set(focusRun ? vk.knownFindings(focusRun).filter(({ parameters }) => parameters.length) : []);
    }

    filterRows() {
      this.heatmap.setFilter(this.rowFilter.set(vk.store.get().gradRows));
    }

    metric() {
      const key = vk.store.get().gradMetric;
      return { key, ...vk.GRADIENT_METRICS[key] };
    }

    sync() {
      const { focusRun, runs, runsLoaded } = vk.store.get();
      this.picker.update();
      this.sentence.textContent = this.metric().sentence;
      if (!runsLoaded) return;
      if (!focusRun) return this.showNothing(runs.length ? 'selection' : 'runs');
      const { run, points, last_step } = vk.runs.byName(focusRun) || {};
      const { until, zoom } = vk.store.get();
      const question = JSON.stringify([run, this.metric().key, until, zoom, until === null ? [points, last_step] : null]);
      if (question === this.question) return;
      this.question = question;
      if (this.heatmap.heat) this.heatmap.setKnown(until);
      this.load();
    }

    showNothing(why) {
      this.question = null;
      vk.teach(this.empty, why);
      this.setShown(false);
      this.root.dataset.vkRows = 0;
      this.root.dataset.vkReady = '1';
    }

    setShown(isShown) {
      this.heatCard.hidden = this.lines.el.hidden = this.sentence.hidden = !isShown;
      if (isShown) vk.unteach(this.empty);
    }

    /** Columns: one per step up to what the width can show; as wide at the playhead as they are live. */
    range(record) {
      const { axis, zoom } = vk.store.get();
      const [first, last] = axis === 'step' && zoom ? zoom : [record.first_step, record.last_step];
      const width = Math.max(120, this.root.clientWidth * 0.6);
      const [x_min, x_max] = [Math.floor(first), Math.ceil(last)];
      const known = Math.min(x_max, vk.store.get().until ?? x_max) - x_min + 1;
      const columns = Math.min(600, Math.floor(width), x_max - x_min + 1);
      return { x_min, x_max, columns: Math.max(1, Math.ceil((columns * known) / (x_max - x_min + 1))) };
    }

    async fetch() {
      const run = vk.store.get().focusRun;
      const record = run && vk.runs.byName(run);
      if (!record) return;
      const metric = this.metric();
      const { until } = vk.store.get();
      try {
        const range = this.range(record);
        const known = await vk.readHeat(run, metric.key, range);
        const heat = until === null ? known : vk.padHeat(known, range.x_max);
        if (run !== vk.store.get().focusRun || metric.key !== this.metric().key) return this.load();
        if (heat.names.length) this.show(heat, metric, record, until);
        else if (metric.key === 'grad_norm') this.showNothing('gradients');
        else this.showMissing(metric);
      } catch (error) {
        this.setShown(false);
        vk.showError(this.empty, error);
      }
    }

    showMissing(metric) {
      this.setShown(true);
      this.heatCard.hidden = true;
      vk.emptyState(this.empty, {
        title: `This run carries no ${metric.label}`,
        body: 'vizkit.watch logs it on a schedule; gradient norms come with every step.',
      });
      this.root.dataset.vkRows = 0;
      this.root.dataset.vkReady = '1';
    }

    show(heat, metric, record, until) {
      this.setShown(true);
      this.skeleton.hidden = true;
      this.heatmap.show(heat, metric, until);
      this.showLegend(metric);
      this.lines.show(record.run, heat.names, metric);
      const { vkRows, vkColumns, vkLastStep, vkPaintMs } = this.heatmap.el.dataset;
      Object.assign(this.root.dataset, {
        vkRows,
        vkColumns,
        vkLastStep,
        vkPaintMs,
        vkParameters: heat.names.length,
        vkUntil: until ?? '',
        vkMetric: metric.key,
        vkReady: '1',
      });
    }

    showLegend(metric) {
      const extras = [
        ['vk-swatch-nonfinite', 'non-finite'],
        ['vk-swatch-empty', 'no data'],
      ];
      const unit = metric.isRatio ? '' : ', L2';
      this.legend.replaceChildren(vk.legend(this.heatmap.scale, `${metric.label}${unit}`, extras));
    }

    recolor() {
      if (!this.heatmap.heat) return;
      this.heatmap.regrid();
      this.showLegend(this.metric());
      this.lines.draw();
    }
  }

  vk.onStart(() => {
    vk.url.bind(
      'gradMetric',
      'metric',
      { parse: (text) => (vk.GRADIENT_METRICS[text] ? text : 'grad_norm'), format: (value) => value },
      'grad_norm',
    );
    vk.url.bind('gradRows', 'rows', vk.url.codecs.text, '');
  });
  vk.register('Gradients', Gradients);
})((window.vk = window.vk || {}));
