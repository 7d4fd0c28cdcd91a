/* A live chart of one or more series in a card: what it shows, when it draws, when it listens. */
(function () {
  'use strict';
  const vk = window.vk;
  const IDLE = 120; // ms of a still playhead or zoom before the exact window is read
  const SETTLE = 350; // ms without change before the y axis takes its final range

  const inView = new IntersectionObserver(
    (entries) => entries.forEach(({ target, isIntersecting }) => target.vkChart && target.vkChart.see(isIntersecting)),
    { rootMargin: '240px' });

  class Chart {
    /**
     * options: {series: [{run, tag, label?, color?, dash?}], title, unit?, height?, logY?, smoothing?,
     * bands?: [{y0, y1, label}]}. logY and smoothing follow the store unless given.
     */
    constructor(el, options) {
      this.el = el;
      this.options = { height: 220, ...options };
      this.visible = false;
      this.wide = false;
      this.title = options.title || (options.series[0] || {}).tag || '';
      this.card = new vk.ChartCard(el, { title: this.title, unit: options.unit, height: this.options.height }, this.actions());
      this.painter = new vk.ChartPainter(this.card);
      this.overlay = new vk.ChartOverlay(this.card.plot);
      this.pointer = new vk.ChartPointer(this);
      this.entries = [];
      this.setSeries(options.series);
      this.refineSoon = vk.whenIdle(() => this.refine(), IDLE);
      this.settleSoon = vk.whenIdle(() => this.settle(), SETTLE);
      this.listen();
      el.vkChart = this;
      inView.observe(el);
    }

    listen() {
      const moved = () => {
        this.mark();
        this.refineSoon();
      };
      this.offs = [
        vk.store.on(['until', 'zoom', 'axis'], moved),
        vk.store.on(['smoothing', 'logY', 'runs'], () => this.mark()),
        vk.store.on(['theme'], () => this.repaint()),
      ];
      this.resize = new ResizeObserver(() => this.mark());
      this.resize.observe(this.card.plot);
    }

    actions() {
      return {
        logY: () => this.toggleLog(),
        fit: () => vk.store.set({ zoom: null }),
        wide: () => this.toggleWide(),
        save: (kind) => this.save(kind),
      };
    }

    /** Show other series; those that stay keep their data. */
    setSeries(list) {
      const before = new Map(this.entries.map((entry) => [keyOf(entry.given), entry]));
      this.entries = list.map((given) => {
        const kept = before.get(keyOf(given));
        before.delete(keyOf(given));
        return kept ? Object.assign(kept, { given }) : { given, series: new vk.ChartSeries(given, () => this.mark()) };
      });
      for (const { series } of before.values()) series.destroy();
      for (const { given, series } of this.entries) series.label = given.label;
      if (this.visible) this.entries.forEach(({ series }) => series.open());
      this.mark();
    }

    /** In or out of view: only charts in view listen and draw. */
    see(visible) {
      if (visible === this.visible) return;
      this.visible = visible;
      for (const { series } of this.entries) {
        if (visible) series.open();
        else series.close();
      }
      if (visible) {
        this.mark();
        this.refineSoon();
      }
    }

    mark() {
      vk.schedule.mark(this);
    }

    repaint() {
      this.painter.forget();
      this.mark();
    }

    want() {
      const { axis, zoom, until } = vk.store.get();
      return { axis, zoom, until };
    }

    /** What to compose, from options and store. Empty until the card has a size. */
    specify() {
      const { l, r, t, b } = vk.figure.MARGIN;
      const width = this.card.plot.clientWidth - l - r;
      const height = this.card.plot.clientHeight - t - b;
      const state = vk.store.get();
      const { logY, smoothing, bands } = this.options;
      return {
        want: this.want(), width, height, bands,
        logY: logY === undefined ? state.logY : logY,
        smoothing: smoothing === undefined ? state.smoothing : smoothing,
        series: this.entries.map(({ given, series }) => ({
          series, color: given.color || vk.colors.of(given.run), dash: given.dash || vk.colors.dash(given.run),
        })),
      };
    }

    /** Called by the schedule, at most once a frame. `final`: the axes fit the data exactly. */
    draw({ final = false } = {}) {
      const spec = this.specify();
      if (this.dead || spec.width <= 0) return;
      if (!this.tellState()) return;
      this.spec = spec;
      this.plan = vk.compose(spec);
      if (!window.Plotly) {
        vk.plotly().then(() => this.mark(), (error) => this.card.problem(error.message));
        return;
      }
      const settled = this.painter.paint(this.plan, spec, { final });
      if (!settled) this.settleSoon();
      this.drawOverlay();
      this.stamp(settled);
    }

    /** Skeleton while nothing is known, a sentence where nothing can be; true if there is a curve. */
    tellState() {
      const states = this.entries.map(({ series }) => series);
      const problem = this.entries.length && states.every((s) => s.state === 'failed');
      const empty = states.length && states.every((s) => s.state === 'ready' && !s.points.n);
      this.card.problem(problem ? states[0].error.message : empty ? 'No points yet' : null);
      return states.some((s) => s.points.n);
    }

    /** Take the axes that the data alone determine. */
    settle() {
      if (!this.plan || !this.visible || vk.store.get().playhead.mode === 'playing') return;
      this.draw({ final: true });
    }

    drawOverlay() {
      const { plan, overlay } = this;
      overlay.place(this.painter.axes);
      overlay.showDots(plan.dots);
      overlay.showFlags(plan.flags);
      overlay.vertical(overlay.cursor, this.cursorX());
      const shared = vk.crosshair.at();
      overlay.vertical(overlay.cross, shared === null ? null : this.toAxis(shared));
      this.pointer.refresh();
      this.card.describe(plan, { title: this.title, runs: plan.curves.length });
      this.card.pressed({ logY: this.spec.logY, wide: this.wide });
    }

    /** Where the playhead stands on this axis: at its step, or at the last point known then. */
    cursorX() {
      const { until } = vk.store.get();
      if (until === null) return null;
      if (this.spec.want.axis === 'step') return until;
      const known = this.plan.curves.filter((curve) => curve.to > curve.from).map((curve) => curve.x(curve.to - 1));
      return known.length ? Math.max(...known) : null;
    }

    /** What tests may ask; ready means that nothing more will change without news. */
    stamp(settled) {
      const { plan, spec } = this;
      const ready = settled && !plan.pending && this.entries.every(({ series }) => series.state === 'ready' || series.state === 'failed');
      Object.assign(this.el.dataset, {
        vkPoints: plan.points,
        vkLastStep: plan.lastStep === null ? '' : plan.lastStep,
        vkUntil: spec.want.until === null ? '' : spec.want.until,
        vkReady: ready ? '1' : '0',
      });
    }

    refine() {
      if (!this.visible) return;
      for (const { series } of this.entries) series.refine(this.want());
    }

    toAxis(x) {
      return vk.compose.toAxis(this.plan.axis, x);
    }

    fromAxis(x) {
      return vk.compose.fromAxis(this.plan.axis, x);
    }

    toggleLog() {
      this.options.logY = !this.spec || !this.spec.logY;
      this.mark();
    }

    toggleWide() {
      this.wide = !this.wide;
      this.card.pressed({ logY: Boolean(this.spec && this.spec.logY), wide: this.wide });
    }

    async save(kind) {
      if (!this.plan) return;
      if (kind === 'csv') await vk.save.csv(this.entries.map(({ given }) => given), this.title);
      else await vk.save.image(vk.figure.picture(this.plan, this.spec, this.title), this.title, kind);
    }

    destroy() {
      this.dead = true;
      this.offs.forEach((off) => off());
      this.refineSoon.cancel();
      this.settleSoon.cancel();
      inView.unobserve(this.el);
      this.resize.disconnect();
      this.pointer.destroy();
      vk.schedule.forget(this);
      this.entries.forEach(({ series }) => series.destroy());
      this.painter.destroy();
      this.el.replaceChildren();
      delete this.el.vkChart;
    }
  }

  const keyOf = ({ run, tag }) => `${run}\u0000${tag}`;

  vk.Chart = Chart;
})();
