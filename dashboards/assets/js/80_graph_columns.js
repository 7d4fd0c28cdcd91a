/* A captured graph as it travels, columns of few different values, turned into records. No DOM. */
(function (vk) {
  'use strict';

  const NODE = {
    kind: 'op', op: '', name: '', path: '', scope: '', shapes: [], dtypes: [], parameters: 0, flops: 0, order: -1,
    state: '', source: '', attributes: [], change: '',
  };
  const EDGE = { output: 0, input: 0, shape: [], kind: 'data', change: '' };
  const SCOPE = { op: '', path: '', parent: '', call: 0, state: '', input_shapes: [], output_shapes: [], change: '' };

  /** One column as an array: plain, coded as {values, at}, or left out because all is the default. */
  function columnOf(column, count, fallback) {
    if (column === undefined) return new Array(count).fill(fallback);
    return Array.isArray(column) ? column : column.at.map((at) => column.values[at]);
  }

  function recordsOf(columns, defaults, keys) {
    const count = columns ? columns.count : 0;
    const names = [...keys, ...Object.keys(defaults)];
    const known = names.map((name) => columnOf(columns && columns[name], count, defaults[name]));
    return Array.from({ length: count }, (_, i) => {
      const record = {};
      for (let k = 0; k < names.length; k++) record[names[k]] = known[k][i];
      return record;
    });
  }

  /** {nodes, edges, scopes} as arrays of records; `src` and `dst` of edges are places among the nodes. */
  vk.graphRecords = (doc) => ({
    nodes: recordsOf(doc.nodes, NODE, ['id']),
    edges: recordsOf(doc.edges, EDGE, ['src', 'dst']),
    scopes: recordsOf(doc.scopes, SCOPE, ['id']),
  });

  /** Whether a document is a captured graph in columns; the other kind is the module tree. */
  vk.isGraphColumns = (doc) => Boolean(doc && doc.nodes && !Array.isArray(doc.nodes));

  const FROM_TO = '\u2013';
  const span = (low, high) => (low === high ? String(low) : `${low}${FROM_TO}${high}`);

  /** How often a node ran and how large its result was: {low, high, shape: "8×5–24×16"}. */
  vk.graphRange = function (range) {
    if (!range) return null;
    const [low, high, small, large] = range;
    const shape = small && large ? small.map((size, i) => span(size, large[i])).join('\u00d7') || 'scalar' : '';
    return { low, high, shape, text: high > 1 || low !== high ? `\u00d7${span(low, high)}` : '' };
  };
})((window.vk = window.vk || {}));
