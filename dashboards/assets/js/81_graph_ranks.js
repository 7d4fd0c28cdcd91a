/* Which row of a level each node is in, and which edges are too long to be drawn. Pure numbers; loaded by the page and
   its worker. */
(function (vk) {
  'use strict';

  const STUB = { span: 4, fan: 4, longest: 40, most: 30000 }; // `most` rows passed by all edges together

  /** Ranks by the longest path to each node; sources stand right above what reads them first, ports first and last. */
  vk.graphRanks = function ({ count, entry, exit }, edges) {
    const next = Array.from({ length: count }, () => []);
    const waits = new Int32Array(count);
    for (const [a, b] of edges) (next[a].push(b), (waits[b] += 1));
    const rank = new Int32Array(count);
    const ready = [];
    for (let v = 0; v < count; v++) if (!waits[v]) ready.push(v);
    const order = [];
    for (let at = 0; at < ready.length; at++) {
      const v = ready[at];
      order.push(v);
      for (const w of next[v]) {
        rank[w] = Math.max(rank[w], rank[v] + 1);
        if (!--waits[w]) ready.push(w);
      }
    }
    const isSource = new Uint8Array(count).fill(1);
    for (const [, b] of edges) isSource[b] = 0;
    for (let at = order.length - 1; at >= 0; at--) {
      const v = order[at];
      if (isSource[v] && next[v].length) rank[v] = next[v].reduce((least, w) => Math.min(least, rank[w]), Infinity) - 1;
    }
    if (entry >= 0) rank[entry] = rank.reduce((least, one, v) => (v === entry ? least : Math.min(least, one)), Infinity) - 1;
    if (exit >= 0) rank[exit] = rank.reduce((most, one, v) => (v === exit ? most : Math.max(most, one)), 0) + 1;
    const lowest = rank.reduce((least, one) => Math.min(least, one), Infinity);
    return rank.map((one) => one - lowest);
  };

  /** Edges past many ranks of a source that has many of them, and very long ones, are told at their ends only. */
  vk.graphStubs = function (edges, rank) {
    const long = new Map();
    const isLong = ([a, b]) => rank[b] - rank[a] > STUB.span;
    for (const edge of edges) if (isLong(edge)) long.set(edge[0], (long.get(edge[0]) || 0) + 1);
    const passed = edges.reduce((sum, [a, b]) => sum + rank[b] - rank[a], 0);
    const longest = passed > STUB.most ? STUB.span : STUB.longest;
    return edges.map((edge) => (isLong(edge) && long.get(edge[0]) >= STUB.fan) || rank[edge[1]] - rank[edge[0]] > longest);
  };

  vk.isGraphChain = function (count, edges) {
    if (edges.length !== count - 1) return false;
    const seen = [new Uint8Array(count), new Uint8Array(count)];
    return edges.every(([a, b]) => !seen[0][a]++ && !seen[1][b]++);
  };
})((globalThis.vk = globalThis.vk || {}));
