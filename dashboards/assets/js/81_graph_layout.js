/* Where the boxes go: nested, top to bottom, siblings layered by data flow. Pure; colours never come here. */
(function (vk) {
  'use strict';

  const PAD = 14;
  const HEADER = 30;
  const GAP_X = 26;
  const GAP_Y = 30;
  const LANE = 12; // width that each skip connection gets beside the boxes
  const CHAR = 7;
  const SIZES = { tall: 46, flat: 28 };

  function leafSize(node) {
    const name = vk.nodeTitle(node).length + (node.isStack ? 5 : 0);
    const words = node.parameters ? Math.max(name + node.op.length + 3, 25) : name + node.op.length + 4;
    const width = Math.max(node.parameters ? 190 : 150, Math.min(340, words * CHAR + 24));
    return { width, height: node.parameters ? SIZES.tall : SIZES.flat };
  }

  /** Rank of each child: one below the lowest of those it reads from; without any data flow, execution order. */
  function rankChildren(node) {
    const place = new Map(node.children.map((child, i) => [child, i]));
    const ran = node.children.filter((child) => child.firstOrder !== Infinity);
    const links = [...node.links.values()].map(({ from, to }) => [from, to]).filter(([a, b]) => place.get(a) < place.get(b));
    const flow = links.length ? links : ran.slice(1).map((child, i) => [ran[i], child]);
    const rank = new Map(node.children.map((child) => [child, 0]));
    for (const child of node.children) {
      for (const [a, b] of flow) if (b === child) rank.set(b, Math.max(rank.get(b), rank.get(a) + 1));
    }
    const linked = new Set(flow.flat());
    let bottom = Math.max(0, ...[...linked].map((child) => rank.get(child)));
    if (node.children.length > 1)
      node.children.filter((child) => !linked.has(child)).forEach((child) => rank.set(child, (bottom += 1)));
    return { rank, flow };
  }

  function rowsOf(children, rank) {
    const rows = [];
    for (const child of children) (rows[rank.get(child)] = rows[rank.get(child)] || []).push(child);
    return rows.filter(Boolean);
  }

  /** Measure bottom up: a tree of {node, width, height, isOpen, rows, flow}. */
  function measure(node, open) {
    if (!node.children.length || !open.has(node.id)) return { node, isOpen: false, ...leafSize(node) };
    const { rank, flow } = rankChildren(node);
    const inner = new Map(node.children.map((child) => [child, measure(child, open)]));
    const rows = rowsOf(node.children, rank).map((row) => row.map((child) => inner.get(child)));
    const skips = flow.filter(([a, b]) => rank.get(b) - rank.get(a) > 1).length;
    const rowWidth = (row) => row.reduce((sum, box) => sum + box.width, 0) + GAP_X * (row.length - 1);
    const title = (vk.nodeTitle(node).length + node.op.length + 16) * CHAR;
    return {
      node,
      isOpen: true,
      rows,
      flow,
      rank,
      inner,
      width: Math.max(title, ...rows.map(rowWidth)) + 2 * PAD + 2 * Math.min(skips, 4) * LANE,
      height:
        HEADER + PAD + rows.reduce((sum, row) => sum + Math.max(...row.map((box) => box.height)), 0) + GAP_Y * (rows.length - 1),
    };
  }

  /** Place top down; boxes come out parents first. */
  function place(box, x, y, boxes) {
    Object.assign(box, { x, y });
    boxes.push(box);
    if (!box.isOpen) return;
    let top = y + HEADER;
    for (const row of box.rows) {
      const width = row.reduce((sum, child) => sum + child.width, 0) + GAP_X * (row.length - 1);
      const height = Math.max(...row.map((child) => child.height));
      let left = x + (box.width - width) / 2;
      for (const child of row) {
        place(child, left, top + (height - child.height) / 2, boxes);
        left += child.width + GAP_X;
      }
      top += height + GAP_Y;
    }
  }

  /** A link that passes by other boxes leaves and enters on the right and goes around them. */
  function wires(box) {
    let lane = 0;
    return box.flow.map(([a, b]) => {
      const [from, to] = [box.inner.get(a), box.inner.get(b)];
      const isSkip = box.rank.get(b) - box.rank.get(a) > 1;
      if (isSkip) lane += 1;
      const passed = isSkip
        ? [...box.inner.values()].filter(
            ({ node }) => box.rank.get(node) > box.rank.get(a) && box.rank.get(node) < box.rank.get(b),
          )
        : [];
      const around = isSkip
        ? Math.max(from.x + from.width, to.x + to.width, ...passed.map((other) => other.x + other.width)) +
          LANE * (0.6 + ((lane - 1) % 4))
        : null;
      return {
        around,
        x0: from.x + from.width / (isSkip ? 1 : 2),
        y0: from.y + (isSkip ? Math.min(from.height, 46) / 2 : from.height),
        x1: to.x + to.width / (isSkip ? 1 : 2),
        y1: to.y + (isSkip ? Math.min(to.height, 46) / 2 : 0),
        shape: isSkip ? '' : a.outputShapes.slice(0, 1).map(vk.shapeText).join(''),
      };
    });
  }

  /** Lay out what is open: {boxes, wires, width, height}. */
  vk.layOutGraph = function (root, open) {
    const boxes = [];
    const top = measure(root, open);
    place(top, 0, 0, boxes);
    return { boxes, wires: boxes.filter((box) => box.isOpen).flatMap(wires), width: top.width, height: top.height };
  };
  vk.graphHeader = HEADER;
})((window.vk = window.vk || {}));
