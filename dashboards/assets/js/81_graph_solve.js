/* Sizes of nested levels, innermost first, each laid out once for all containers that look alike. Pure numbers, no
   DOM; the page and its worker both load this file. */
(function (vk) {
  'use strict';

  const { pad, header } = vk.graphChrome;

  /** Everything that decides a layout. */
  function keyOf(level) {
    const { gap, entry, exit, widths, heights, inAt, outAt, edges, loops } = level;
    return [gap || '', entry, exit, widths, heights, inAt, outAt, edges.join(';'), loops.join(';')].join('|');
  }

  /** Where data enters or leaves a container, from its left side; a leaf's middle. */
  function portOf({ width, level }, port) {
    return level && port >= 0 ? (width - level.width) / 2 + level.x[port] + 0.5 : width / 2;
  }
  vk.graphPort = portOf;

  class GraphSolver {
    /** `dagre` may come later; `most` levels are kept. */
    constructor(dagre = null, most = 4000) {
      Object.assign(this, { dagre, most, kept: new Map(), computed: 0, hits: 0 });
    }

    /** Sizes and levels of a tree of specs, or false where a level is hard and `easyOnly`. A leaf is {width, height};
     *  a container {least, kids, edges, loops, gap, entry, exit}, the last two the places of its ports behind the kids
     *  or -1; it gets width, height, level and key. */
    solve(spec, easyOnly = false) {
      if (!spec.kids) return true;
      if (!spec.kids.map((kid) => this.solve(kid, easyOnly)).every(Boolean)) return false;
      const level = this.levelOf(spec);
      spec.key = keyOf(level);
      spec.level = this.recall(spec.key) || this.compute(spec.key, level, easyOnly);
      if (!spec.level) return false;
      spec.width = Math.max(spec.least, spec.level.width + 2 * pad);
      spec.height = spec.level.height + header + pad;
      return true;
    }

    levelOf({ kids, edges, loops, gap, entry, exit }) {
      const ports = [entry, exit].filter((port) => port >= 0).map(() => ({ width: 1, height: 1 }));
      const all = [...kids, ...ports];
      return {
        count: all.length,
        widths: all.map(({ width }) => width),
        heights: all.map(({ height }) => height),
        inAt: all.map((kid) => portOf(kid, kid.entry)),
        outAt: all.map((kid) => portOf(kid, kid.exit)),
        edges,
        loops,
        gap,
        entry,
        exit,
      };
    }

    recall(key) {
      const known = this.kept.get(key);
      if (known) this.hits += 1;
      return known;
    }

    compute(key, level, easyOnly) {
      if (easyOnly && !vk.isEasyLevel(level)) return null;
      const done = vk.layOutLevel(level, this.dagre);
      this.computed += 1;
      this.keep(key, done);
      return done;
    }

    keep(key, done) {
      if (this.kept.size >= this.most) this.kept.delete(this.kept.keys().next().value);
      this.kept.set(key, done);
    }

    /** [key, level] of every level in a solved tree, each once. */
    levels(spec, found = new Map()) {
      if (spec.kids) {
        spec.kids.forEach((kid) => this.levels(kid, found));
        found.set(spec.key, spec.level);
      }
      return found;
    }
  }
  vk.GraphSolver = GraphSolver;
})((globalThis.vk = globalThis.vk || {}));
