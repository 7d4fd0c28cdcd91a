/* Groups of runs on a chart: for each a line through the middle and a translucent band around it. */
(function () {
  'use strict';
  const vk = window.vk;

  /** What line and band of a kind are: columns of an answer, given the middle. */
  const KINDS = {
    std: { label: 'mean ± std', middle: 'mean', edges: (a) => [minus(a.mean, a.std), plus(a.mean, a.std)] },
    range: { label: 'mean, min to max', middle: 'mean', edges: (a) => [a.low, a.high] },
    median: { label: 'median, min to max', middle: 'median', edges: (a) => [a.low, a.high] },
  };

  const plus = (a, b) => a.map((x, i) => x + (Number.isFinite(b[i]) ? b[i] : 0));
  const minus = (a, b) => a.map((x, i) => x - (Number.isFinite(b[i]) ? b[i] : 0));

  const smoothed = (weight, values) => {
    if (!(weight > 0) || values.length < 2) return values;
    const none = new Float64Array(values.length);
    return new vk.Points({ step: none, wall: none, value: values }).smoothed(weight).subarray(0, values.length);
  };

  /** Fill a plan from spec.groups, a vk.GroupBands. */
  function composeGroups(plan, spec, extent) {
    const { want, groups } = spec;
    const toAxis = (x) => vk.compose.toAxis(plan.axis, x);
    plan.x = want.zoom ? want.zoom.map(toAxis) : vk.scale.xRange(...groups.extent(want).map(toAxis));
    plan.pending = groups.isPending(want);
    plan.groups = groups.answers.length;
    for (const answer of groups.answers) if (answer.n) addGroup(plan, spec, answer, extent);
  }

  function addGroup(plan, spec, answer, extent) {
    const kind = KINDS[spec.band] || KINDS.std;
    const soft = (values) => smoothed(spec.smoothing, values);
    const { zoom } = spec.want;
    const from = zoom ? Math.max(0, vk.bound(answer.x, answer.n, zoom[0], true) - 1) : 0;
    const to = zoom ? Math.min(answer.n, vk.bound(answer.x, answer.n, zoom[1]) + 1) : answer.n;
    const middle = soft(answer[kind.middle]);
    const [low, high] = kind.edges(answer).map(soft);
    const at = (i) => vk.compose.toAxis(plan.axis, answer.x[i]);
    const px = (i) => ((at(i) - plan.x[0]) / (plan.x[1] - plan.x[0])) * spec.width;
    const style = { id: `${answer.label}\u0000middle`, layer: 2, color: answer.color, dash: 'solid', width: 2, opacity: 1 };
    vk.compose.addLine(plan, spec, style, middle, { at, px }, from, to, extent);
    addArea(plan, spec, answer, { at, low, high, from, to }, extent);
    plan.nonfinite += answer.nonfinite || 0;
    plan.curves.push({ group: answer, color: answer.color, dash: 'solid', from, to, x: at, middle, kind });
    if (spec.want.axis === 'step' && to > 0) plan.lastStep = Math.max(plan.lastStep === null ? -Infinity : plan.lastStep, answer.x[to - 1]);
  }

  function addArea(plan, spec, answer, { at, low, high, from, to }, extent) {
    const n = Math.max(0, to - from);
    const area = { color: answer.color, x: new Float64Array(n), low: new Float64Array(n), high: new Float64Array(n) };
    for (let k = 0; k < n; k += 1) {
      area.x[k] = at(from + k);
      area.low[k] = shown(low[from + k], spec.logY, high[from + k]);
      area.high[k] = shown(high[from + k], spec.logY);
      if (area.x[k] < plan.x[0] || area.x[k] > plan.x[1]) continue;
      extent.add(area.low[k]);
      extent.add(area.high[k]);
    }
    if (n > 1) plan.areas.push(area);
  }

  /** On a log axis a band that reaches zero or below ends two decades under its upper edge. */
  function shown(y, logY, above = y) {
    if (!logY) return y;
    if (y > 0) return Math.log10(y);
    return above > 0 ? Math.log10(above) - 2 : NaN;
  }

  vk.BAND_KINDS = KINDS;
  vk.composeGroups = composeGroups;
})();
