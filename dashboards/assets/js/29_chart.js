/* A live chart of one or more series in a card: what it shows, when it draws, when it listens. */
(function () {
  'use strict';
  const vk = window.vk;
  const IDLE = 120; // ms of a still playhead before the exact window is read
  const GAP = 60; // ms between two readings while a hand zooms
  const SETTLE = 350; // ms without change before the y axis takes its final range

  const inView = new IntersectionObserver(
    (entries) => entries.forEach(({ target, isIntersecting }) => target.vkChart && target.vkChart.see(isIntersecting)),
    { rootMargin: '240px' });

  class Chart {
    /**
     * options: {series: [{run, tag, label?, color?, dash?}], title, unit?, height?, logY?, smoothing?,
     * bands?: [{y0, y1, label}], groups?: true}. logY and smoothing follow the store unless given;
     * with `groups` the chart shows the groups of vk.groups.current() instead of the runs.
     */
    constructor(el, options) {
      this.el = el;
      this.options = { height: 220, ...options };
      this.visible = false;
      this.wide = false;
      this.title = options.title || (options.series[0] || {}).tag || '';
      this.card = new vk.ChartCard(el, { title: this.title, unit: options.unit, height: this.options.height }, this.actions());
      this.painter = new vk.ChartPainter(this.card);
      this.sources = new vk.ChartSources(() => this.mark());
      this.overlay = new vk.ChartOverlay(this.card.plot);
      this.pins = new vk.Pins(el, this.title);
      this.pointer = new vk.ChartPointer(this);
      this.setSeries(options.series);
      this.refineSoon = vk.whenIdle(() => this.refine(), IDLE);
      this.settleSoon = vk.whenIdle(() => this.settle(), SETTLE);
      this.listen();
      el.vkChart = this;
      inView.observe(el);
    }

    listen() {
      const { store } = vk;
      this.offs = [
        store.on(['zoom', 'axis'], () => this.zoomed()),
        store.on(['until'], () => {
          this.mark();
          this.refineSoon();
        }),
        store.on(['runs'], () => this.heed()),
        store.on(['smoothing', 'logY', 'band', 'looks', 'colors', 'findings'], () => this.mark()),
        store.on(['groupBy', 'selected', 'colors', 'theme'], () => this.regroup()),
        store.on(['theme'], () => this.repaint()),
        vk.hub.onMessage('open', () => this.sources.retry()),
      ];
      this.resize = new ResizeObserver(() => this.mark());
      this.resize.observe(this.card.plot);
    }

    /** A hand zooms: what is there is drawn at once, the exact window asked for without delay. */
    zoomed() {
      vk.schedule.mark(this, { atOnce: true });
      clearTimeout(this.later);
      const wait = (this.refinedAt || -GAP) + GAP - performance.now();
      if (wait > 0) this.later = setTimeout(() => this.refine(), wait);
      else this.refine();
    }

    heed() {
      if (this.visible) this.sources.heed(this.want());
      if (vk.store.get().axis === 'relative') this.mark(); // a run may have told when it began
    }

    regroup() {
      if (!this.options.groups || !vk.groups) return;
      this.sources.setGroups(vk.groups.current());
      if (this.visible) this.sources.open(this.want());
      this.mark();
    }

    actions() {
      return {
        logY: () => {
          this.options.logY = !this.spec || !this.spec.logY;
          this.mark();
        },
        fit: () => vk.store.set({ zoom: null }),
        wide: () => this.toggleWide(),
        save: (kind) => this.save(kind),
      };
    }

    /** Show other series; those that stay keep their data. */
    setSeries(list) {
      this.sources.setSeries(list);
      if (this.options.groups && vk.groups) this.sources.setGroups(vk.groups.current());
      if (this.visible) this.sources.open(this.want());
      this.mark();
    }

    /** In or out of view: only charts in view listen and draw. */
    see(visible) {
      if (visible === this.visible) return;
      this.visible = visible;
      if (!visible) {
        this.sources.close();
        return;
      }
      this.sources.open(this.want());
      this.mark();
      this.refine();
    }

    mark() {
      vk.schedule.mark(this);
    }

    repaint() {
      this.painter.forget();
      this.mark();
    }

    want() {
      const { axis, zoom, until, smoothing } = vk.store.get();
      return { axis, zoom, until, smoothing: this.options.smoothing === undefined ? smoothing : this.options.smoothing };
    }

    /** What to compose, from options and store. Empty until the card has a size. */
    specify() {
      const { l, r, t, b } = vk.figure.MARGIN;
      const width = this.card.plot.clientWidth - l - r;
      const height = this.card.plot.clientHeight - t - b;
      const state = vk.store.get();
      const { logY, bands } = this.options;
      const want = this.want();
      return {
        want, width, height, bands, band: state.band, smoothing: want.smoothing,
        logY: logY === undefined ? state.logY : logY,
        ...this.sources.specify(),
      };
    }

    /** Called by the schedule, at most once a frame. `final`: the axes fit the data exactly. */
    draw({ final = false } = {}) {
      const spec = this.specify();
      if (this.dead || spec.width <= 0) return;
      if (!this.tellState()) return;
      const wasPending = this.plan && this.plan.pending;
      this.spec = spec;
      this.plan = vk.compose(spec);
      const hasCome = wasPending && !this.plan.pending && spec.want.zoom !== null;
      const settled = this.painter.paint(this.plan, spec, { final: final || hasCome });
      if (!settled) this.settleSoon();
      this.drawOverlay();
      this.stamp(settled);
      if (!window.Plotly) this.fetchAxes();
    }

    /** The lines are on the screen before the script that draws axes is run, which takes 0.2 s. */
    fetchAxes() {
      requestAnimationFrame(() => setTimeout(() => {
        vk.plotly().then(() => this.painter.mounted || this.repaint(), (error) => this.card.problem(error.message));
      }));
    }

    /** Skeleton while nothing is known, a sentence where nothing can be; true if there is a curve. */
    tellState() {
      const { problem, isDrawable } = this.sources.state();
      this.card.problem(problem);
      return isDrawable;
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
      overlay.vertical(overlay.cross, shared === null ? null : vk.compose.toAxis(plan.axis, shared));
      this.pins.showOn(this);
      this.pointer.refresh();
      const { smoothing, band } = this.spec;
      this.card.describe(plan, { title: this.title, runs: this.sources.runs(), smoothing, band });
      this.card.pressed({ logY: this.spec.logY, wide: this.wide });
    }

    /** Where the playhead stands on this axis: at its step, or at the last point known then. */
    cursorX() {
      const { until } = vk.store.get();
      if (until === null) return null;
      if (this.spec.want.axis === 'step') return until;
      return this.plan.curves.reduce((last, { from, to, x }) => (to > from && !(last >= x(to - 1)) ? x(to - 1) : last), null);
    }

    /** What tests may ask; ready means that nothing more will change without news. */
    stamp(settled) {
      const { plan, spec } = this;
      const ready = settled && !plan.pending && this.painter.mounted && this.sources.isComplete();
      Object.assign(this.el.dataset, {
        vkPoints: plan.points,
        vkLastStep: plan.lastStep === null ? '' : plan.lastStep,
        vkUntil: spec.want.until === null ? '' : spec.want.until,
        vkReady: ready ? '1' : '0',
      });
    }

    refine() {
      this.refinedAt = performance.now();
      if (this.visible) this.sources.refine(this.want());
    }

    /** Bring one curve of many to the front, or none with null. */
    point(curve) {
      this.painter.lines.point(curve && vk.lineOf(this.plan, curve), this.painter.axes);
    }

    toggleWide() {
      this.wide = !this.wide;
      this.card.pressed({ logY: Boolean(this.spec && this.spec.logY), wide: this.wide });
    }

    async save(kind) {
      if (!this.plan) return;
      if (kind === 'csv') await vk.save.csv(this.sources.given(), this.title);
      else await vk.save.image(vk.figure.picture(this.plan, this.spec, this.title), this.title, kind);
    }

    destroy() {
      this.dead = true;
      this.offs.forEach((off) => off());
      this.refineSoon.cancel();
      this.settleSoon.cancel();
      inView.unobserve(this.el);
      this.resize.disconnect();
      for (const part of [this.pointer, this.pins]) part.destroy();
      vk.schedule.forget(this);
      this.sources.destroy();
      clearTimeout(this.later);
      this.painter.destroy();
      this.el.replaceChildren();
      delete this.el.vkChart;
    }
  }

  vk.Chart = Chart;
})();
