/* A captured graph as it travels, columns of few different values, turned into nodes and edges. No DOM. */
(function (vk) {
  'use strict';

  const NODE = {
    kind: 'op', op: '', name: '', path: '', scope: '', shapes: [], dtypes: [], parameters: 0, flops: 0, order: -1,
    state: '', source: '', attributes: [], change: '',
  };
  const EDGE = { shape: [], kind: 'data', change: '' };
  const SCOPE = { op: '', path: '', parent: '', call: 0, state: '', input_shapes: [], output_shapes: [], change: '' };

  /** One column as an array: plain, coded as {values, at}, or left out because all is the default. */
  function columnOf(column, count, fallback) {
    if (column === undefined) return new Array(count).fill(fallback);
    return Array.isArray(column) ? column : column.at.map((at) => column.values[at]);
  }

  function columnsOf(columns, defaults, keys) {
    const count = columns ? columns.count : 0;
    const found = { count };
    for (const name of [...keys, ...Object.keys(defaults)]) found[name] = columnOf(columns && columns[name], count, defaults[name]);
    return found;
  }

  function scopesOf(columns) {
    const all = columnsOf(columns, SCOPE, ['id']);
    return all.id.map((id, i) => ({
      id,
      op: all.op[i],
      path: all.path[i],
      parent: all.parent[i],
      call: all.call[i],
      state: all.state[i],
      inputShapes: all.input_shapes[i],
      outputShapes: all.output_shapes[i],
      change: all.change[i],
    }));
  }

  const ORDERS = { input: -1, output: 1e9, loss: 1e9 };

  function nodeOf(all, i) {
    const [kind, title] = [all.kind[i], all.name[i].replace(/ x\d+$/, '')];
    const node = new GraphNode(all.id[i], kind, all.op[i], /^\d+$/.test(title) ? `${kind} ${title}` : title);
    node.fullName = all.name[i];
    node.path = all.path[i];
    node.scope = all.scope[i];
    node.outputShapes = all.shapes[i];
    node.dtypes = all.dtypes[i];
    node.size = all.parameters[i];
    node.flops = all.flops[i];
    node.state = all.state[i];
    node.source = all.source[i];
    node.attributes = all.attributes[i];
    node.change = all.change[i];
    node.order = all.order[i] >= 0 ? all.order[i] : (ORDERS[kind] ?? -1);
    return node;
  }

  /** {nodes, edges, scopes}: nodes of the tree without a place yet; edges {from, to, shape, kind, change} between them. */
  vk.graphRecords = function (doc) {
    const all = columnsOf(doc.nodes, NODE, ['id']);
    const nodes = all.id.map((_, i) => nodeOf(all, i));
    const { src, dst, shape, kind, change } = columnsOf(doc.edges, EDGE, ['src', 'dst']);
    const edges = src.map((from, i) => ({ from: nodes[from], to: nodes[dst[i]], shape: shape[i], kind: kind[i], change: change[i] }));
    return { nodes, edges, scopes: scopesOf(doc.scopes) };
  };

  /** Whether a document is a captured graph in columns; the other kind is the module tree. */
  vk.isGraphColumns = (doc) => Boolean(doc && doc.nodes && !Array.isArray(doc.nodes));

  const NONE = Object.freeze([]);

  /** One node of the tree, whatever it is; every field is there from the start, which is what makes many of them fast.
   *  Lists are shared until something is in them: replace them, never push. */
  class GraphNode {
    constructor(id, kind, op, name) {
      this.id = id;
      this.kind = kind;
      this.op = op;
      this.name = name;
      this.path = this.scope = this.fullName = this.extra = this.source = this.state = this.change = this.countText = '';
      this.parent = this.range = this.face = this.badge = this.absorbed = this.links = this.entries = this.exits = null;
      this.children = this.ownNames = this.allNames = this.badges = NONE;
      this.inputShapes = this.outputShapes = this.dtypes = this.attributes = this.parameter_names = NONE;
      this.parameters = this.trainable = this.size = this.flops = this.depth = this.index = 0;
      this.order = -1;
      this.count = 1;
      this.firstOrder = Infinity;
      this.changes = null;
      this.isStack = this.isTurn = this.isIdle = this.isCalled = this.isSelfLoop = this.hasLoop = false;
    }
  }
  vk.GraphNode = GraphNode;

  /** A node with these fields, its lists its own. */
  vk.blankGraphNode = (fields) =>
    Object.assign(new GraphNode(fields.id, fields.kind, fields.op, fields.name), { children: [], ownNames: [], badges: [] }, fields);

  /** Add to a list that may be the shared empty one. */
  vk.addTo = (node, list, value) => {
    if (node[list] === NONE) node[list] = [value];
    else node[list].push(value);
  };

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
