/* Where the boxes go: nested, top to bottom, siblings layered by data flow. Pure; colours never come here. */
(function (vk) {
  'use strict';

  const CIRCUIT_GAP = 62; // room for a value and a gradient at each edge

  /** What an open container's level is made of: edges between children and from and to its ports. */
  function levelSpec(node, kids, model) {
    const place = new Map(node.children.map((child, i) => [child, i]));
    const links = [...node.links.values()].sort((a, b) => place.get(a.from) - place.get(b.from) || place.get(a.to) - place.get(b.to));
    const straight = links.filter((link) => !link.isBack);
    const backs = links.filter((link) => link.isBack);
    const ran = node.children.filter((child) => child.firstOrder !== Infinity);
    const isBlind = !links.length && model.form === 'tree';
    const flow = isBlind ? ran.slice(1).map((child, i) => ({ from: ran[i], to: child, shape: null })) : straight;
    const pair = ({ from, to }) => [place.get(from), place.get(to)];
    const [entries, exits] = node.parent && !isBlind ? [[...node.entries], [...node.exits]] : [[], []];
    const entry = entries.length ? kids.length : -1;
    const exit = exits.length ? kids.length + (entries.length ? 1 : 0) : -1;
    const edges = [
      ...flow.map(pair),
      ...entries.map((child) => [entry, place.get(child)]),
      ...exits.map((child) => [place.get(child), exit]),
    ];
    const words = [
      ...flow.map((link) => ({ kind: 'flow', link })),
      ...entries.map((to) => ({ kind: 'entry', link: { from: node, to } })),
      ...exits.map((from) => ({ kind: 'exit', link: { from, to: node } })),
    ];
    return { edges, loops: backs.map(pair), entry, exit, words, backs };
  }

  /** A tree of specs for the solver: what is open, with the sizes of what is closed. */
  function specOf(node, open, model) {
    if (!node.children.length || !open.has(node.id)) {
      const face = vk.graphFace(node, model.isCircuit);
      return { node, face, width: face.width, height: face.height };
    }
    const kids = node.children.map((child) => specOf(child, open, model));
    const title = vk.graphTextWidth(vk.nodeTitle(node), 12, 600) + vk.graphTextWidth(node.op) + 120;
    return { node, kids, least: Math.min(320, Math.ceil(title)), gap: model.isCircuit ? CIRCUIT_GAP : 0, ...levelSpec(node, kids, model) };
  }

  const moved = (points, x, y) => points.map((value, i) => value + (i % 2 ? y : x));

  /** Place top down: boxes come out parents first; each container holds its boxes and wires. */
  function place(spec, x, y, out) {
    const box = { node: spec.node, face: spec.face, x, y, width: spec.width, height: spec.height, isOpen: Boolean(spec.kids) };
    out.boxes.push(box);
    out.byId.set(box.node.id, box);
    if (!spec.kids) return box;
    const [left, top] = [x + (spec.width - spec.level.width) / 2, y + vk.graphChrome.header];
    box.kids = spec.kids.map((kid, i) => place(kid, left + spec.level.x[i], top + spec.level.y[i], out));
    box.wires = wiresOf(spec, box, left, top, out);
    out.wires.push(...box.wires);
    return box;
  }

  function wiresOf(spec, box, left, top, out) {
    const at = (node) => (node === box.node ? box : out.byId.get(node.id));
    const flows = spec.words.map(({ kind, link }, k) => {
      const route = spec.level.routes[k];
      const points = route && moved(route, left, top);
      return { kind: points ? kind : 'stub', link, from: at(link.from), to: at(link.to), points };
    });
    const outermost = Math.max(...spec.level.lanes, 0);
    const loops = spec.backs.map((link, k) => ({
      kind: 'loop',
      isTold: spec.level.lanes[k] === outermost,
      link,
      from: at(link.from),
      to: at(link.to),
      points: moved(spec.level.loops[k], left, top),
    }));
    return [...flows, ...loops];
  }

  function assemble(spec, model) {
    const out = { boxes: [], wires: [], byId: new Map(), model };
    out.root = place(spec, 0, 0, out);
    return Object.assign(out, { width: spec.width, height: spec.height });
  }

  /** Lay out what is open: {root, boxes, wires, byId, width, height}, at once or as a promise (see GraphLayouts). */
  vk.layOutGraph = function (model, open, layouts = vk.graphLayouts()) {
    const spec = specOf(model.root, open, model);
    const solved = layouts.solve(spec);
    return solved === true ? assemble(spec, model) : solved.then(() => assemble(spec, model));
  };
})((window.vk = window.vk || {}));
