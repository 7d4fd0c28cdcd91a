() => {
  /* A canvas of our own over the page, and what tests ask of it. */
  const el = document.createElement('div');
  el.style.cssText = 'position:fixed;z-index:99;left:0;top:0;width:900px;height:600px;background:#fff';
  document.body.append(el);
  const said = [];
  const canvas = new vk.GraphCanvas(el, {
    select: (id) => said.push(['select', id]),
    toggle: (id) => said.push(['toggle', id]),
  });
  const spare = { el, said, canvas, open: null };
  window.spare = spare;
  const scale = { css: () => 'rgb(9 99 199)', ink: () => '#fff' };

  /** An overlay that gives every node the same value. */
  spare.all = (value) => ({ key: 'x', word: 'x', of: () => value, text: () => (Number.isNaN(value) ? '' : String(value)), scale });
  spare.frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  spare.show = async (doc, open, anchor, options) => {
    spare.model = vk.graphModel(doc, options);
    spare.open = new Set(open || vk.openAtFirst(spare.model.root, 60));
    await canvas.show(spare.model, spare.open, anchor);
    canvas.color(spare.all(NaN));
    await spare.frame();
    return { ...el.dataset };
  };
  spare.boxes = () => canvas.layout.boxes.map(({ x, y, width, height, node }) => [node.id, x, y, width, height]);
  spare.wires = () => canvas.layout.wires.map(({ kind, points, from, to }) => [kind, from.node.id, to.node.id, points]);

  const overlaps = (a, b) =>
    a.x + a.width > b.x + 0.1 && b.x + b.width > a.x + 0.1 && a.y + a.height > b.y + 0.1 && b.y + b.height > a.y + 0.1;
  const holds = (box, kid) =>
    kid.x >= box.x && kid.x + kid.width <= box.x + box.width + 0.1 && kid.y >= box.y && kid.y + kid.height <= box.y + box.height + 0.1;

  /** Siblings that overlap, boxes outside theirs, data that goes up, edges that miss their ends. */
  spare.untidy = () => {
    const found = [];
    for (const box of canvas.layout.boxes.filter((one) => one.isOpen))
      box.kids.forEach((a, i) => {
        box.kids.slice(i + 1).forEach((b) => overlaps(a, b) && found.push(`${a.node.id} on ${b.node.id}`));
        if (!holds(box, a)) found.push(`${a.node.id} outside ${box.node.id}`);
      });
    for (const { kind, points, from, to } of canvas.layout.wires) {
      if (!points || kind === 'loop') continue;
      const name = `${from.node.id} to ${to.node.id}`;
      for (let i = 3; i < points.length; i += 2) if (points[i] < points[i - 2] - 0.1) found.push(`up: ${name}`);
      const [x, y] = points.slice(-2);
      if (kind === 'flow' && (Math.abs(y - to.y) > 1 || x < to.x || x > to.x + to.width)) found.push(`misses: ${name}`);
    }
    return found;
  };

  /** Boxes that the straight parts of edges of their own level run through. */
  spare.crossed = () => {
    const found = [];
    for (const box of canvas.layout.boxes.filter((one) => one.isOpen))
      for (const { kind, points, from, to } of box.wires) {
        if (!points || kind === 'loop') continue;
        for (let i = 2; i < points.length; i += 2) {
          const [x, y0, y1] = [points[i], points[i - 1], points[i + 1]];
          if (Math.abs(points[i - 2] - x) > 0.5) continue;
          const isHit = (kid) => kid !== from && kid !== to && x > kid.x && x < kid.x + kid.width && y1 > kid.y && y0 < kid.y + kid.height;
          box.kids.filter(isHit).forEach((kid) => found.push(`${from.node.id} to ${to.node.id} through ${kid.node.id}`));
        }
      }
    return found;
  };

  /** Operations before and behind a node, itself among them. */
  spare.path = (id) => {
    const { up, down } = vk.pathThrough(spare.model, spare.model.byId.get(id));
    return [up, down].map((set) => [...set].filter((node) => node.kind === 'op').map((node) => node.id));
  };

  /** Colour of the picture, drawn anew, at a place of a box: 0 to 1 across and down. */
  spare.pixel = (id, across, down) => {
    canvas.paint();
    const box = canvas.boxOf(id);
    const at = [box.x + across * box.width, box.y + down * box.height].map((value) => Math.round(value * canvas.painter.ratio));
    return [...canvas.canvas.getContext('2d').getImageData(...at, 1, 1).data].slice(0, 3);
  };

  spare.token = (name) => {
    const context = document.createElement('canvas').getContext('2d');
    context.fillStyle = vk.theme.token(name);
    return [1, 3, 5].map((i) => parseInt(context.fillStyle.slice(i, i + 2), 16));
  };

  /** The PNG as base64. */
  spare.png = async () => {
    const blob = await canvas.exportPng();
    const reader = new FileReader();
    const read = new Promise((done) => (reader.onload = () => done(reader.result.split(',')[1])));
    reader.readAsDataURL(blob);
    return read;
  };

  /** Two fingers, 100 px apart, move to `apart` px. */
  spare.pinch = (apart) => {
    const at = (pointerId, clientX, type) =>
      canvas.canvas.dispatchEvent(new PointerEvent(type, { pointerId, clientX, clientY: 300, pointerType: 'touch', bubbles: true }));
    canvas.canvas.setPointerCapture = () => {};
    at(1, 300, 'pointerdown');
    at(2, 400, 'pointerdown');
    at(2, 300 + apart, 'pointermove');
    at(1, 300, 'pointerup');
    at(2, 300 + apart, 'pointerup');
  };
}
