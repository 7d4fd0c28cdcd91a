/* The table beside the crosshair: for each curve the point nearest to x. */
(function () {
  'use strict';
  const vk = window.vk;
  const ROWS = 14;

  /** For each curve the point nearest to x, if the curve reaches there. */
  function rowsAt(plan, x) {
    const slack = (plan.x[1] - plan.x[0]) * 0.02;
    const rows = [];
    for (const curve of plan.curves) {
      const i = nearestIndex(curve, x);
      if (i < 0 || x < curve.x(curve.from) - slack || x > curve.x(curve.to - 1) + slack) continue;
      const { points, smooth, series } = curve;
      rows.push({
        curve, x: curve.x(i), value: points.value[i], smoothed: smooth ? smooth[i] : null, step: points.step[i],
        wall: points.wall[i], run: series.run, since: points.wall[i] - series.origin(),
      });
    }
    return rows;
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

  function tableRow(row, smooth, isNearest) {
    const number = (value) => vk.el('td', { title: vk.format.exact(value) }, vk.format.si(value, 4));
    return vk.el('tr', { class: isNearest ? 'vk-nearest' : null },
      vk.el('td', null, vk.swatch(row.run, row.curve.color, row.curve.dash)),
      vk.el('td', { class: 'vk-tip-run', title: row.run }, row.curve.series.label || row.run),
      number(row.value),
      smooth && number(row.smoothed === null ? row.value : row.smoothed),
      vk.el('td', null, vk.format.exact(row.step)),
      vk.el('td', { title: vk.format.time(row.wall) }, vk.format.relative(row.since)));
  }

  const order = ({ value }) => (Number.isFinite(value) ? value : Infinity);

  /** Children of the tip; highest value first, the row nearest to the pointer marked. */
  function content(rows, { flag, nearest, all }) {
    const smooth = rows.some((row) => row.smoothed !== null);
    const sorted = [...rows].sort((a, b) => order(b) - order(a));
    const shown = all ? sorted : sorted.slice(0, ROWS);
    const heads = ['', 'run', 'value', ...(smooth ? ['smoothed'] : []), 'step', 'time'];
    return [
      flag && vk.el('div', { class: 'vk-tip-flag' },
        `${vk.format.si(flag.value)} @ ${vk.format.exact(flag.step)}`, vk.el('span', { class: 'vk-muted' }, ` ${flag.run}`)),
      vk.el('table', null,
        vk.el('thead', null, vk.el('tr', null, heads.map((head) => vk.el('th', null, head)))),
        vk.el('tbody', null, shown.map((row) => tableRow(row, smooth, row === nearest)))),
      rows.length > shown.length && vk.el('div', { class: 'vk-muted' }, `and ${rows.length - shown.length} more; click to see all`),
    ].filter(Boolean);
  }

  vk.tip = { rowsAt, content };
})();
