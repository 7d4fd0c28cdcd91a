/* Finding in a graph: modules, operations, parameters and source files, and the way from one to the next. */
(function (vk) {
  'use strict';

  /** What can be found of a node, in small letters; kept with it. */
  function wordsOf(node) {
    if (node.words === undefined) {
      const badges = (node.badges || []).map((badge) => badge.fullName || badge.name || '');
      const names = node.children.length ? [] : [...node.ownNames, ...badges];
      node.words = [node.path, node.name, node.op, node.kind, node.source, ...names].join('\n').toLowerCase();
    }
    return node.words;
  }

  /** Nodes that hold every word of `text`, in the order they ran; null for an empty text. */
  vk.searchGraph = function (model, text) {
    const wanted = text.trim().toLowerCase().split(/\s+/).filter(Boolean);
    if (!wanted.length) return null;
    const isFound = (node) => !node.isStack && !node.isTurn && node.id !== '' && wanted.every((word) => wordsOf(node).includes(word));
    return [...model.byId.values()].filter(isFound).sort((a, b) => (a.index || 0) - (b.index || 0));
  };

  /** The node itself and what holds it, outermost first. */
  vk.graphLine = function (node) {
    const line = [];
    for (let at = node; at; at = at.parent) line.unshift(at);
    return line;
  };

  /** Where a node is: the way down to it, each part to be clicked. */
  class GraphCrumbs {
    constructor(select) {
      this.select = select;
      this.el = vk.el('nav', { class: 'vk-graph-crumbs', 'aria-label': 'Where the selected node is', hidden: true });
    }

    show(node) {
      this.el.hidden = !node || !node.parent;
      if (this.el.hidden) return;
      const part = (at) =>
        at === node
          ? vk.el('span', { 'aria-current': 'location' }, vk.nodeTitle(at))
          : vk.el('button', { type: 'button', class: 'vk-link-button', onclick: () => this.select(at.id) }, vk.nodeTitle(at));
      const separator = () => vk.el('span', { class: 'vk-graph-crumb', 'aria-hidden': 'true' }, '\u203a');
      this.el.replaceChildren(...vk.graphLine(node).flatMap((at, i) => (i ? [separator(), part(at)] : [part(at)])));
    }
  }
  vk.GraphCrumbs = GraphCrumbs;
})((window.vk = window.vk || {}));
