/* The window of one curve that zoom and playhead ask for, where the whole of it is too coarse. With
   it come points left of its edge, from which the moving average has forgotten where it began. */
(function () {
  'use strict';
  const vk = window.vk;
  const FORGOTTEN = 0.01; // weight at which a point no longer counts in the moving average
  const MARGINS = [64, 512]; // points read to the left: enough for weights to 0.93, to 0.99

  /** How many points left of an edge the average of this weight needs. */
  function marginFor(weight) {
    if (!(weight > 0)) return 0;
    const needed = Math.log(FORGOTTEN) / Math.log(weight);
    return MARGINS.find((n) => n >= needed) || MARGINS[MARGINS.length - 1];
  }

  const keyOf = ({ axis, zoom, until, smoothing }) => JSON.stringify([zoom && axis, zoom, until, zoom && marginFor(smoothing)]);

  /** A window that has come; it looks like a series to the one that draws it. */
  class Answer {
    constructor(want, { step, wall, value, ghosts, points, exact }, before, open) {
      this.key = keyOf(want);
      this.want = want;
      this.open = open; // its right edge is the end of the run: live points belong to it
      this.points = new vk.Points(joined(before, { step, wall, value }, want.axis));
      this.ghosts = ghosts.map(vk.copyOfGhost);
      this.count = points;
      this.exact = exact;
    }

    isAnswerTo(want) {
      return this.key === keyOf(want);
    }

    /** Whether its count of points is that of the window: not once it grows or is cut. */
    tells(want) {
      const isCut = want.zoom && want.until !== null && want.axis !== 'step';
      return this.isAnswerTo(want) && !this.open && !isCut;
    }

    /** Whether it can stand in for a window inside its own. */
    reaches({ axis, zoom, until }) {
      const mine = this.want;
      if (mine.until !== until) return false;
      if (!mine.zoom) return true;
      return Boolean(zoom) && mine.axis === axis && mine.zoom[0] <= zoom[0] && mine.zoom[1] >= zoom[1];
    }
  }

  /** The margin and the window as one; a point on the edge is in both. */
  function joined(before, window_, axis) {
    if (!before || !window_.step.length) return window_;
    const order = axis === 'step' ? 'step' : 'wall';
    const n = vk.bound(before[order], before[order].length, window_[order][0], true);
    const join = (name) => {
      const out = new Float64Array(n + window_[name].length);
      out.set(before[name].subarray(0, n));
      out.set(window_[name], n);
      return out;
    };
    return { step: join('step'), wall: join('wall'), value: join('value') };
  }

  class Detail {
    constructor(series) {
      this.series = series;
      this.answer = null;
      this.abort = null;
    }

    forget() {
      this.answer = null;
    }

    giveUp() {
      if (this.abort) this.abort.abort();
      this.abort = null;
    }

    /** The window to draw, or null for the whole. */
    for(want) {
      if (!this.answer || !this.isNeeded(want)) return null;
      return this.answer.isAnswerTo(want) || this.answer.reaches(want) ? this.answer : null;
    }

    isNeeded({ zoom, until }) {
      return this.series.state === 'ready' && !this.series.exact && (zoom !== null || until !== null);
    }

    isMissing(want) {
      return this.isNeeded(want) && !(this.answer && this.answer.isAnswerTo(want));
    }

    append(step, wall, value) {
      if (this.answer && this.answer.open) this.answer.points.append(step, wall, value);
    }

    async read(want) {
      if (!this.isMissing(want) || (this.abort && this.asked === keyOf(want))) return;
      this.giveUp();
      const abort = (this.abort = new AbortController());
      this.asked = keyOf(want);
      const { series } = this;
      try {
        const [answer, before] = await Promise.all([
          vk.api.window(this.params(want), abort), this.marginParams(want) && vk.api.window(this.marginParams(want), abort)]);
        if (abort !== this.abort) return;
        const open = want.until === null && (!want.zoom || want.zoom[1] >= series.lastX(want.axis));
        this.answer = new Answer({ ...want }, answer, before, open);
      } catch (error) {
        if (error.name === 'AbortError') return;
        series.error = error;
      }
      this.abort = null;
      series.changed();
    }

    /* The playhead is a step: a window in time is asked for without it and cut here. Relative time
       is asked for as wall time, so that both sides mean the same zero. */
    params({ axis, zoom, until }) {
      const { run, tag, budget } = this.series;
      const params = { run, tag, max_points: budget };
      if (!zoom) return { ...params, until };
      if (axis === 'step') return { ...params, x_min: zoom[0], x_max: zoom[1], until };
      const origin = axis === 'relative' ? this.series.origin() : 0;
      return { ...params, x_min: zoom[0] + origin, x_max: zoom[1] + origin, axis: 'wall' };
    }

    /** The stretch left of the zoom that holds about as many drawn points as the average needs. */
    marginParams(want) {
      const wanted = want.zoom ? marginFor(want.smoothing) : 0;
      if (!wanted) return null;
      const { series } = this;
      const [x0, x1] = want.zoom;
      const first = series.xAt(want.axis, 0);
      const perPoint = Math.max((series.lastX(want.axis) - first) / Math.max(1, series.count), (x1 - x0) / series.budget);
      if (!(x0 > first)) return null;
      return { ...this.params({ ...want, zoom: [x0 - wanted * perPoint, x0] }), max_points: 2 * wanted };
    }
  }

  /** Columns of their own, so that the whole answer of all series is not kept for them. */
  vk.copyOfGhost = ({ attempt, step, wall, value }) => ({ attempt, step: step.slice(), wall: wall.slice(), value: value.slice() });
  vk.SeriesDetail = Detail;
})();
