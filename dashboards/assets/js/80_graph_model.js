/* A graph as a tree that can be shown: the module tree of a watched model, or the graph that ran. Children are in
   execution order, repeats stacked, data flow lifted to siblings. No DOM, no places. */
(function (vk) {
  'use strict';

  const LATE = Infinity;
  const HELD = new Set(['parameter', 'buffer', 'constant', 'input']);

  // -- the module tree

  function moduleOf(record) {
    return vk.blankGraphNode({
      ...record,
      plainName: record.name,
      ownNames: record.parameter_names || [],
      inputShapes: record.input_shapes || [],
      outputShapes: record.output_shapes || [],
      isCalled: true,
    });
  }

  /** Read a module tree: the same as `vk.graphCalls` gives for a captured graph. */
  function moduleTree(graph) {
    const records = graph.nodes || [];
    const byId = new Map(records.map((record) => [record.id, moduleOf(record)]));
    const root = byId.get('') || moduleOf({ id: '', name: '', path: '', op: 'model', kind: 'module', order: 0 });
    byId.set('', root);
    for (const record of records) {
      if (record.id === '') continue;
      const node = byId.get(record.id);
      node.parent = byId.get(record.parent) || root;
      node.parent.children.push(node);
    }
    const flows = (graph.edges || []).map(({ src, dst }) => ({ from: byId.get(src), to: byId.get(dst), shape: null, kind: 'data', change: '' }));
    const fold = () => (sign(root), vk.foldNumbered(root, byId));
    return { root, byId, aliases: new Map(), sizes: null, fold, flows: flows.filter(({ from, to }) => from && to) };
  }

  /** What makes two modules the same to look at: type, settings and everything inside, but not the name. */
  function sign(node) {
    node.signature = `${node.op}(${node.extra || ''})${node.parameters}[${node.children.map(sign).join(',')}]`;
    return node.signature;
  }

  // -- what both kinds of trees need

  /** A container comes where its first child came; what never ran comes last. */
  function firstOrder(node) {
    if (!node.children.length && node.kind !== 'module') return (node.firstOrder = node.order > -1 || node.kind === 'input' ? node.order : LATE);
    const below = node.children.map(firstOrder).filter((order) => order !== LATE);
    const own = node.order > -1 || node.kind === 'input' ? node.order : LATE;
    node.firstOrder = own !== LATE ? own : below.length ? Math.min(...below) : LATE;
    if (node.isIdle) node.firstOrder = LATE;
    const late = (a, b) => (a.firstOrder === b.firstOrder ? 0 : a.firstOrder < b.firstOrder ? -1 : 1);
    if (node.children.some((child, i) => i && late(node.children[i - 1], child) > 0)) node.children.sort(late);
    return node.firstOrder;
  }

  /** Names of the parameters in a node and below, each once. */
  function collectNames(node) {
    if (!node.children.length) return (node.allNames = node.ownNames);
    let all = node.ownNames;
    for (const child of node.children) {
      const below = collectNames(child);
      if (below.length) all = all.length ? all.concat(below) : below;
    }
    return (node.allNames = all === node.ownNames || node.children.length === 1 ? all : [...new Set(all)]);
  }

  /** Count the parameters where the tree does not say it; `sizes` holds their nodes by name. */
  function countParameters(node, sizes) {
    for (const name of node.allNames) {
      const one = sizes.get(name);
      if (!one) continue;
      node.parameters += one.size;
      if (one.state !== 'frozen') node.trainable += one.size;
    }
    for (const child of node.children) {
      countParameters(child, sizes);
      if (node.kind !== 'op') node.flops += child.flops;
    }
  }

  function sumStacks(node) {
    node.children.forEach(sumStacks);
    if (!node.isStack) return;
    node.allNames = [...new Set(node.children.flatMap((member) => member.allNames))];
    node.parameters = node.children.reduce((sum, member) => sum + member.parameters, 0);
    node.trainable = node.children.reduce((sum, member) => sum + member.trainable, 0);
  }

  /** How often a module ran in a rolled graph: as often as the rarest of what it ran. */
  function countCalls(node) {
    if (!node.children.length) return node.range;
    const ranges = node.children.map(countCalls);
    const counts = ranges.filter((range, i) => range && range.high > 0 && !HELD.has(node.children[i].kind));
    if (!node.range && counts.length && !node.isStack && node.path) {
      const rarest = counts.reduce((a, b) => (b.high < a.high ? b : a));
      node.range = { ...rarest, shape: '' };
      node.count = rarest.high;
    }
    return node.range;
  }

  function describe(node, depth, index) {
    node.depth = depth;
    node.index = index.next++;
    node.countText = node.isStack ? `\u00d7${node.children.length}` : node.range ? node.range.text : '';
    if (node.range && node.parent && node.parent.range && node.parent.range.text === node.range.text && node.kind === 'module') node.countText = '';
    node.children.forEach((child) => describe(child, depth + 1, index));
  }

  const UNCHANGED = Object.freeze({ total: 1 });
  const CHANGES = ['added', 'removed', 'reshaped', 'rewired'];

  /** How many leaves of each change are below: a container says "3 added", or is added as a whole. */
  function countChanges(node) {
    if (!node.children.length) return node.change ? { total: 1, [node.change]: 1 } : UNCHANGED;
    const sum = { total: 0 };
    for (const child of node.children) {
      const below = countChanges(child);
      for (const key of Object.keys(below)) sum[key] = (sum[key] || 0) + below[key];
    }
    const whole = CHANGES.slice(0, 2).find((change) => sum[change] === sum.total);
    node.change = node.change || whole || '';
    node.changes = Object.fromEntries(CHANGES.filter((change) => sum[change]).map((change) => [change, sum[change]]));
    return sum;
  }

  /** Build the model of a document: {root, byId, notes, form, flows, aliases, isCircuit}. */
  vk.graphModel = function (doc, options = {}) {
    const isColumns = vk.isGraphColumns(doc);
    const tree = isColumns ? vk.graphCalls(doc, options) : moduleTree(doc);
    const { root, byId, flows, aliases, sizes } = tree;
    const form = isColumns ? doc.form || 'calls' : 'tree';
    firstOrder(root);
    tree.fold();
    collectNames(root);
    if (sizes) countParameters(root, sizes);
    else sumStacks(root);
    if (form === 'rolled') countCalls(root);
    describe(root, 0, { next: 0 });
    if (flows.some((flow) => flow.change) || [...byId.values()].some((node) => node.change)) countChanges(root);
    vk.liftFlows(root, flows, root.index + byId.size + 1);
    return { root, byId, flows, aliases, form, notes: doc.notes || [], isCircuit: Boolean(tree.isCircuit), key: doc.key };
  };

  const hasModules = (node) => node.children.some((child) => child.children.length);

  /** Ids to open at first: whole levels while at most `limit` boxes show; stacks and single layers stay folded. */
  vk.openAtFirst = function (root, limit) {
    const open = new Set([root.id]);
    const isTree = root.children.every((child) => child.kind === 'module' || child.kind === 'stack');
    let level = root.children;
    let shown = level.length;
    while (level.length) {
      const next = level.filter((node) => node.children.length && !node.isStack && (isTree || root.isCircuit || hasModules(node) || node.depth < 2));
      const more = next.reduce((sum, node) => sum + node.children.length, 0);
      if (shown + more > limit) break;
      next.forEach((node) => open.add(node.id));
      shown += more;
      level = next.flatMap((node) => node.children);
    }
    return open;
  };

  /** Nodes in reading order as far as they are open: what the tree list shows. */
  vk.openNodes = function (root, open) {
    const nodes = [];
    const walk = (node) => {
      nodes.push(node);
      if (open.has(node.id)) node.children.forEach(walk);
    };
    walk(root);
    return nodes;
  };

  vk.nodeTitle = (node) => (node.id === '' ? node.op : node.name || node.path || node.op);
  vk.shapeText = (shape) => (shape.length ? shape.join('\u00d7') : 'scalar');
  /** Shape of the first output, as a range where it varied; "" where it is not known. */
  vk.outputText = (node) =>
    (node.range && node.range.shape) || (node.outputShapes.length ? vk.shapeText(node.outputShapes[0]) : '');
  vk.isFrozen = (node) => node.parameters > 0 && node.trainable === 0;
})((window.vk = window.vk || {}));
