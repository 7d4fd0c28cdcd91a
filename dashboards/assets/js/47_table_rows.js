/* The rows of the table of runs: read in pages from the server, and summed up by group. */
(function () {
  'use strict';
  const vk = window.vk;
  const PAGE = 1000; // rows of a request when all are wanted

  /** What the server calls a column to sort by or to send. */
  const serverKey = ({ id, kind, name }) => (kind === 'config' ? `config.${name}` : kind === 'metric' ? `${id.slice(0, id.indexOf(':'))}.${name}` : { steps: 'last_step' }[id] || id);

  /** {total, matched, rows} of one page. `sort` is {column, desc} or null. */
  function page({ offset, limit, sort, columns }, options) {
    return vk.api.json('table', {
      ...vk.filter.params(), offset, limit,
      sort: sort ? serverKey(sort.column) : null, desc: sort && sort.desc ? 1 : null,
      columns: columns.filter(({ kind }) => kind !== 'fact').map(serverKey).join(',') || null,
    }, options);
  }

  /** Every matching row, page by page. */
  async function all({ sort, columns }, options) {
    const rows = [];
    for (;;) {
      const answer = await page({ offset: rows.length, limit: PAGE, sort, columns }, options);
      rows.push(...answer.rows);
      if (!answer.rows.length || rows.length >= answer.matched) return { ...answer, rows };
    }
  }

  /** {n, mean, std} of the finite numbers, or {distinct, value} of what else there is. */
  function summary(rows, column) {
    const values = rows.map((row) => column.value(row)).filter((value) => value !== null && value !== undefined);
    const numbers = values.filter((value) => typeof value === 'number');
    if (column.numeric && column.kind !== 'config' && numbers.length) return { ...moments(numbers.filter(Number.isFinite)), odd: numbers.filter((x) => !Number.isFinite(x)).length };
    const distinct = new Map(values.map((value) => [column.words(value), value]));
    return { distinct: distinct.size, value: values[0], n: values.length };
  }

  /** Mean and standard deviation (of the sample, n - 1) in two passes. */
  function moments(numbers) {
    const n = numbers.length;
    const mean = numbers.reduce((sum, x) => sum + x, 0) / n;
    const std = n > 1 ? Math.sqrt(numbers.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (n - 1)) : 0;
    return { n, mean, std, low: Math.min(...numbers), high: Math.max(...numbers) };
  }

  /** [in the cell, on hover] of a summary. */
  function summaryWords(sum, column) {
    if (!sum || (sum.distinct === 0 && !sum.n)) return ['–', `no ${column.header}`];
    if ('distinct' in sum) return sum.distinct === 1 ? [column.words(sum.value), column.exact(sum.value)] : [`${sum.distinct} values`, `${sum.distinct} values in ${sum.n} runs`];
    const odd = sum.odd ? `, ${sum.odd} not finite` : '';
    if (!sum.n) return ['not finite', `${sum.odd} values, none finite`];
    if (column.id === 'started') return [column.words(sum.high), `from ${column.exact(sum.low)} to ${column.exact(sum.high)}`];
    const spread = sum.n > 1 && sum.std > 0 ? ` ± ${column.id === 'duration' ? vk.format.relative(sum.std) : vk.format.si(sum.std, 2)}` : '';
    return [column.words(sum.mean) + spread, `mean ${column.exact(sum.mean)}, standard deviation ${column.exact(sum.std)}, lowest ${column.exact(sum.low)}, highest ${column.exact(sum.high)} of ${sum.n}${odd}`];
  }

  const middle = (sum) => (!sum ? null : 'mean' in sum ? sum.mean : sum.value);

  function compare(a, b) {
    const lacks = (x) => x === null || x === undefined || Number.isNaN(x);
    if (lacks(a) || lacks(b)) return null;
    return typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b), 'en', { numeric: true });
  }

  /** A comparison for `sort`; what lacks the value comes last either way. */
  function order({ desc }, valueOf) {
    return (x, y) => {
      const [a, b] = [valueOf(x), valueOf(y)];
      const sign = compare(a, b);
      if (sign !== null) return desc ? -sign : sign;
      return (compare(a, a) === null) - (compare(b, b) === null);
    };
  }

  /** Headings with their sums, each followed by its runs where it is not folded. */
  function grouped(rows, { groupBy, unfolded, columns, sort }) {
    const groups = vk.groups.split(rows, groupBy).map(({ key, label, rows: runs }) => ({
      key, label, runs, names: runs.map(({ run }) => run), isFolded: !unfolded.has(key),
      summary: Object.fromEntries(columns.map((column) => [column.id, summary(runs, column)])),
    }));
    if (sort) {
      groups.sort(order(sort, ({ summary: sums }) => middle(sums[sort.column.id])));
      groups.forEach(({ runs }) => runs.sort(order(sort, (row) => sort.column.value(row))));
    }
    return groups.flatMap(({ runs, ...group }) => [group, ...(group.isFolded ? [] : runs.map((row) => ({ ...row, depth: 1 })))]);
  }

  vk.tableRows = { page, all, grouped, summaryWords };
})();
