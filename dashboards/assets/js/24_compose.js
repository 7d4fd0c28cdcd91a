/* From series to what is drawn: lines, dots, non-finite flags and axis ranges, as plain data. The
   picture on the page, the one to keep and the table under the pointer are made from the same
   composition. */
(function () {
  'use strict';
  const vk = window.vk;
  const MANY = 32; // with more curves than this only the smoothed lines are drawn, a pixel wide
  const SPARSE = 14; // pixels per point from which each point gets a dot

  /** How points become numbers on the x axis: {of(series, points) -> (i) => x, ...}. */
  function xAxis(axis, seriesList, groups) {
    if (axis === 'step') return { type: 'linear', name: 'step', unit: 1, of: (_, points) => (i) => points.step[i] };
    if (axis === 'wall') {
      const shift = new Date().getTimezoneOffset() * 60; // plotly draws dates as UTC
      return { type: 'date', name: 'wall time', unit: 1, of: (_, points) => (i) => (points.wall[i] - shift) * 1000, shift };
    }
    const ends = groups ? groups.ends() : seriesList.map((s) => (s.points.n ? s.lastX('relative') : 0));
    const longest = ends.reduce((most, end) => Math.max(most, end), 1);
    const [unit, letter] = vk.scale.timeUnit(longest);
    return {
      type: 'linear', name: `relative time (${letter})`, unit,
      of: (series, points) => {
        const origin = series.origin();
        return (i) => (points.wall[i] - origin) / unit;
      },
    };
  }

  /** Zoom bounds, kept in seconds for time axes, in the numbers of the drawn axis; and back. */
  const toAxis = (axis, x) => (axis.type === 'date' ? (x - axis.shift) * 1000 : x / axis.unit);
  const fromAxis = (axis, x) => (axis.type === 'date' ? x / 1000 + axis.shift : x * axis.unit);

  class Extent {
    constructor() {
      this.low = Infinity;
      this.high = -Infinity;
    }

    add(x) {
      if (x < this.low && x !== -Infinity) this.low = x;
      if (x > this.high && x !== Infinity) this.high = x;
    }
  }

  const logOf = (y) => (y > 0 ? Math.log10(y) : NaN);

  /**
   * Compose a drawing. spec: {series: [{series: Series, color, dash}], groups: null or as
   * vk.GroupBands has them, want: {axis, zoom, until, smoothing}, band, logY, width}.
   */
  function compose(spec) {
    const all = spec.series.map((s) => s.series).filter((s) => s.points.n);
    const axis = xAxis(spec.want.axis, all, spec.groups);
    const plan = {
      axis, lines: [], areas: [], dots: [], flags: [], curves: [], points: 0, nonfinite: 0, lastStep: null, exact: true,
      pending: false, many: spec.series.length > MANY, ghosts: 0,
    };
    const extent = new Extent();
    if (spec.groups) {
      vk.composeGroups(plan, spec, extent);
    } else {
      plan.x = xRangeOf(spec, axis, all);
      for (const entry of spec.series) if (entry.series.points.n) addSeries(plan, spec, entry, extent);
    }
    plan.y = vk.scale.yRange(extent.low, extent.high);
    plan.lines.sort((a, b) => a.layer - b.layer);
    return plan;
  }

  function xRangeOf({ want }, axis, all) {
    if (want.zoom) return want.zoom.map((x) => toAxis(axis, x));
    const extent = new Extent();
    for (const series of all) {
      const x = axis.of(series, series.points);
      extent.add(x(0));
      extent.add(x(series.points.n - 1));
      for (const ghost of series.ghosts) {
        if (ghost.step.length) extent.add(axis.of(series, ghost)(ghost.step.length - 1));
      }
    }
    return extent.low <= extent.high ? vk.scale.xRange(extent.low, extent.high) : [0, 1];
  }

  function addSeries(plan, spec, entry, extent) {
    const { series, color, dash } = entry;
    const view = series.view(spec.want);
    const { points, from, to } = view;
    const x = axisNumbers(plan, spec, series, points);
    const id = `${series.run}\u0000${series.tag}`;
    const smooth = spec.smoothing > 0 && to - from > 1 ? points.smoothed(spec.smoothing) : null;
    plan.points += view.count;
    plan.exact = plan.exact && view.exact;
    plan.pending = plan.pending || view.pending;
    plan.curves.push({ series, color, dash, points, from, to, x: x.at, smooth });
    if (to > 0) plan.lastStep = Math.max(plan.lastStep === null ? -Infinity : plan.lastStep, points.step[to - 1]);
    addGhosts(plan, spec, entry, view.ghosts, extent);
    const isRawDrawn = !smooth || !plan.many;
    const raw = isRawDrawn && addLine(plan, spec, { id: `${id}:raw`, layer: 1, color, dash, width: smooth ? 1 : 1.5, opacity: smooth ? 0.3 : 1 }, points.value, x, from, to, extent);
    const soft = smooth && addLine(plan, spec, { id: `${id}:smooth`, layer: 2, color, dash, width: plan.many ? 1 : 1.75, opacity: 1 }, smooth, x, from, to, extent);
    addDots(plan, spec, raw || soft, color, Boolean(smooth), from, to);
    addFlags(plan, entry, points, x.at, from, to);
  }

  function axisNumbers(plan, spec, series, points) {
    const at = plan.axis.of(series, points);
    const perUnit = spec.width / (plan.x[1] - plan.x[0]);
    return { at, px: (i) => (at(i) - plan.x[0]) * perUnit };
  }

  /** Add a line if two points of it can be joined; returns its columns in any case. */
  function addLine(plan, spec, style, values, x, from, to, extent) {
    const keep = vk.scale.thin(from, to, x.px, values, spec.width);
    const n = keep.length;
    const line = { ...style, x: new Float64Array(n), y: new Float64Array(n), ly: null };
    for (let k = 0; k < n; k += 1) {
      line.x[k] = x.at(keep[k]);
      const value = values[keep[k]];
      line.y[k] = Number.isFinite(value) ? value : NaN;
    }
    line.ly = spec.logY ? line.y.map(logOf) : line.y;
    for (let k = 0; k < n; k += 1) {
      if (line.x[k] >= plan.x[0] && line.x[k] <= plan.x[1]) extent.add(line.ly[k]);
    }
    if (joins(line.ly)) plan.lines.push(line);
    return line;
  }

  function joins(y) {
    for (let i = 1; i < y.length; i += 1) if (!Number.isNaN(y[i]) && !Number.isNaN(y[i - 1])) return true;
    return false;
  }

  /** Earlier attempts of a restarted run: faint and dashed. */
  function addGhosts(plan, spec, { series, color }, ghosts, extent) {
    for (const ghost of ghosts) {
      const at = plan.axis.of(series, ghost);
      const n = spec.want.until === null ? ghost.step.length : vk.bound(ghost.step, ghost.step.length, spec.want.until);
      const px = (i) => ((at(i) - plan.x[0]) / (plan.x[1] - plan.x[0])) * spec.width;
      const id = `${series.run}\u0000${series.tag}:ghost${ghost.attempt}`;
      addLine(plan, spec, { id, layer: 0, color, dash: '3px,3px', width: 1, opacity: 0.45 }, ghost.value, { at, px }, 0, n, extent);
      plan.ghosts += 1;
    }
  }

  /** A point without a neighbour is no line, so it gets a dot; so does each point of sparse curves. */
  function addDots(plan, spec, { x, ly }, color, faint, from, to) {
    const sparse = !plan.many && (to - from) * SPARSE < spec.width;
    for (let i = 0; i < x.length; i += 1) {
      if (Number.isNaN(ly[i])) continue;
      const alone = !(i > 0 && !Number.isNaN(ly[i - 1])) && !(i + 1 < x.length && !Number.isNaN(ly[i + 1]));
      if (alone || sparse) plan.dots.push({ x: x[i], y: ly[i], color, faint: faint && !alone });
    }
  }

  function addFlags(plan, { series, color }, points, at, from, to) {
    for (let i = from; i < to; i += 1) {
      const value = points.value[i];
      if (Number.isFinite(value)) continue;
      plan.nonfinite += 1;
      plan.flags.push({ x: at(i), value, step: points.step[i], run: series.run, color });
    }
  }

  vk.compose = compose;
  vk.compose.addLine = addLine;
  vk.compose.toAxis = toAxis;
  vk.compose.fromAxis = fromAxis;
})();
