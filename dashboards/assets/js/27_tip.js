/* The table beside the crosshair: for each curve the point nearest to x, of many curves those nearest
   to the pointer. */
(function () {
  'use strict';
  const vk = window.vk;
  const ROWS = 12; // of a table that is not pinned

  /** For each curve the point nearest to x, if the curve reaches there. */
  function rowsAt(plan, x) {
    const slack = (plan.x[1] - plan.x[0]) * 0.02;
    const rows = [];
    for (const curve of plan.curves) {
      const i = nearestIndex(curve, x);
      if (i < 0 || x < curve.x(curve.from) - slack || x > curve.x(curve.to - 1) + slack) continue;
      rows.push(curve.group ? groupRow(curve, i) : runRow(curve, i));
    }
    return rows;
  }

  /* `y` is where the row's point is drawn. */
  function runRow(curve, i) {
    const { points, smooth, series } = curve;
    const value = points.value[i];
    const smoothed = smooth ? smooth[i] : null;
    return { curve, x: curve.x(i), y: smooth ? smoothed : value, value, smoothed, step: points.step[i], wall: points.wall[i], run: series.run };
  }

  function groupRow(curve, i) {
    const { mean, std, low, high, median, count, x } = curve.group;
    return { curve, x: curve.x(i), y: curve.middle[i], value: mean[i], std: std[i], low: low[i], high: high[i], median: median[i], count: count[i], at: x[i] };
  }

  function nearestIndex({ x, from, to }, at) {
    let low = from;
    let high = to - 1;
    if (high < low) return -1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (x(middle) < at) low = middle;
      else high = middle;
    }
    return at - x(low) <= x(high) - at ? low : high;
  }

  const number = (value) => vk.el('td', { title: vk.format.exact(value) }, vk.format.si(value, 4));
  const RUN_HEADS = (smooth) => ['', 'run', 'value', ...(smooth ? ['smoothed'] : []), 'step', 'time'];
  const GROUP_HEADS = ['', 'group', 'mean', '± std', 'median', 'min', 'max', 'runs'];

  function runCells(row, smooth) {
    const since = row.wall - row.curve.series.origin();
    return [
      vk.el('td', null, vk.swatch(row.run, row.curve.color, row.curve.dash)),
      vk.el('td', { class: 'vk-tip-run', title: row.run }, row.curve.series.label || row.run),
      number(row.value),
      smooth && number(row.smoothed === null ? row.value : row.smoothed),
      vk.el('td', null, vk.format.exact(row.step)),
      vk.el('td', { title: vk.format.time(row.wall) }, vk.format.relative(since)),
    ];
  }

  function groupCells(row) {
    const { label, color } = row.curve.group;
    return [
      vk.el('td', null, vk.swatch(label, color, 'solid')),
      vk.el('td', { class: 'vk-tip-run', title: label }, label),
      number(row.value),
      vk.el('td', { title: vk.format.exact(row.std) }, `± ${vk.format.si(row.std, 3)}`),
      number(row.median), number(row.low), number(row.high),
      vk.el('td', null, vk.format.exact(row.count)),
    ];
  }

  const order = ({ value }) => (Number.isFinite(value) ? value : Infinity);
  const byDistance = (a, b) => (a.distance - b.distance) || 0;

  /** The rows of a table: all of them, or the nearest to the pointer; highest value first. */
  function chosen(rows, all) {
    const some = all || rows.length <= ROWS ? [...rows] : [...rows].sort(byDistance).slice(0, ROWS);
    return some.sort((a, b) => order(b) - order(a));
  }

  function table(shown, nearest) {
    const isGroup = Boolean(shown[0].curve.group);
    const smooth = shown.some((row) => row.smoothed !== null && row.smoothed !== undefined);
    const cells = (row) => (isGroup ? groupCells(row) : runCells(row, smooth));
    return vk.el('table', null,
      vk.el('thead', null, vk.el('tr', null, (isGroup ? GROUP_HEADS : RUN_HEADS(smooth)).map((head) => vk.el('th', null, head)))),
      vk.el('tbody', null, shown.map((row) => vk.el('tr', { class: row === nearest ? 'vk-nearest' : null }, cells(row)))));
  }

  /** Children of the tip; rows carry their distance to the pointer, the nearest one is marked. */
  function content(shown, { flag, nearest, total, where }) {
    return [
      flag && vk.el('div', { class: 'vk-tip-flag' },
        `${vk.format.si(flag.value)} @ ${vk.format.exact(flag.step)}`, vk.el('span', { class: 'vk-muted' }, ` ${flag.run}`)),
      where && vk.el('div', { class: 'vk-muted' }, where),
      table(shown, nearest),
      total > shown.length && vk.el('div', { class: 'vk-muted' }, `${vk.format.count(total)} runs, the nearest ${shown.length} shown; click to see all`),
    ].filter(Boolean);
  }

  vk.tip = { rowsAt, chosen, content };
})();
