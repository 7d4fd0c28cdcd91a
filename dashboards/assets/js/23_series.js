/* One curve's data: the whole of it (thinned by the server where it is long), the live tail that the
   hub pushes, and a detail window when zoom or playhead ask for more than the whole can show. */
(function () {
  'use strict';
  const vk = window.vk;
  const MAX_POINTS = 2000;
  const LONG_TAIL = 4 * MAX_POINTS; // more live points than this are thinned by reading again
  const CALM = 1500; // ms without news after which the view is read as a fresh page would

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
      this.detail = null; // {key, points, count, exact, ghosts}
      this.calm = vk.whenIdle(() => this.settle(), CALM);
      this.abort = null;
    }

    /** Start to read and to listen; does nothing when it does already. */
    async open() {
      this.wanted = true;
      if (this.state === 'idle') await this.read();
      if (this.wanted && this.state === 'ready' && !this.off) this.listen();
    }

    close() {
      this.wanted = false;
      if (this.off) this.off();
      this.off = null;
      this.calm.cancel();
    }

    destroy() {
      this.close();
      if (this.abort) this.abort.abort();
      if (this.detailAbort) this.detailAbort.abort();
      vk.marks.put(this, null);
    }

    listen() {
      this.off = vk.hub.subscribe(this.run, this.tag, this.next, {
        data: (start, step, wall, value) => this.append(start, step, wall, value),
        reset: () => this.reread(),
      });
    }

    async read() {
      this.state = this.state === 'ready' ? 'ready' : 'loading';
      if (this.abort) this.abort.abort();
      const abort = (this.abort = new AbortController());
      try {
        const answer = await vk.api.series({ run: this.run, tag: this.tag, max_points: MAX_POINTS }, abort);
        if (abort !== this.abort) return;
        this.take(answer);
      } catch (error) {
        if (error.name === 'AbortError') return;
        if (this.state !== 'ready') this.state = 'failed';
        this.error = error;
      }
      this.changed();
    }

    take({ step, wall, value, ghosts, points, exact, total }) {
      this.points = new vk.Points({ step, wall, value });
      Object.assign(this, { ghosts, exact, count: points, next: total, state: 'ready', error: null });
      this.fresh = true; // just what a new page would get
      this.detail = null;
      this.nonfinite = nonfiniteOf(this.points, 0);
      this.markNonfinite();
    }

    async reread() {
      const was = this.off;
      if (was) was();
      this.off = null;
      await this.read();
      if (this.wanted && !this.off && this.state === 'ready') this.listen();
    }

    append(start, step, wall, value) {
      const before = this.points.n;
      this.points.append(step, wall, value);
      this.next = start + step.length;
      this.count += step.length;
      this.fresh = false;
      if (value.some((v) => !Number.isFinite(v))) {
        this.nonfinite = nonfiniteOf(this.points, 0);
        this.markNonfinite();
      }
      if (this.detail && this.detail.open) this.detail.points.append(step, wall, value);
      if (this.points.n > LONG_TAIL && before <= LONG_TAIL) this.reread();
      this.calm();
      this.changed();
    }

    /** After a while without news, show exactly what a page opened now would show. */
    settle() {
      if (!this.fresh && (!this.exact || this.points.n > MAX_POINTS)) this.reread();
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
     * The whole serves where it is exact; else a detail window is read by `refine`, and the whole,
     * clipped, stands in until that has come.
     */
    view(want) {
      const detail = this.detail && this.detail.key === keyOf(want) ? this.detail : null;
      const source = detail || this;
      const { points } = source;
      const to = points.known(want.until);
      const [from, end] = want.zoom ? this.within(points, to, want) : [0, to];
      const whole = source === this && want.until === null && !want.zoom;
      const cutHere = want.zoom && want.until !== null && want.axis !== 'step';
      const count = whole || (detail && !detail.open && !cutHere) ? source.count : end - from;
      return { points, from, to: end, ghosts: source.ghosts, count, exact: source.exact, pending: !detail && this.needsDetail(want) };
    }

    /** Indices in the zoom, one neighbour on each side so that lines reach the edges. */
    within(points, to, { axis, zoom }) {
      const origin = axis === 'relative' ? this.origin() : 0;
      const column = axis === 'step' ? points.step : points.wall;
      const from = vk.bound(column, to, zoom[0] + origin, true);
      const end = vk.bound(column, to, zoom[1] + origin);
      return [Math.max(0, from - 1), Math.min(to, end + 1)];
    }

    needsDetail({ zoom, until }) {
      return this.state === 'ready' && !this.exact && (zoom !== null || until !== null);
    }

    /** Read the window of `want` unless it is there; the request before is given up. */
    async refine(want) {
      const key = keyOf(want);
      if (!this.needsDetail(want) || (this.detail && this.detail.key === key)) return;
      if (this.detailAbort) this.detailAbort.abort();
      const abort = (this.detailAbort = new AbortController());
      try {
        const answer = await vk.api.series(this.windowParams(want), abort);
        if (abort !== this.detailAbort) return;
        const open = want.until === null && (!want.zoom || want.zoom[1] >= this.lastX(want.axis));
        this.detail = { key, open, points: new vk.Points(answer), count: answer.points, exact: answer.exact, ghosts: answer.ghosts };
      } catch (error) {
        if (error.name === 'AbortError') return;
        this.error = error;
      }
      this.changed();
    }

    lastX(axis) {
      const last = this.points.n - 1;
      if (axis === 'step') return this.points.step[last];
      return this.points.wall[last] - (axis === 'relative' ? this.origin() : 0);
    }

    /* The playhead is a step: a window in time is asked for without it and cut here. Relative time
       is asked for as wall time, so that both sides mean the same zero. */
    windowParams({ axis, zoom, until }) {
      const params = { run: this.run, tag: this.tag, max_points: MAX_POINTS };
      if (!zoom) return { ...params, until };
      if (axis === 'step') return { ...params, x_min: zoom[0], x_max: zoom[1], until };
      const origin = axis === 'relative' ? this.origin() : 0;
      return { ...params, x_min: zoom[0] + origin, x_max: zoom[1] + origin, axis: 'wall' };
    }
  }

  const keyOf = ({ axis, zoom, until }) => JSON.stringify([zoom && axis, zoom, until]);

  function nonfiniteOf(points, from) {
    const found = [];
    for (let i = from; i < points.n; i += 1) {
      const value = points.value[i];
      if (!Number.isFinite(value)) found.push({ step: points.step[i], wall: points.wall[i], value });
    }
    return found;
  }

  vk.ChartSeries = Series;
})();
