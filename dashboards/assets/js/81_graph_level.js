/* Where the children of one container go: layered by data flow, top to bottom. Pure numbers, no DOM; the page and
   its worker both load this file. */
(function (vk) {
  'use strict';

  const GAP = { x: 26, y: 30, edge: 12, port: 18 };
  const LANE = 14; // width that each loop gets beside the boxes
  const LEAD = 28; // px that an edge of a circuit goes straight, beside its value
  const CHROME = { pad: 14, header: 30 };
  const MOST_FOR_DAGRE = 160;
  const DRIFT = 1.6; // times as broad as our own from which on the library's picture is not taken

  /** One below the other: {x: centres, row, through: x of each edge in the rows it passes}. */
  function chain(level, edges) {
    const rank = vk.graphRanks(level, edges);
    return { x: new Float64Array(level.count), row: rank, through: edges.map(() => []) };
  }

  /** By dagre: its ranks and x; heights are ours. */
  function byDagre(level, edges, dagre) {
    const graph = new dagre.graphlib.Graph({ multigraph: true });
    graph.setGraph({ rankdir: 'TB', nodesep: GAP.x, ranksep: GAP.y, edgesep: GAP.edge, ranker: 'network-simplex' });
    graph.setDefaultEdgeLabel(() => ({}));
    for (let v = 0; v < level.count; v++) graph.setNode(String(v), { width: level.widths[v], height: 20 });
    const rank = vk.graphRanks(level, edges);
    portEdges(level, rank).forEach(([a, b]) => graph.setEdge(String(a), String(b), { weight: 0, minlen: 1 }, 'port'));
    edges.forEach(([a, b], k) => graph.setEdge(String(a), String(b), { weight: rank[b] - rank[a] > 1 ? 1 : 4, minlen: 1 }, String(k)));
    dagre.layout(graph);
    const at = Array.from({ length: level.count }, (_, v) => graph.node(String(v)));
    const rows = [...new Set(at.map(({ y }) => Math.round(y)))].sort((a, b) => a - b);
    const place = new Map(rows.map((y, i) => [y, i]));
    const row = at.map(({ y }) => place.get(Math.round(y)));
    const through = edges.map(([a, b], k) => passes(graph.edge(String(a), String(b), String(k)).points, rows, row[a], row[b]));
    return { x: at.map(({ x }) => x), row, through };
  }

  /** What holds the ports above and below all else: edges from and to the first and the last row. */
  function portEdges({ count, entry, exit }, rank) {
    const all = Array.from({ length: count }, (_, v) => v).filter((v) => v !== entry && v !== exit);
    const [first, last] = [Math.min(...all.map((v) => rank[v])), Math.max(...all.map((v) => rank[v]))];
    const above = entry >= 0 ? all.filter((v) => rank[v] === first).map((v) => [entry, v]) : [];
    return exit >= 0 ? [...above, ...all.filter((v) => rank[v] === last).map((v) => [v, exit])] : above;
  }

  /** x of a polyline in each row strictly between two rows. */
  function passes(points, rows, first, last) {
    const xs = [];
    for (let i = first + 1; i < last; i++) {
      const k = Math.max(1, points.findIndex(({ y }) => y >= rows[i] - 0.5));
      const [p, q] = [points[k - 1], points[k]];
      xs.push(q.y === p.y ? q.x : p.x + ((q.x - p.x) * (rows[i] - p.y)) / (q.y - p.y));
    }
    return xs;
  }

  /** Left and right end of boxes and of what passes beside them; there may be a million of the latter. */
  function extent(lefts, widths, through) {
    let [left, right] = [Infinity, -Infinity];
    lefts.forEach((x, v) => ((left = Math.min(left, x)), (right = Math.max(right, x + widths[v]))));
    for (const xs of through) for (const x of xs) ((left = Math.min(left, x)), (right = Math.max(right, x)));
    return [left, right];
  }

  /** Heights of rows, and everything moved so that the left and upper end is 0. */
  function finish(level, edges, placed, stubs) {
    const { count, widths, heights } = level;
    const rows = Array.from({ length: Math.max(...placed.row) + 1 }, () => ({ height: 0, isPort: true }));
    for (let v = 0; v < count; v++) {
      const row = rows[placed.row[v]];
      row.height = Math.max(row.height, heights[v]);
      row.isPort = row.isPort && widths[v] <= 1;
    }
    let y = 0;
    for (let i = 0; i < rows.length; i++) {
      rows[i].top = y;
      const isPort = rows[i].isPort || (rows[i + 1] && rows[i + 1].isPort);
      rows[i].gap = isPort ? GAP.port : level.gap || GAP.y;
      y += rows[i].height + rows[i].gap;
    }
    const last = rows[rows.length - 1];
    const lefts = Array.from(placed.x, (x, v) => x - widths[v] / 2);
    const [left, right] = extent(lefts, widths, placed.through);
    const done = {
      x: lefts.map((x) => x - left),
      y: Array.from(placed.row, (i, v) => rows[i].top + (rows[i].height - heights[v]) / 2),
      width: right - left,
      height: last.top + last.height,
    };
    const kept = edges.map((edge, k) => routeOf(edge, placed.through[k], placed, rows, done, level, left));
    let k = 0;
    done.routes = stubs.map((isStub) => (isStub ? null : kept[k++]));
    return done;
  }

  /** Down through the gaps, straight through the rows: x, y, x, y, ... */
  function routeOf([a, b], through, placed, rows, done, level, left) {
    const [start, end] = [rows[placed.row[a]], rows[placed.row[b]]];
    const [xa, xb] = [done.x[a] + level.outAt[a], done.x[b] + level.inAt[b]];
    const points = [xa, done.y[a] + level.heights[a], xa, start.top + start.height + (level.gap && level.widths[a] > 1 ? Math.min(LEAD, start.gap * 0.45) : 0)];
    through.forEach((x, i) => {
      const row = rows[placed.row[a] + 1 + i];
      points.push(x - left, row.top, x - left, row.top + row.height);
    });
    points.push(xb, end.top, xb, done.y[b]);
    return points;
  }

  /** Whether a box stands to the right of box `v` at height y. */
  function isBlocked(level, done, v, y) {
    const right = done.x[v] + level.widths[v];
    return done.x.some((x, w) => w !== v && x >= right && y >= done.y[w] - 2 && y <= done.y[w] + level.heights[w] + 2);
  }

  /** From a box to the lane: out of its side, or below it where others stand beside it. */
  function leave(level, done, v, lane) {
    const y = done.y[v] + level.heights[v] / 2;
    if (!isBlocked(level, done, v, y)) return [done.x[v] + level.widths[v], y, lane, y];
    const [x, bottom] = [done.x[v] + level.outAt[v] + 14, done.y[v] + level.heights[v]];
    return [x, bottom, x, bottom + 9, lane, bottom + 9];
  }

  /** From the lane into a box, from its side or from above. */
  function arrive(level, done, v, lane) {
    const y = done.y[v] + Math.min(14, level.heights[v] / 2);
    if (!isBlocked(level, done, v, y)) return [lane, y, done.x[v] + level.widths[v], y];
    const [x, top] = [done.x[v] + level.inAt[v] + 14, done.y[v]];
    return [lane, top - 13, x, top - 13, x, top];
  }

  /** Loops go up on the right, short ones inside long ones. */
  function addLoops(level, done) {
    const span = ([a, b]) => Math.abs(done.y[a] - done.y[b]);
    const order = level.loops.map((_, k) => k).sort((i, j) => span(level.loops[i]) - span(level.loops[j]));
    const right = done.width;
    done.loops = [];
    done.lanes = [];
    order.forEach((k, lane) => {
      const [a, b] = level.loops[k];
      const x = right + LANE * (lane + 1);
      done.loops[k] = [...leave(level, done, a, x), ...arrive(level, done, b, x)];
      done.lanes[k] = lane;
      done.width = x + LANE;
    });
  }

  function part(level, kept) {
    const place = new Map(kept.map((v, i) => [v, i]));
    const port = (v) => (v >= 0 ? place.get(v) : -1);
    const pairs = (list) => list.map(([a, b]) => [place.get(a), place.get(b)]);
    return {
      ...level,
      count: kept.length,
      widths: kept.map((v) => level.widths[v]),
      heights: kept.map((v) => level.heights[v]),
      inAt: kept.map((v) => level.inAt[v]),
      outAt: kept.map((v) => level.outAt[v]),
      entry: port(level.entry),
      exit: port(level.exit),
      edges: pairs(level.edges),
      loops: pairs(level.loops),
    };
  }

  /** Rows of what is not linked, about as wide as what is above. */
  function shelf(level, idle, top, most) {
    const spots = new Map();
    let [x, y, height, width] = [0, top, 0, 0];
    for (const v of idle) {
      if (x && x + level.widths[v] > most) [x, y, height] = [0, y + height + GAP.y / 2, 0];
      spots.set(v, [x, y]);
      height = Math.max(height, level.heights[v]);
      width = Math.max(width, x + level.widths[v]);
      x += level.widths[v] + GAP.x;
    }
    return { spots, width, bottom: idle.length ? y + height : 0 };
  }

  /** Put what is not linked above or below the rest: what comes first of all, such as an input, above. */
  function merge(level, busy, idle, done) {
    const most = Math.max(done.width, 640);
    const first = shelf(level, idle.filter((v) => v < busy[0]), 0, most);
    const down = first.bottom ? first.bottom + GAP.y : 0;
    const last = shelf(level, idle.filter((v) => !(v < busy[0])), busy.length ? down + done.height + GAP.y : 0, most);
    const width = Math.max(done.width, first.width, last.width);
    const shift = (width - done.width) / 2;
    const [x, y] = [[], []];
    busy.forEach((v, i) => ((x[v] = done.x[i] + shift), (y[v] = done.y[i] + down)));
    for (const { spots, width: own } of [first, last])
      spots.forEach(([left, top], v) => ((x[v] = left + (width - own) / 2), (y[v] = top)));
    const moved = (points) => points && points.map((value, i) => (i % 2 ? value + down : value + shift));
    const height = Math.max(down + done.height, last.bottom);
    return { x, y, width, height, routes: done.routes.map(moved), loops: done.loops.map(moved), lanes: done.lanes };
  }

  function linkedIn(level) {
    return new Set([...level.edges, ...level.loops].flat());
  }

  /** Lay out {count, widths, heights, inAt, outAt, edges, loops}: {x, y, width, height, routes, loops}; a route is null for a stub.
   *  Without `dagre` all is layered by our own hand. What nothing leads to or from stands below all else. */
  vk.layOutLevel = function (level, dagre) {
    const linked = linkedIn(level);
    const [busy, idle] = [[], []];
    for (let v = 0; v < level.count; v++) (linked.has(v) ? busy : idle).push(v);
    if (!busy.length) return merge(level, [], idle, { width: 0, height: 0, routes: [], loops: [], lanes: [] });
    const inner = part(level, busy);
    const stubs = vk.graphStubs(inner.edges, vk.graphRanks(inner, inner.edges));
    const edges = inner.edges.filter((_edge, k) => !stubs[k]);
    const done = finish(inner, edges, placedBy(inner, edges, dagre), stubs);
    addLoops(inner, done);
    return merge(level, busy, idle, done);
  };

  function breadth({ widths }, { x }) {
    return Math.max(...x.map((one, v) => one + widths[v] / 2)) - Math.min(...x.map((one, v) => one - widths[v] / 2));
  }

  /** The library's picture, unless it drifts aside, as it does where each node reads the last few before it. */
  function placedBy(level, edges, dagre) {
    if (vk.isGraphChain(level.count, edges)) return chain(level, edges);
    const own = vk.layerLevel(level, edges, vk.graphRanks(level, edges), GAP);
    if (!dagre || level.count > MOST_FOR_DAGRE) return own;
    const drawn = byDagre(level, edges, dagre);
    return breadth(level, drawn) > DRIFT * breadth(level, own) ? own : drawn;
  }

  /** Whether a level needs no library and no time: nothing flows, or along a chain. */
  vk.isEasyLevel = (level) => !level.edges.length || vk.isGraphChain(linkedIn(level).size, level.edges);
  vk.graphChrome = CHROME;
})((globalThis.vk = globalThis.vk || {}));
