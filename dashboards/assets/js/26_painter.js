/* Puts a composition on the screen. Between changes of the axes it rewrites the lines' paths (3 ms);
   when axes, size or the set of lines change it draws through plotly (about 16 ms). */
(function () {
  'use strict';
  const vk = window.vk;
  const SLACK = 0.2; // extra y room while things move, so that growing curves rarely redraw axes

  class Painter {
    constructor(card) {
      this.card = card;
      this.mounted = false;
      this.forget();
    }

    /** The next drawing goes through plotly, with new colours and axes. */
    forget() {
      this.structure = null;
      this.axes = null; // {x, y, width, height, logY, name, zoom} of the last full drawing
    }

    /**
     * Draw. plan.y may come back wider than the data need while things move; returns whether the
     * axes are the final ones, which they are at once for `final`, other lines and new zooms.
     */
    paint(plan, spec, { final }) {
      const wanted = plan.y;
      if (this.sameView(plan, spec) && this.structure === plan.structure && !final) {
        if (this.paths && this.fits(plan)) this.rewrite(plan);
        else this.full({ ...plan, y: this.roomy(plan.y) }, spec);
      } else if (!final || !this.isFinal(plan, spec)) {
        this.full(plan, spec);
      } else {
        this.rewrite(plan);
      }
      return this.axes.y[0] === wanted[0] && this.axes.y[1] === wanted[1];
    }

    sameView(plan, spec) {
      const { axes } = this;
      return axes !== null && axes.width === spec.width && axes.height === spec.height &&
        axes.logY === spec.logY && axes.name === plan.axis.name && axes.zoom === spec.want.zoom;
    }

    fits(plan) {
      const { x, y } = this.axes;
      return this.structure === plan.structure && x[0] === plan.x[0] && x[1] === plan.x[1] && y[0] <= plan.y[0] && y[1] >= plan.y[1];
    }

    isFinal(plan, spec) {
      return this.paths && this.sameView(plan, spec) && this.fits(plan) && this.axes.y[0] === plan.y[0] && this.axes.y[1] === plan.y[1];
    }

    /** While things move the y axis only grows, and by a little more than it must. */
    roomy([low, high]) {
      const [wasLow, wasHigh] = this.axes.y;
      const room = (high - low) * SLACK;
      return [low < wasLow ? low - room : wasLow, high > wasHigh ? high + room : wasHigh];
    }

    rewrite(plan) {
      this.fast(plan);
      vk.schedule.stats.fast += 1;
    }

    fast(plan) {
      const { x, y, width, height } = this.axes;
      const perX = width / (x[1] - x[0]);
      const perY = height / (y[1] - y[0]);
      const toX = (v) => (v - x[0]) * perX;
      const toY = (v) => height - (v - y[0]) * perY;
      plan.lines.forEach((line, i) => {
        const [first, ...rest] = this.paths[i]; // plotly makes one path for each stretch between gaps
        first.setAttribute('d', vk.scale.path(line.x, line.ly, toX, toY));
        rest.forEach((segment) => segment.remove());
        if (rest.length) this.paths[i] = [first];
      });
    }

    /** Axes and lines by plotly; then the lines again by us, so that each state has one picture. */
    full(plan, spec) {
      this.redraw(plan, spec);
      if (this.paths) this.fast(plan);
    }

    redraw(plan, spec) {
      const method = this.mounted ? 'react' : 'newPlot';
      window.Plotly[method](this.card.figure, vk.figure.data(plan), vk.figure.layout(plan, spec), vk.figure.config);
      this.mounted = true;
      this.card.ready();
      this.paths = this.findPaths(plan);
      this.structure = plan.structure;
      this.axes = { x: plan.x, y: plan.y, width: spec.width, height: spec.height, logY: spec.logY, name: plan.axis.name, zoom: spec.want.zoom };
      vk.schedule.stats.full += 1;
    }

    /** The path elements of each line, or null if plotly drew otherwise than we expect. */
    findPaths(plan) {
      const groups = [...this.card.figure.querySelectorAll('.scatterlayer .trace')];
      const paths = groups.map((group) => [...group.querySelectorAll('path.js-line')]);
      return paths.length === plan.lines.length && paths.every((list) => list.length) ? paths : null;
    }

    destroy() {
      if (this.mounted) window.Plotly.purge(this.card.figure);
    }
  }

  vk.ChartPainter = Painter;
})();
