/* What there is to say about one node: type, shapes, cost, source, attributes, findings. */
(function (vk) {
  'use strict';

  const pair = (term, ...words) => [vk.el('dt', {}, term), vk.el('dd', {}, ...words)];
  const STATES = { no_grad: 'ran without gradients', frozen: 'frozen', unused: 'not used in this step' };
  const KINDS = {
    op: 'operation', function: 'autograd function', module: 'module', stack: 'repeats', input: 'input', output: 'output', loss: 'loss',
    parameter: 'parameter', buffer: 'buffer', constant: 'constant',
  };

  function share(node) {
    if (!node.parameters) return 'none';
    const part = node.trainable / node.parameters;
    const words = part === 1 ? 'all trainable' : part === 0 ? 'frozen' : `${(100 * part).toFixed(1)} % trainable`;
    return vk.el('span', { title: vk.format.exact(node.parameters) }, `${vk.format.si(node.parameters)}, ${words}`);
  }

  const shapes = (list) => list.map(vk.shapeText).join(', ');

  /** "file.py:12" with a button that copies the whole path. */
  function source(text) {
    const short = text.slice(text.lastIndexOf('/') + 1);
    const button = vk.iconButton('copy', `Copy ${text}`, async () => {
      await vk.copyText(text);
      vk.announce(`Copied ${text}`);
    });
    return vk.el('span', { class: 'vk-node-source', title: text }, vk.el('code', {}, short), button);
  }

  function runs(node) {
    const { range } = node;
    if (range && range.low !== range.high) return `${range.low} to ${range.high} times in a step`;
    return node.count > 1 ? `${node.count} times in a step` : '';
  }

  function shapesOf(node, isModule) {
    const input = shapes(node.inputShapes || []);
    const output = (node.range && node.range.shape) || shapes(node.outputShapes || []);
    return [
      input || isModule ? pair('input', input || 'not seen') : [],
      output || isModule ? pair('output', output || 'not seen') : [],
      node.dtypes && node.dtypes.length ? pair('data type', [...new Set(node.dtypes)].join(', ')) : [],
    ];
  }

  /** Facts of a node as terms and words, for a <dl>. */
  vk.nodeFacts = function (node) {
    const isModule = node.kind === 'module' || node.kind === 'stack';
    const many = runs(node);
    return [
      pair(KINDS[node.kind] || node.kind, node.extra ? `${node.op}(${node.extra})` : node.op || vk.nodeTitle(node)),
      node.change ? pair('change', vk.el('span', { class: 'vk-node-change', data: { change: node.change } }, node.change)) : [],
      STATES[node.state] ? pair('state', STATES[node.state]) : node.isIdle ? pair('state', 'never called in this step') : [],
      node.isStack ? pair('repeats', `${node.children.length} alike, counted together`) : [],
      many && !node.isStack ? pair('runs', many) : [],
      shapesOf(node, isModule),
      isModule || node.parameters ? pair('parameters', share(node)) : [],
      node.buffers ? pair('buffers', String(node.buffers)) : [],
      vk.flopsOf(node) ? pair('arithmetic', vk.el('span', { title: vk.format.exact(vk.flopsOf(node)) }, `${vk.format.si(vk.flopsOf(node))} FLOP in a step`)) : [],
      node.source ? pair('source', source(node.source)) : [],
      (node.attributes || []).map(([name, value]) => pair(name, vk.el('code', {}, value))),
    ];
  };

  /** Findings pinned at a node; `mark(ids)` shows where one went from there. */
  vk.nodeFindings = function (findings, mark) {
    const spread = (finding) =>
      (finding.spread || []).length
        ? vk.el('button', { type: 'button', class: 'vk-link-button', onclick: () => mark(finding.spread) }, `spread to ${finding.spread.length}, show`)
        : null;
    return findings.map((finding) =>
      vk.el(
        'li',
        { data: { level: finding.level } },
        vk.el('button', { type: 'button', class: 'vk-link-button', onclick: () => vk.playhead.set(finding.step) }, `step ${vk.format.exact(finding.step)}`),
        ` ${finding.sentence} `,
        spread(finding),
      ),
    );
  };
})((window.vk = window.vk || {}));
