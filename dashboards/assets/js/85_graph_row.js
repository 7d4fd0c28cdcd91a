/* One row of the graph's list. */
(function (vk) {
  'use strict';

  const CHANGES = { added: '+', removed: '\u2212', reshaped: '\u25ad', rewired: '\u21c4' };

  function caretOf(node, isOpen) {
    return vk.el('span', { class: 'vk-tree-caret', 'aria-hidden': 'true' }, node.children.length ? (isOpen ? '\u25be' : '\u25b8') : '');
  }

  /** The row of `node`; colours and marks come by `paintGraphRow`. */
  vk.graphRow = function (node, isOpen) {
    const siblings = node.parent ? node.parent.children : [node];
    const muted = vk.isFrozen(node) || node.state === 'no_grad' || node.isIdle;
    const count = node.countText || (node.isStack ? `\u00d7${node.children.length}` : '');
    return vk.el(
      'div',
      {
        class: `vk-tree-item${muted ? ' vk-frozen' : ''}`,
        role: 'treeitem',
        tabindex: '-1',
        style: `padding-left:${6 + node.depth * 13}px`,
        title: node.path || node.op,
        data: { vkId: node.id, vkKind: node.kind },
        'aria-level': node.depth + 1,
        'aria-posinset': siblings.indexOf(node) + 1,
        'aria-setsize': siblings.length,
        'aria-expanded': node.children.length ? String(isOpen) : null,
      },
      caretOf(node, isOpen),
      node.change ? vk.el('span', { class: 'vk-tree-change', data: { change: node.change }, title: node.change }, CHANGES[node.change]) : null,
      vk.el('span', { class: 'vk-tree-name' }, vk.nodeTitle(node)),
      count ? vk.el('span', { class: 'vk-tree-count' }, count) : null,
      node.id === '' || node.op === vk.nodeTitle(node) ? null : vk.el('span', { class: 'vk-tree-op' }, node.op),
      vk.el('span', { class: 'vk-tree-value' }),
      vk.el('i', { class: 'vk-tree-swatch' }),
    );
  };

  /** Put value, colour and marks on a row. */
  vk.paintGraphRow = function (row, node, overlay, { selected, matches }) {
    row.setAttribute('aria-selected', String(node.id === selected));
    row.classList.toggle('vk-found', Boolean(matches && matches.has(node.id)));
    if (!overlay) return;
    const isFrozen = overlay.by !== 'module' && vk.isFrozen(node);
    const isColored = !Number.isNaN(overlay.of(node)) && !isFrozen;
    row.querySelector('.vk-tree-value').textContent = isFrozen ? 'frozen' : overlay.text(node);
    row.querySelector('.vk-tree-swatch').style.background = isColored ? overlay.scale.css(overlay.of(node)) : '';
  };
})((window.vk = window.vk || {}));
