/* The table of runs as text: CSV for programs, Markdown for people. Exact values. */
(function () {
  'use strict';
  const vk = window.vk;

  const plain = (value) => {
    if (value === null || value === undefined) return '';
    return typeof value === 'object' ? JSON.stringify(value) : String(value);
  };

  /* A spreadsheet runs what begins with these; a leading apostrophe keeps it text. */
  const harmless = (text) => (/^[=+\-@\t\r]/.test(text) && !Number.isFinite(Number(text)) && !/^[+-]?(Infinity|Inf)$/.test(text) ? `'${text}` : text);
  const quote = (text) => (/[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text);
  const csvCell = (value) => quote(harmless(plain(value)));

  const cells = (row, columns) => [row.run, ...columns.map((column) => {
    const value = column.value(row);
    return column.id === 'started' && Number.isFinite(value) ? new Date(value * 1000).toISOString() : value;
  })];
  const head = (columns) => ['run', ...columns.map(({ id, header }) => ({ duration: 'duration (s)' }[id] || header))];

  function csv(rows, columns) {
    return [head(columns), ...rows.map((row) => cells(row, columns))].map((line) => line.map(csvCell).join(',')).join('\n').concat('\n');
  }

  const markdownCell = (value) => plain(value).replace(/\\/g, '\\\\').replace(/\|/g, '\\|').replace(/\r?\n/g, ' ');

  function markdown(rows, columns) {
    const short = (row) => [row.run, ...columns.map((column) => {
      const value = column.value(row);
      return value === null || value === undefined ? '' : column.words(value);
    })];
    const line = (list) => `| ${list.map(markdownCell).join(' | ')} |`;
    const rule = `|---|${columns.map(({ numeric }) => (numeric ? '---:' : '---')).join('|')}${columns.length ? '|' : ''}`;
    return [line(head(columns)), rule, ...rows.map((row) => line(short(row)))].join('\n').concat('\n');
  }

  /** Let the browser save `text` as a file. */
  function save(text, name, type) {
    const url = URL.createObjectURL(new Blob([text], { type }));
    vk.el('a', { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  }

  vk.tableText = { csv, markdown, save };
})();
