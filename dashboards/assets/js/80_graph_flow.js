/* Data flow lifted to the level where both ends are siblings, and what is before and behind a node. No DOM. */
(function (vk) {
  'use strict';

  function linkOf(from, to, flow) {
    return { from, to, shape: flow.shape, kind: flow.kind, change: flow.change, count: 1, isBack: false };
  }

  /** Two edges that look like one: shapes and changes that differ are not told. */
  function join(link, flow) {
    link.count += 1;
    if (link.change !== flow.change) link.change = link.change && flow.change ? 'rewired' : link.change || flow.change;
    if (link.kind !== flow.kind) link.kind = 'data';
  }

  /** Climb from both ends to two siblings; each container passed is left by, or entered to, a child of it. */
  function lift(flow, isLoop) {
    let { from, to } = flow;
    while (from.depth > to.depth) from = climb(from, 'exits');
    while (to.depth > from.depth) to = climb(to, 'entries');
    while (from.parent !== to.parent && from.parent && to.parent) {
      from = climb(from, 'exits');
      to = climb(to, 'entries');
    }
    if (from === to) {
      if (isLoop) from.isSelfLoop = true;
      return null;
    }
    return from.parent ? [from, to] : null;
  }

  function climb(node, way) {
    node.parent[way].add(node);
    return node.parent;
  }

  /** Give each container `links` between its children, and the children that data enters and leaves by. */
  vk.liftFlows = function (root, flows, most) {
    const prepare = (node) => {
      if (!node.children.length) return;
      node.links = new Map();
      node.entries = new Set();
      node.exits = new Set();
      node.children.forEach(prepare);
    };
    prepare(root);
    for (const flow of flows) {
      const pair = lift(flow, flow.from === flow.to);
      if (!pair) continue;
      const [from, to] = pair;
      const key = from.index * most + to.index;
      const { links } = from.parent;
      if (links.has(key)) join(links.get(key), flow);
      else links.set(key, linkOf(from, to, flow));
    }
    markLoops(root);
  };

  function markLoops(node) {
    if (!node.links) return;
    if (node.links.size) closeLoops(node);
    node.children.forEach(markLoops);
  }

  /** In execution order, mark each link that leads back to what led to it. */
  function closeLoops(container) {
    const isOnward = [...container.links.values()].every(({ from, to }) => from.index < to.index);
    if (isOnward) return;
    const next = new Map(container.children.map((child) => [child, []]));
    for (const link of container.links.values()) next.get(link.from).push(link);
    const state = new Map();
    for (const child of container.children) if (!state.has(child)) walk(child, next, state);
    container.hasLoop = [...container.links.values()].some((link) => link.isBack);
  }

  /** Depth first without recursion: a chain may be thousands long. */
  function walk(start, next, state) {
    const path = [[start, 0]];
    state.set(start, 'open');
    while (path.length) {
      const top = path[path.length - 1];
      const links = next.get(top[0]);
      if (top[1] === links.length) {
        state.set(top[0], 'done');
        path.pop();
        continue;
      }
      const link = links[top[1]++];
      const met = state.get(link.to);
      if (met === 'open') link.isBack = true;
      else if (!met) (state.set(link.to, 'open'), path.push([link.to, 0]));
    }
  }

  function spread(flows, starts, near, far) {
    const next = new Map();
    for (const flow of flows) {
      if (!next.has(flow[near])) next.set(flow[near], []);
      next.get(flow[near]).push(flow[far]);
    }
    const found = new Set(starts);
    for (const node of found) for (const other of next.get(node) || []) found.add(other);
    return found;
  }

  function withParents(nodes) {
    const all = new Set(nodes);
    for (const node of nodes) for (let at = node.parent; at && !all.has(at); at = at.parent) all.add(at);
    return all;
  }

  /** {up, down}: sets of all nodes, with the containers around them, that `node` depends on and that depend on it. */
  vk.pathThrough = function (model, node) {
    const inside = [];
    const walkDown = (at) => (inside.push(at), at.children.forEach(walkDown));
    walkDown(node);
    return {
      up: withParents(spread(model.flows, inside, 'to', 'from')),
      down: withParents(spread(model.flows, inside, 'from', 'to')),
    };
  };
})((window.vk = window.vk || {}));
