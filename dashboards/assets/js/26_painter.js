/* Puts a composition on the screen: axes by plotly (about 10 ms), only when they change; lines by
   ourselves (26_lines.js), which takes a fraction of that and does not wait for plotly to load. */
(function () {
  'use strict';
  const vk = window.vk;
  const SLACK = 0.2; // extra y room while things move, so that growing curves rarely redraw axes

  class Painter {
    constructor(card) {
      this.card = card;
      this.lines = new vk.ChartLines(card.plot);
      this.mounted = false;
      this.forget();
    }

    /** The next drawing goes through plotly, with new colours and axes. */
    forget() {
      this.axes = null; // {x, y, width, height, logY, name, zoom} as plotly drew them
    }

    /**
     * Draw. While things move the y axis may stay wider than the data need; returns whether the
     * axes are the final ones, which they are at once for `final` and for new zooms.
     */
    paint(plan, spec, { final }) {
      if (!this.isSameView(plan, spec)) this.full(plan, spec);
      else if (final ? !this.isExact(plan) : !this.fits(plan)) this.full(final ? plan : { ...plan, y: this.roomy(plan.y) }, spec);
      else this.fast(plan);
      return this.isExact(plan);
    }

    isSameView(plan, spec) {
      const { axes } = this;
      return axes !== null && axes.width === spec.width && axes.height === spec.height &&
        axes.logY === spec.logY && axes.name === plan.axis.name && axes.zoom === spec.want.zoom;
    }

    fits(plan) {
      const { x, y } = this.axes;
      return x[0] === plan.x[0] && x[1] === plan.x[1] && y[0] <= plan.y[0] && y[1] >= plan.y[1];
    }

    isExact(plan) {
      return this.fits(plan) && this.axes.y[0] === plan.y[0] && this.axes.y[1] === plan.y[1];
    }

    /** While things move the y axis only grows, and by a little more than it must. */
    roomy([low, high]) {
      const [wasLow, wasHigh] = this.axes.y;
      const room = (high - low) * SLACK;
      return [low < wasLow ? low - room : wasLow, high > wasHigh ? high + room : wasHigh];
    }

    fast(plan) {
      this.lines.draw(plan, this.axes);
      vk.schedule.stats.fast += 1;
    }

    full(plan, spec) {
      if (window.Plotly) this.drawAxes(plan, spec);
      this.card.ready();
      this.axes = { x: plan.x, y: plan.y, width: spec.width, height: spec.height, logY: spec.logY, name: plan.axis.name, zoom: spec.want.zoom };
      this.lines.draw(plan, this.axes);
      vk.schedule.stats.full += 1;
    }

    drawAxes(plan, spec) {
      const method = this.mounted ? 'react' : 'newPlot';
      window.Plotly[method](this.card.figure, [], vk.figure.layout(plan, spec), vk.figure.config);
      this.mounted = true;
    }

    destroy() {
      if (this.mounted) window.Plotly.purge(this.card.figure);
    }
  }

  vk.ChartPainter = Painter;
})();
