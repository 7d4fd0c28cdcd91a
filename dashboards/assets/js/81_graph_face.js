/* What a closed box says and how large that makes it: title, type, parameters. Colours and places come elsewhere. */
(function (vk) {
  'use strict';

  const MOST_BADGES = 6;
  const WIDTH = { box: [150, 340], pill: [56, 360] };
  const SYMBOLS = {
    add: '+', sub: '\u2212', mul: '\u00d7', div: '\u00f7', neg: '\u2212', sigmoid: '\u03c3', sum: '\u03a3', mm: '@', mv: '@',
    matmul: '@', bmm: '@', dot: '\u00b7', exp: 'exp', log: 'log', tanh: 'tanh', relu: 'relu', pow: 'x\u207f', mean: 'mean', max: 'max',
    square: 'x\u00b2', sqrt: '\u221a', reciprocal: '1/x', t: 'T', addmm: '@+',
  };
  const symbolOf = ({ op }) => SYMBOLS[op.toLowerCase()];

  const measured = new Map();
  let pen = null;

  /** Width of a text in px as canvas draws it in the page's font. */
  vk.graphTextWidth = function (text, size = 12, weight = 400) {
    const key = `${weight}|${size}|${text}`;
    if (measured.has(key)) return measured.get(key);
    if (measured.size > 20000) measured.clear();
    pen = pen || document.createElement('canvas').getContext('2d');
    pen.font = `${weight} ${size}px ${vk.theme.token('--vk-font') || 'sans-serif'}`;
    const { width } = pen.measureText(text);
    measured.set(key, width);
    return width;
  };

  /** Within limits, and on a grid, so that names of about the same length make layers of the same layout. */
  const clamp = (value, [low, high]) => 8 * Math.ceil(Math.max(low, Math.min(high, value)) / 8);

  /** Badges of a node and of all it runs, where these are few; else none, and the number is told instead. */
  function badgesOf(node) {
    const found = new Map();
    const walk = (at) => {
      for (const badge of at.badges) found.set(badge.id, badge);
      return found.size <= MOST_BADGES && at.children.every(walk);
    };
    if (!walk(node)) return [];
    const all = [...found.values()];
    const read = all.filter(({ kind }) => kind !== 'buffer');
    return read.length ? read : all;
  }

  function badgeText({ name, shape }) {
    return shape ? `${name} ${shape}` : name;
  }

  function pillsOf(node) {
    return badgesOf(node).map((badge) => {
      const text = badgeText(badge);
      return { ...badge, text, width: Math.ceil(vk.graphTextWidth(text, 10.5)) + 12 };
    });
  }

  const sum = (pills) => pills.reduce((all, { width }) => all + width + 4, 0);

  function box(node) {
    const pills = node.isStack ? [] : pillsOf(node);
    const title = vk.nodeTitle(node) + (node.countText ? `  ${node.countText}` : '');
    const right = node.op === vk.nodeTitle(node) ? '' : node.op;
    const second = pills.length ? '' : node.parameters ? `${vk.format.si(node.parameters)} parameters` : node.isIdle ? 'never called' : '';
    const indent = node.children.length ? 26 : 12;
    const wide = vk.graphTextWidth(title, 12, 600) + vk.graphTextWidth(right) + (right ? 16 : 0) + indent + 12;
    const below = Math.max(sum(pills), second ? vk.graphTextWidth(second, 11) + 64 : 0) + indent + 10;
    const isTall = Boolean(pills.length || second);
    const least = node.parameters ? 190 : WIDTH.box[0];
    return { shape: 'box', title, right, pills, second, indent, isTall, width: clamp(Math.max(wide, below, least), WIDTH.box), height: isTall ? 46 : 28 };
  }

  function pill(node) {
    const pills = pillsOf(node);
    const mark = node.kind === 'function' ? '\u0192 ' : '';
    const title = mark + vk.nodeTitle(node) + (node.countText ? `  ${node.countText}` : '');
    const width = clamp(Math.max(vk.graphTextWidth(title, 12) + 28, sum(pills) + 20), WIDTH.pill);
    return { shape: 'pill', title, right: '', pills, second: '', indent: 14, isTall: pills.length > 0, width, height: pills.length ? 42 : 26 };
  }

  function end(node) {
    const title = vk.nodeTitle(node);
    const shape = vk.outputText(node);
    const right = shape === 'scalar' ? '' : shape;
    const width = clamp(vk.graphTextWidth(title, 12, 600) + vk.graphTextWidth(right, 11) + (right ? 10 : 0) + 36, WIDTH.pill);
    return { shape: node.kind, title, right, pills: [], second: '', indent: 16, isTall: false, width, height: 28 };
  }

  function circle(node) {
    return { shape: 'circle', title: symbolOf(node), right: '', pills: [], second: '', indent: 0, isTall: false, width: 42, height: 42 };
  }

  const ENDS = new Set(['input', 'output', 'loss', 'parameter', 'buffer', 'constant']);

  function make(node, isCircuit) {
    if (ENDS.has(node.kind)) return end(node);
    if (node.kind !== 'op' && node.kind !== 'function') return box(node);
    return isCircuit && symbolOf(node) && !node.badges.length ? circle(node) : pill(node);
  }

  /** {shape, title, right, pills, second, indent, isTall, width, height} of a closed node; kept with it. */
  vk.graphFace = function (node, isCircuit) {
    node.face = node.face || make(node, isCircuit);
    return node.face;
  };
})((window.vk = window.vk || {}));
