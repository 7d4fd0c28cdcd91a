/* The watched model as a tree that can be shown: children in execution order, identical neighbours stacked,
   data flow lifted to siblings. No DOM, no places. */
(function (vk) {
  'use strict';

  const SMALLEST_STACK = 3;

  function moduleOf(record) {
    return {
      ...record,
      isStack: false,
      ownNames: record.parameter_names || [],
      inputShapes: record.input_shapes || [],
      outputShapes: record.output_shapes || [],
      children: [],
      parent: null,
    };
  }

  function linkParents(records) {
    const byId = new Map(records.map((record) => [record.id, moduleOf(record)]));
    const root =
      byId.get('') ||
      moduleOf({ id: '', name: '', path: '', op: 'model', kind: 'module', order: 0, parameters: 0, trainable: 0 });
    byId.set('', root);
    for (const record of records) {
      if (record.id === '') continue;
      const node = byId.get(record.id);
      node.parent = byId.get(record.parent) || root;
      node.parent.children.push(node);
    }
    return { root, byId };
  }

  /** A container that never ran itself (a ModuleList) comes where its first child came. */
  function firstOrder(node) {
    const below = node.children.map(firstOrder).filter((order) => order >= 0);
    node.firstOrder = node.order >= 0 ? node.order : below.length ? Math.min(...below) : -1;
    const late = (child) => (child.firstOrder < 0 ? Infinity : child.firstOrder);
    const listed = new Map(node.children.map((child, i) => [child, i]));
    node.children.sort((a, b) => (late(a) === late(b) ? listed.get(a) - listed.get(b) : late(a) - late(b)));
    return node.firstOrder;
  }

  /** What makes two modules the same to look at: type, settings and everything inside, but not the name. */
  function sign(node) {
    node.signature = `${node.op}(${node.extra || ''})${node.parameters}[${node.children.map(sign).join(',')}]`;
    return node.signature;
  }

  function collectNames(node) {
    node.allNames = [...new Set([...node.ownNames, ...node.children.flatMap(collectNames)])];
    return node.allNames;
  }

  function stackOf(members, byId) {
    const [first, last] = [members[0], members[members.length - 1]];
    const stack = {
      ...first,
      id: `${first.id}\u2026${last.name}`,
      name: `${first.name} \u2026 ${last.name}`,
      path: first.path,
      isStack: true,
      kind: 'stack',
      ownNames: [],
      allNames: [...new Set(members.flatMap((member) => member.allNames))],
      outputShapes: last.outputShapes,
      children: members,
      parameters: members.reduce((sum, member) => sum + member.parameters, 0),
      trainable: members.reduce((sum, member) => sum + member.trainable, 0),
    };
    members.forEach((member) => (member.parent = stack));
    byId.set(stack.id, stack);
    return stack;
  }

  const isNumbered = (node) => /\d$/.test(node.name);

  /** Three and more equal numbered neighbours become one stack ("x12"), which opens like a module. Equal modules with
   *  names of their own (q, k, v) play different parts and stay apart. */
  function foldRepeats(node, byId) {
    node.children.forEach((child) => foldRepeats(child, byId));
    const folded = [];
    for (let i = 0; i < node.children.length;) {
      let end = i + 1;
      while (
        end < node.children.length &&
        isNumbered(node.children[end]) &&
        node.children[end].signature === node.children[i].signature
      )
        end += 1;
      const isStack =
        isNumbered(node.children[i]) && end - i >= SMALLEST_STACK && end - i < node.children.length + (node.parent ? 1 : 0);
      if (isStack) folded.push(stackOf(node.children.slice(i, end), byId));
      else folded.push(...node.children.slice(i, end));
      i = end;
    }
    folded.forEach((child) => (child.parent = node));
    node.children = folded;
  }

  function ancestors(node) {
    const line = [];
    for (let at = node; at; at = at.parent) line.unshift(at);
    return line;
  }

  /** Give each container the pairs of its children between which data flows. */
  function liftEdges(edges, byId) {
    for (const node of byId.values()) node.links = new Map();
    for (const { src, dst } of edges) {
      const [from, to] = [byId.get(src), byId.get(dst)];
      if (!from || !to || from === to) continue;
      const [a, b] = [ancestors(from), ancestors(to)];
      let shared = 0;
      while (shared < a.length && shared < b.length && a[shared] === b[shared]) shared += 1;
      if (!shared || shared >= a.length || shared >= b.length) continue;
      a[shared - 1].links.set(`${a[shared].id}\u0000${b[shared].id}`, [a[shared], b[shared]]);
    }
  }

  /** Build the model from ModuleGraph JSON: {root, byId, notes}. */
  vk.graphModel = function (graph) {
    const { root, byId } = linkParents(graph.nodes || []);
    firstOrder(root);
    sign(root);
    collectNames(root);
    foldRepeats(root, byId);
    liftEdges(graph.edges || [], byId);
    const setDepth = (node, depth) => {
      node.depth = depth;
      node.children.forEach((child) => setDepth(child, depth + 1));
    };
    setDepth(root, 0);
    return { root, byId, notes: graph.notes || [] };
  };

  /** Ids to open at first: whole levels while at most `limit` boxes show; stacks stay folded. */
  vk.openAtFirst = function (root, limit) {
    const open = new Set([root.id]);
    let level = root.children;
    let shown = level.length;
    while (level.length) {
      const next = level.filter((node) => node.children.length && !node.isStack);
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

  vk.nodeTitle = (node) => (node.id === '' ? node.op : node.name || node.path);
  vk.shapeText = (shape) => (shape.length ? shape.join('\u00d7') : 'scalar');
  vk.isFrozen = (node) => node.parameters > 0 && node.trainable === 0;
})((window.vk = window.vk || {}));
