/* The heatmap in words: a cell's tooltip, and the table that screen readers get instead of colours. */
(function (vk) {
  'use strict';

  const MOST_ROWS = 200;

  const inWords = (value) =>
    Number.isNaN(value) ? 'no data' : value === Infinity ? 'non-finite (NaN or Inf)' : vk.sixDigits(value);

  function stepRange(grid, column) {
    const from = grid.step[grid.source[column] < 0 ? column : grid.source[column]];
    const next = column + 1 < grid.columns ? grid.step[column + 1] : null;
    const to = next === null ? from : next - 1;
    return to > from
      ? `steps ${vk.format.count(from)} to ${vk.format.count(to)}, largest of them`
      : `step ${vk.format.count(from)}`;
  }

  /** [name, steps, value] of one cell. */
  vk.cellWords = function (grid, node, row, column, metric) {
    const log = grid.log[row * grid.columns + column];
    const value = Number.isNaN(log) ? NaN : log === Infinity ? Infinity : 10 ** log;
    const joined =
      node.members.length === 1
        ? ''
        : metric.isRatio
          ? `, geometric mean of ${node.members.length} parameters`
          : `, ${node.members.length} parameters together`;
    return [node.path, stepRange(grid, column), `${metric.label} ${inWords(value)}${joined}`];
  };

  vk.fillHeatSummary = function (table, grid, rows, metric) {
    const head = ['name', 'last', 'smallest', 'largest', 'non-finite columns'].map((word) => vk.el('th', { scope: 'col' }, word));
    const body = rows.slice(0, MOST_ROWS).map((node, row) => {
      const { last, low, high, broken } = vk.rowFacts(grid, row);
      return vk.el(
        'tr',
        {},
        vk.el('th', { scope: 'row' }, node.path),
        ...[last, low, high].map((value) => vk.el('td', {}, inWords(value))),
        vk.el('td', {}, String(broken)),
      );
    });
    const left = rows.length > MOST_ROWS ? ` (first ${MOST_ROWS} of ${rows.length})` : '';
    table.replaceChildren(
      vk.el('caption', {}, `${metric.label} by row${left}`),
      vk.el('thead', {}, vk.el('tr', {}, ...head)),
      vk.el('tbody', {}, ...body),
    );
  };
})((window.vk = window.vk || {}));
