/* The rows of the table of runs: read in pages from the server, and summed up by group. */
(function () {
  'use strict';
  const vk = window.vk;
  const PAGE = 1000; // rows of a request when all are wanted

  const FACTS = { run: 'run', status: 'status', started: 'started', steps: 'steps', points: 'points' };

  /** What to sort by, in the language of filters; null where the server cannot (duration). */
  function sortBy({ id, kind, name }) {
    if (kind === 'config') return `config[${JSON.stringify(name)}]`;
    return kind === 'metric' ? `${id.slice(0, id.indexOf(':'))}[${JSON.stringify(name)}]` : FACTS[id] || null;
  }

  /** Keys and tags to send; null, which is all of them, where a comma in one would mislead. */
  function wanted(columns) {
    const names = [...new Set(columns.filter(({ kind }) => kind !== 'fact').map(({ name }) => name))];
    return names.some((name) => name.includes(',')) ? null : names.join(',') || '-';
  }

  /** {total, matched, rows} of one page. `sort` is {column, desc} or null: the newest first; `narrow` as vk.filter.params(). */
  function page({ offset, limit, sort, columns, narrow }, options) {
    const by = sort && sortBy(sort.column);
    return vk.api.json('table', {
      ...narrow, offset, limit, sort: by || 'started', desc: (by ? sort.desc : true) ? 1 : null, columns: wanted(columns),
    }, options);
  }

  /** Every matching row, page by page. */
  async function all(asked, options) {
    const rows = [];
    for (;;) {
      const answer = await page({ ...asked, offset: rows.length, limit: PAGE }, options);
      rows.push(...answer.rows);
      if (!answer.rows.length || rows.length >= answer.matched) return { ...answer, rows };
    }
  }

  /** {n, mean, std} of the finite numbers, or {distinct, value} of what else there is. */
  function summary(rows, column) {
    const values = rows.map((row) => column.value(row)).filter((value) => value !== null && value !== undefined);
    const numbers = values.filter((value) => typeof value === 'number');
    if (column.numeric && column.kind !== 'config' && numbers.length) return { ...moments(numbers.filter(Number.isFinite)), odd: numbers.filter((x) => !Number.isFinite(x)).length };
    const distinct = new Map();
    for (const value of values) distinct.set(column.words(value), (distinct.get(column.words(value)) || 0) + 1);
    return { distinct: distinct.size, value: values[0], n: values.length, most: [...distinct].sort((a, b) => b[1] - a[1]).slice(0, 12) };
  }

  /** Mean and standard deviation (of the population, as the charts' bands) in two passes; equal numbers keep no rounding noise. */
  function moments(numbers) {
    const n = numbers.length;
    const low = numbers.reduce((least, x) => Math.min(least, x), Infinity);
    const high = numbers.reduce((most, x) => Math.max(most, x), -Infinity);
    if (low === high) return { n, mean: low, std: 0, low, high };
    const mean = numbers.reduce((sum, x) => sum + x, 0) / n;
    const std = Math.sqrt(numbers.reduce((sum, x) => sum + (x - mean) ** 2, 0) / n);
    return { n, mean, std, low, high };
  }

  /** [in the cell, on hover] of a summary. */
  function summaryWords(sum, column) {
    if (!sum || (sum.distinct === 0 && !sum.n)) return ['–', `no ${column.header}`];
    if ('distinct' in sum) return sum.distinct === 1 ? [column.words(sum.value), column.exact(sum.value)] : [`${sum.distinct} values`, sum.most.map(([value, n]) => `${value} (${n})`).join(', ') + (sum.distinct > sum.most.length ? ', …' : '')];
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
    const groups = vk.groups.split(rows, groupBy).map(({ key, value, label, rows: runs }) => ({
      key, value, label, runs, names: runs.map(({ run }) => run), isFolded: !unfolded.has(key),
      summary: Object.fromEntries(columns.map((column) => [column.id, summary(runs, column)])),
    }));
    if (sort) {
      groups.sort(order(sort, ({ summary: sums }) => middle(sums[sort.column.id])));
      groups.forEach(({ runs }) => runs.sort(order(sort, (row) => sort.column.value(row))));
    }
    return groups.flatMap(({ runs, ...group }) => [group, ...(group.isFolded ? [] : runs.map((row) => ({ ...row, depth: 1 })))]);
  }

  vk.tableRows = { page, all, sortBy, grouped, summaryWords };
})();
