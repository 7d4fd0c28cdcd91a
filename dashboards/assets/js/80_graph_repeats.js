/* Repeats in a graph: equal neighbours become one stack ("x12") that opens like a module. No DOM. */
(function (vk) {
  'use strict';

  const SMALLEST_STACK = 3;

  /** "View \u2192 Transpose", the first three of a turn. */
  function titles(items) {
    const names = items.slice(0, 3).map(vk.nodeTitle);
    return names.join(' \u2192 ') + (items.length > 3 ? ' \u2026' : '');
  }

  /** A stack of equal members; it has no place in a parent yet. */
  vk.graphStack = function (members, byId) {
    const [first, last] = [members[0], members[members.length - 1]];
    const isOne = first.name === last.name || (first.kind === 'module' && first.path === last.path);
    const end = last.name.slice(last.name.lastIndexOf('.') + 1);
    const stack = {
      ...first,
      id: `${first.id}\u2026${end}`,
      name: isOne ? first.name : `${first.name} \u2026 ${end}`,
      isStack: true,
      isTurn: false,
      kind: 'stack',
      ownNames: [],
      badges: [],
      change: '',
      count: members.length,
      outputShapes: last.outputShapes,
      children: members,
    };
    if (first.isTurn) Object.assign(stack, { name: titles(first.children), op: '' });
    if (byId.has(stack.id)) stack.id += '\u2026';
    members.forEach((member) => (member.parent = stack));
    byId.set(stack.id, stack);
    return stack;
  };

  const isNumbered = (node) => /\d$/.test(node.name);

  function runEnd(children, start) {
    let end = start + 1;
    while (end < children.length && isNumbered(children[end]) && children[end].signature === children[start].signature) end += 1;
    return end;
  }

  /** Three and more equal numbered neighbours of a module tree become one stack. Equal modules with names of
   *  their own (q, k, v) play different parts and stay apart. */
  vk.foldNumbered = function (node, byId) {
    node.children.forEach((child) => vk.foldNumbered(child, byId));
    const folded = [];
    for (let i = 0; i < node.children.length;) {
      const end = isNumbered(node.children[i]) ? runEnd(node.children, i) : i + 1;
      const isStack = end - i >= SMALLEST_STACK && end - i < node.children.length + (node.parent ? 1 : 0);
      if (isStack) folded.push(vk.graphStack(node.children.slice(i, end), byId));
      else folded.push(...node.children.slice(i, end));
      i = end;
    }
    folded.forEach((child) => (child.parent = node));
    node.children = folded;
  };

  const isAlike = (node, first) => node.kind !== 'module' || /\d$/.test(node.plainName) || node.path === first.path;

  /** A turn of several items becomes a group of its own, so that a stack always holds turns. */
  function turnOf(items, at, parent, byId) {
    if (items.length === 1) return items[0];
    const turn = vk.blankGraphNode({
      id: `${items[0].id}\u2026turn`,
      name: `turn ${at + 1}`,
      kind: 'module',
      op: '',
      path: parent.path,
      children: items,
      isTurn: true,
      isCalled: true,
      order: items[0].order,
    });
    items.forEach((item) => (item.parent = turn));
    byId.set(turn.id, turn);
    return turn;
  }

  const isWhole = (turns, parent) =>
    turns.every(
      (turn) => turn.length === turns[0].length && turn.every((node, i) => node.parent === parent && isAlike(node, turns[0][i])),
    );

  /** Fold what repeats at least three times in a row; `turns` are lists of ids of siblings. */
  vk.foldTurns = function ({ turns }, byId) {
    const found = turns.map((turn) => turn.map((id) => byId.get(id)).filter(Boolean));
    const parent = found[0] && found[0][0] && found[0][0].parent;
    if (!parent || found.length < SMALLEST_STACK || !isWhole(found, parent)) return;
    const at = parent.children.indexOf(found[0][0]);
    const gone = new Set(found.flat());
    const stack = vk.graphStack(
      found.map((turn, i) => turnOf(turn, i, parent, byId)),
      byId,
    );
    stack.parent = parent;
    parent.children.splice(at, 0, stack);
    parent.children = parent.children.filter((child) => !gone.has(child));
  };
})((window.vk = window.vk || {}));
