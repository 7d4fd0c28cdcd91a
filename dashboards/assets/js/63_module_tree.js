/* Dotted parameter names as a tree of modules that can be folded row by row. No DOM, no drawing. */
(function (vk) {
  'use strict';

  function branch(path, label, depth) {
    return { path, label, depth, children: [], members: [], row: -1 };
  }

  /** A module that holds a single module or parameter adds nothing to look at: join the two into one label. */
  function joinSingles(node) {
    node.children = node.children.map((child) => {
      let joined = joinSingles(child);
      while (joined.children.length === 1) {
        const only = joined.children[0];
        joined = { ...only, label: `${joined.label}.${only.label}` };
      }
      return joined;
    });
    return node;
  }

  function setDepths(node, depth) {
    node.depth = depth;
    node.children.forEach((child) => setDepths(child, depth + 1));
    return node;
  }

  /** Tree of `names` ("layer1.0.weight"); leaves hold their row, every node holds the rows below it as `members`. */
  vk.moduleTree = function (names) {
    const root = branch('', '', 0);
    const known = new Map([['', root]]);
    names.forEach((name, row) => {
      const parts = name.split('.');
      let parent = root;
      root.members.push(row);
      parts.forEach((part, i) => {
        const isLeaf = i === parts.length - 1;
        const path = parts.slice(0, i + 1).join('.');
        const key = isLeaf ? `${path}\u0000leaf` : path;
        if (!known.has(key)) {
          known.set(key, branch(path, part, 0));
          parent.children.push(known.get(key));
        }
        parent = known.get(key);
        parent.members.push(row);
        if (isLeaf) parent.row = row;
      });
    });
    return setDepths(joinSingles(root), 0);
  };

  /** Rows to draw: a leaf each, or one row for a folded module. */
  vk.visibleRows = function (root, folded) {
    const rows = [];
    const walk = (node) => {
      for (const child of node.children) {
        if (!child.children.length || folded.has(child.path)) rows.push(child);
        else walk(child);
      }
    };
    walk(root);
    return rows;
  };

  /** Open modules among the visible rows as [{node, from, to}] (row numbers, inclusive), outermost first. */
  vk.openModules = function (root, folded) {
    const open = [];
    let row = 0;
    const walk = (node) => {
      for (const child of node.children) {
        if (!child.children.length || folded.has(child.path)) {
          row += 1;
          continue;
        }
        const entry = { node: child, from: row, to: row };
        open.push(entry);
        walk(child);
        entry.to = row - 1;
      }
    };
    walk(root);
    return open;
  };

  function modulesByDepth(root) {
    const levels = [];
    const walk = (node) => {
      if (!node.children.length) return;
      (levels[node.depth] = levels[node.depth] || []).push(node.path);
      node.children.forEach(walk);
    };
    root.children.forEach(walk);
    return levels.filter(Boolean);
  }

  vk.allModules = (root) => new Set(modulesByDepth(root).flat());

  /** Paths to fold so that at most `limit` rows show, opening whole levels from the top. */
  vk.autoFold = function (root, limit) {
    const folded = vk.allModules(root);
    for (const level of modulesByDepth(root)) {
      level.forEach((path) => folded.delete(path));
      if (vk.visibleRows(root, folded).length > limit) {
        level.forEach((path) => folded.add(path));
        break;
      }
    }
    return folded;
  };
})((window.vk = window.vk || {}));
