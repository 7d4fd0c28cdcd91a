/* Layering by our own hand, in time linear in the edges: for levels too large for the library, or without it.
   Long edges pass through rows as thin dummies; order by medians; x by pooling neighbours that push each other. */
(function (vk) {
  'use strict';

  const SWEEPS = 6;
  const THIN = 8;

  /** Nodes and dummies in rows: {rows, width, up, down, spans}; dummies of edge k are spans[k]. */
  function rowsWithDummies(level, edges, rank) {
    const width = Array.from(level.widths);
    const up = width.map(() => []);
    const down = width.map(() => []);
    const rows = [];
    const put = (v, row) => (rows[row] = rows[row] || []).push(v);
    for (let v = 0; v < level.count; v++) put(v, rank[v]);
    const spans = edges.map(([a, b]) => {
      const dummies = [];
      let last = a;
      for (let row = rank[a] + 1; row < rank[b]; row++) {
        const dummy = width.push(THIN) - 1;
        put(dummy, row);
        up[dummy] = [last];
        down[dummy] = [];
        down[last].push(dummy);
        dummies.push(dummy);
        last = dummy;
      }
      up[b].push(last);
      down[last].push(b);
      return dummies;
    });
    return { rows: Array.from(rows, (row) => row || []), width, up, down, spans };
  }

  function median(values) {
    values.sort((a, b) => a - b);
    const middle = values.length >> 1;
    return values.length % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  }

  /** Order each row by the medians of its neighbours above, then below, and again. */
  function order({ rows, up, down, width }) {
    const place = new Float64Array(width.length);
    const number = (row) => row.forEach((v, i) => (place[v] = i));
    rows.forEach(number);
    for (let sweep = 0; sweep < SWEEPS; sweep++) {
      const near = sweep % 2 ? down : up;
      const path = sweep % 2 ? [...rows].reverse() : rows;
      for (const row of path) {
        const wish = new Map(row.map((v) => [v, near[v].length ? median(near[v].map((w) => place[w])) : place[v]]));
        row.sort((a, b) => wish.get(a) - wish.get(b) || place[a] - place[b]);
        number(row);
      }
    }
  }

  /** Places nearest to the wishes with the distances kept: neighbours that collide share their mean shift. */
  function separate(row, wish, width, gap, x) {
    const pools = [];
    let offset = 0;
    row.forEach((v, i) => {
      if (i) offset += (width[row[i - 1]] + width[v]) / 2 + gap(row[i - 1], v);
      pools.push({ sum: wish[i] - offset, count: 1, offsets: [[v, offset]] });
      while (pools.length > 1) {
        const [a, b] = pools.slice(-2);
        if (a.sum / a.count <= b.sum / b.count) break;
        pools.pop();
        a.sum += b.sum;
        a.count += b.count;
        for (const one of b.offsets) a.offsets.push(one);
      }
    });
    for (const { sum, count, offsets } of pools) for (const [v, at] of offsets) x[v] = sum / count + at;
  }

  function coordinates({ rows, up, down, width }, level, gaps) {
    const x = new Float64Array(width.length);
    const isReal = (v) => v < level.count;
    const gap = (a, b) => (isReal(a) && isReal(b) ? gaps.x : gaps.edge);
    rows.forEach((row) => separate(row, row.map(() => 0), width, gap, x));
    for (let sweep = 0; sweep < SWEEPS; sweep++) {
      const near = sweep % 2 ? down : up;
      const path = sweep % 2 ? [...rows].reverse() : rows;
      for (const row of path) {
        const wish = row.map((v) => (near[v].length ? near[v].reduce((sum, w) => sum + x[w], 0) / near[v].length : x[v]));
        separate(row, wish, width, gap, x);
      }
    }
    return x;
  }

  /** {x: centres, row, through} of nodes with given ranks. */
  vk.layerLevel = function (level, edges, rank, gaps) {
    const row = Array.from(rank);
    const drawn = rowsWithDummies(level, edges, row);
    order(drawn);
    const x = coordinates(drawn, level, gaps);
    return { x: Array.from(x.slice(0, level.count)), row, through: drawn.spans.map((dummies) => dummies.map((v) => x[v])) };
  };
})((globalThis.vk = globalThis.vk || {}));
