/* Runs in groups, by a value of their config or by a part of their name. `groupBy` is a config key
   ("lr", "optimizer.lr"), or "~regex": what its first bracket (else all of it) matches in the name. */
(function () {
  'use strict';
  const vk = window.vk;
  const FOLDER = '~^(.*)/'; // the folder that a run is in

  /** A value of a nested config: by the key as it is, else along its dots. Undefined if not there. */
  function lookUp(config, key) {
    if (!config || typeof config !== 'object') return undefined;
    if (Object.hasOwn(config, key)) return config[key];
    for (let dot = key.indexOf('.'); dot > 0; dot = key.indexOf('.', dot + 1)) {
      const found = lookUp(config[key.slice(0, dot)], key.slice(dot + 1));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  const words = (value) => (value === undefined || value === null ? null : typeof value === 'object' ? JSON.stringify(value) : String(value));

  /** A function from a row of vk.store.runs to the words of its group, null if it has none. */
  function reader(groupBy) {
    if (!groupBy.startsWith('~')) return ({ config }) => words(lookUp(config, groupBy));
    let pattern;
    try {
      pattern = new RegExp(groupBy.slice(1));
    } catch (_) {
      return () => null;
    }
    return ({ run }) => {
      const found = pattern.exec(run);
      return found ? (found[1] === undefined ? found[0] : found[1]) : null;
    };
  }

  const isNumber = (text) => text !== '' && Number.isFinite(Number(text));

  /** Numbers by size, then words by alphabet, then those without. */
  function inOrder({ value: a }, { value: b }) {
    if (a === null || b === null) return (a === null) - (b === null);
    if (isNumber(a) && isNumber(b)) return Number(a) - Number(b);
    if (isNumber(a) !== isNumber(b)) return isNumber(a) ? -1 : 1;
    return a.localeCompare(b, 'en', { numeric: true });
  }

  /** [{key, value, label, rows}] of some rows; rows keep their order. */
  function split(rows, groupBy) {
    const read = reader(groupBy);
    const groups = new Map();
    for (const row of rows) {
      const value = read(row);
      const key = value === null ? groupBy : `${groupBy}=${value}`;
      if (!groups.has(key)) groups.set(key, { key, value, label: labelOf(groupBy, value), rows: [] });
      groups.get(key).rows.push(row);
    }
    return [...groups.values()].sort(inOrder);
  }

  const nameOf = (groupBy) => (groupBy === FOLDER ? 'folder' : groupBy.startsWith('~') ? groupBy.slice(1) : groupBy);

  function labelOf(groupBy, value) {
    if (value === null) return groupBy.startsWith('~') ? (groupBy === FOLDER ? 'no folder' : 'no match') : `no ${groupBy}`;
    return groupBy.startsWith('~') ? value : `${groupBy} = ${isNumber(value) ? shortNumber(value) : value}`;
  }

  /** 0.30000000000000004 is 0.3 to the reader; the key keeps every digit. */
  const shortNumber = (text) => (text.length > 9 ? String(Number(Number(text).toPrecision(6))) : text);

  let memo = { runs: null, selected: null, groupBy: null, colors: null, theme: null, groups: null };

  /**
   * The selected runs in groups, or null while they are not grouped: [{key, label, color, runs}],
   * in the order of the values. Charts draw one line and one band for each. The same list as before
   * while nothing in it changed.
   */
  function current() {
    const { runs, selected, groupBy, colors, theme } = vk.store.get();
    if (!groupBy) return null;
    const wanted = { runs, selected, groupBy, colors, theme };
    if (Object.keys(wanted).every((key) => memo[key] === wanted[key])) return memo.groups;
    const parts = split(runs.filter(({ run }) => selected.has(run)), groupBy);
    vk.colors.assignGroups(parts.map(({ key }) => key));
    const groups = parts.map(({ key, label, rows }) => ({ key, label, color: vk.colors.ofGroup(key), runs: rows.map(({ run }) => run) }));
    memo = { ...wanted, groups: JSON.stringify(groups) === JSON.stringify(memo.groups) ? memo.groups : groups };
    return memo.groups;
  }

  /* --- which keys there are --- */
  let columns = null;
  let columnsAt = 0;

  /** As /api/v1/columns: {config: [{key, kind, distinct, runs, values}], metrics: [{tag, runs}]}. */
  async function known() {
    if (columns && performance.now() - columnsAt < 5000) return columns;
    columns = await vk.api.json('columns');
    columnsAt = performance.now();
    return columns;
  }

  vk.columns = { known, lookUp };
  vk.groups = { current, split, nameOf, FOLDER };
})();
