/* One curve's data: the whole of it (thinned by the server where it is long), the live tail that the
   hub pushes, and a detail window (22_series_detail.js) when zoom or playhead ask for more than the whole
   can show. */
(function () {
  'use strict';
  const vk = window.vk;
  const MOST_POINTS = 2000;
  const LEAST_POINTS = 100;
  const AT_FULL = 20; // so many lines of a chart get all their points; with more each gets fewer
  const LONG_TAIL = 4; // times its budget: with more live points than this the curve is read again
  const CALM = 1500; // ms without news after which the view is read as a fresh page would

  /** Points that each of n lines in one chart may have: halved with each doubling beyond AT_FULL. */
  function budgetFor(n) {
    const halvings = n > AT_FULL ? Math.floor(Math.log2(n / AT_FULL)) : 0;
    return Math.max(LEAST_POINTS, Math.round(MOST_POINTS / 2 ** halvings));
  }

  class Series {
    /** `changed` is called after any change that a drawing shows. */
    constructor({ run, tag }, changed) {
      Object.assign(this, { run, tag, changed });
      this.points = new vk.Points();
      this.count = 0; // how many points of the run the view stands for
      this.exact = true;
      this.next = 0; // ordinal from which the hub goes on
      this.ghosts = [];
      this.state = 'idle'; // idle | loading | ready | failed
      this.error = null;
      this.nonfinite = [];
      this.budget = MOST_POINTS;
      this.detail = new vk.SeriesDetail(this);
      this.calm = vk.whenIdle(() => this.settle(), CALM);
      this.abort = null;
    }

    /** Start to read and to listen; does nothing when it does already. */
    async open() {
      this.wanted = true;
      if (this.state === 'idle') await this.read();
      this.heed();
    }

    close() {
      this.wanted = false;
      if (this.off) this.off();
      this.off = null;
      this.calm.cancel();
      this.detail.giveUp();
      if (this.abort) this.abort.abort();
    }

    destroy() {
      this.close();
      vk.marks.put(this, null);
    }

    /** How many points it may have; a curve that was thinned more than it must be is read again. */
    afford(budget) {
      const wasThinned = this.state === 'ready' && !this.exact && budget > this.budget;
      this.budget = budget;
      if (wasThinned && this.wanted) this.reread();
    }

    /** Listen, if there is or was something to hear: an ended run has told everything. */
    heed() {
      if (!this.wanted || this.off || this.reading || this.state !== 'ready') return;
      const run = vk.runs.byName(this.run);
      if (!run || run.status === 'running') this.listen();
      else if (run.points !== this.pointsOfRun) this.reread(); // it went on, or is another one by now
    }

    listen() {
      this.off = vk.hub.subscribe(this.run, this.tag, this.next, {
        data: (start, step, wall, value) => this.append(start, step, wall, value),
        reset: () => this.reread(),
      });
    }

    async read() {
      const before = this.state === 'ready' ? 'ready' : 'idle';
      this.state = before === 'ready' ? 'ready' : 'loading';
      if (this.abort) this.abort.abort();
      const abort = (this.abort = new AbortController());
      this.reading = true; // from which ordinal to listen is not known until then
      const run = vk.runs.byName(this.run);
      this.pointsOfRun = run ? run.points : 0;
      try {
        const answer = await vk.api.window({ run: this.run, tag: this.tag, max_points: this.budget }, abort);
        if (abort !== this.abort) return;
        this.reading = false;
        this.take(answer);
      } catch (error) {
        if (this.abort === abort) this.reading = false;
        if (error.name === 'AbortError') {
          if (this.abort === abort && this.state === 'loading') this.state = before;
          return;
        }
        if (this.state !== 'ready') this.state = 'failed';
        this.error = error;
      }
      this.changed();
    }

    take({ step, wall, value, ghosts, points, exact, total }) {
      this.points = new vk.Points({ step, wall, value });
      this.ghosts = ghosts.map(vk.copyOfGhost);
      Object.assign(this, { exact, count: points, next: total, state: 'ready', error: null });
      this.fresh = true; // just what a new page would get
      this.detail.forget();
      this.nonfinite = this.points.nonfinite();
      this.markNonfinite();
    }

    async reread() {
      if (this.off) this.off();
      this.off = null;
      await this.read();
      if (this.wanted && !this.off && !this.reading && this.state === 'ready') this.listen();
    }

    /** After a failure: try once more. */
    retry() {
      if (this.state !== 'failed' || !this.wanted) return;
      this.state = 'idle';
      this.open();
    }

    append(start, step, wall, value) {
      const tooLong = LONG_TAIL * this.budget;
      const before = this.points.n;
      this.points.append(step, wall, value);
      this.next = start + step.length;
      this.count += step.length;
      this.fresh = false;
      if (value.some((v) => !Number.isFinite(v))) {
        this.nonfinite = this.points.nonfinite();
        this.markNonfinite();
      }
      this.detail.append(step, wall, value);
      if (this.points.n > tooLong && before <= tooLong) this.reread();
      this.calm();
      this.changed();
    }

    /** After a while without news, show exactly what a page opened now would show. */
    settle() {
      if (!this.fresh && (!this.exact || this.points.n > this.budget)) this.reread();
    }

    markNonfinite() {
      const list = this.nonfinite.slice(0, 50).map((p) => ({
        at: p.step,
        kind: 'nonfinite',
        run: this.run,
        label: `${this.tag}: ${vk.format.si(p.value)} @ ${vk.format.exact(p.step)} (${this.run})`,
      }));
      vk.marks.put(this, list);
    }

    /** Zero of the relative axis: when the run started. */
    origin() {
      const run = vk.runs.byName(this.run);
      return run ? run.started : this.points.wall[0];
    }

    /**
     * What to draw for {axis, zoom, until}: {points, from, to, ghosts, count, exact, pending}.
     * The whole serves where it is exact; else a detail window is read by `refine`. Until that has
     * come the detail before it stands in if it reaches as far, else the whole.
     */
    view(want) {
      const source = this.detail.for(want) || this;
      const { points } = source;
      const to = points.known(want.until);
      const [from, end] = want.zoom ? this.within(points, to, want) : [0, to];
      const isWhole = source === this && want.until === null && !want.zoom;
      const isTold = isWhole || (source !== this && source.tells(want));
      const count = isTold ? source.count : this.countOf(points, from, end, want);
      return { points, from, to: end, ghosts: source.ghosts, count, exact: source.exact, pending: this.detail.isMissing(want) };
    }

    /** Indices in the zoom, one neighbour on each side so that lines reach the edges. */
    within(points, to, want) {
      const [from, end] = this.inside(points, to, want);
      return [Math.max(0, from - 1), Math.min(to, end + 1)];
    }

    inside(points, to, { axis, zoom }) {
      const origin = axis === 'relative' ? this.origin() : 0;
      const column = axis === 'step' ? points.step : points.wall;
      return [vk.bound(column, to, zoom[0] + origin, true), vk.bound(column, to, zoom[1] + origin)];
    }

    countOf(points, from, to, want) {
      if (!want.zoom) return to - from;
      const [first, end] = this.inside(points, to, want);
      return Math.max(0, end - first);
    }

    lastX(axis) {
      return this.xAt(axis, this.points.n - 1);
    }

    xAt(axis, i) {
      if (axis === 'step') return this.points.step[i];
      return this.points.wall[i] - (axis === 'relative' ? this.origin() : 0);
    }

    /** Read the window of `want` unless it is there; the request before is given up. */
    refine(want) {
      this.detail.read(want);
    }
  }

  vk.ChartSeries = Series;
  vk.pointsBudget = budgetFor;
})();
