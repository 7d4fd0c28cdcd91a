/* The graph as a list: the same nodes for keyboard and screen reader (WAI-ARIA tree), with search. Only rows that can
   be seen are built, however many are open. */
(function (vk) {
  'use strict';

  const ROW = 24; // px, as in the style sheet
  const BEYOND = 12; // rows built above and below what is seen

  class GraphTree {
    /** `on` is {select(id), toggle(id), search(text, jump)}. */
    constructor(el, on) {
      Object.assign(this, { on, nodes: [], items: new Map(), marks: { selected: null, matches: null }, overlay: null });
      this.search = vk.el('input', {
        type: 'search',
        class: 'vk-input',
        placeholder: 'search the graph',
        'aria-label': 'Search modules, operations, parameters and source files',
        spellcheck: 'false',
      });
      this.found = vk.el('span', { class: 'vk-tree-found', role: 'status' });
      this.list = vk.el('div', { class: 'vk-tree', role: 'tree', 'aria-label': 'Nodes of the graph' });
      this.top = vk.el('div', { role: 'presentation' });
      this.bottom = vk.el('div', { role: 'presentation' });
      this.body = vk.el('div', { role: 'presentation' });
      this.list.append(this.top, this.body, this.bottom);
      el.append(vk.el('div', { class: 'vk-tree-search' }, this.search, this.found), this.list);
      this.listen(on);
    }

    listen(on) {
      this.search.addEventListener('input', () => on.search(this.search.value, 0));
      this.search.addEventListener('keydown', (event) => event.key === 'Enter' && on.search(this.search.value, event.shiftKey ? -1 : 1));
      this.list.addEventListener('keydown', (event) => this.key(event));
      this.list.addEventListener('click', (event) => this.click(event));
      this.list.addEventListener('scroll', vk.perFrame(() => this.fill()), { passive: true });
      this.resizes = new ResizeObserver(() => this.fill());
      this.resizes.observe(this.list);
    }

    destroy() {
      this.resizes.disconnect();
    }

    /** Show what is open; colours and selection come by `color` and `mark`. */
    show(model, open) {
      const hadFocus = this.body.contains(document.activeElement);
      this.open = open;
      this.nodes = vk.openNodes(model.root, open);
      this.places = new Map(this.nodes.map((node, place) => [node.id, place]));
      this.items.clear();
      // Room for all rows first: empty, the list is no higher than its padding, and that is how many would be built.
      this.bottom.style.height = `${this.nodes.length * ROW}px`;
      this.body.replaceChildren();
      if (!this.places.has(this.current)) this.current = this.nodes[0].id;
      this.fill();
      if (hadFocus) this.focus(this.current);
    }

    /** Build the rows in sight, and the one in the tab order, and keep those that are there. */
    fill() {
      const height = this.list.clientHeight || 600;
      const first = Math.max(0, Math.floor(this.list.scrollTop / ROW) - BEYOND);
      const last = Math.min(this.nodes.length, Math.ceil((this.list.scrollTop + height) / ROW) + BEYOND);
      const wanted = new Map();
      for (const node of this.nodes.slice(first, last)) wanted.set(node.id, this.items.get(node.id) || this.item(node));
      const isSame = wanted.size === this.items.size && [...wanted.keys()].every((id) => this.items.has(id));
      this.top.style.height = `${first * ROW}px`;
      this.bottom.style.height = `${(this.nodes.length - last) * ROW}px`;
      if (isSame) return;
      const focused = this.body.contains(document.activeElement) ? document.activeElement.dataset.vkId : null;
      this.items = wanted;
      this.body.replaceChildren(...wanted.values());
      if (focused !== null && wanted.has(focused)) wanted.get(focused).focus({ preventScroll: true });
      this.setCurrent(this.current);
    }

    item(node) {
      const row = vk.graphRow(node, this.open.has(node.id) && node.children.length > 0);
      vk.paintGraphRow(row, node, this.overlay, this.marks);
      return row;
    }

    color(overlay) {
      this.overlay = overlay;
      this.paint();
    }

    mark({ selected, matches }) {
      const isNew = selected !== this.marks.selected;
      this.marks = { selected, matches };
      if (isNew && this.places && this.places.has(selected)) {
        this.current = selected;
        this.scrollTo(selected);
      }
      this.paint();
    }

    paint() {
      for (const [id, row] of this.items) vk.paintGraphRow(row, this.nodes[this.places.get(id)], this.overlay, this.marks);
      this.setCurrent(this.current);
    }

    /** Say how many were found, and which of them is shown. */
    tell(found, at) {
      const noun = found && found.length === 1 ? 'node' : 'nodes';
      const place = found && at >= 0 ? `${at + 1} of ` : '';
      this.found.textContent = found ? `${place}${found.length} ${noun}${found.length ? '' : ' found'}` : '';
    }

    /** One item is in the tab order. */
    setCurrent(id) {
      this.current = id;
      for (const [other, row] of this.items) row.tabIndex = other === id ? 0 : -1;
      if (!this.items.has(id) && this.items.size) this.items.values().next().value.tabIndex = 0;
    }

    scrollTo(id) {
      const top = this.places.get(id) * ROW;
      const { scrollTop, clientHeight } = this.list;
      if (top < scrollTop) this.list.scrollTop = top;
      else if (top + ROW > scrollTop + clientHeight) this.list.scrollTop = top + ROW - clientHeight;
      this.fill();
    }

    focus(id) {
      this.scrollTo(id);
      this.setCurrent(id);
      if (this.items.has(id)) this.items.get(id).focus({ preventScroll: true });
    }

    click(event) {
      const item = event.target.closest('[role=treeitem]');
      if (!item) return;
      const id = item.dataset.vkId;
      this.setCurrent(id);
      if (event.target.closest('.vk-tree-caret') && item.hasAttribute('aria-expanded')) this.on.toggle(id);
      else this.on.select(id);
    }

    key(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const item = event.target.closest('[role=treeitem]');
      const at = item ? this.places.get(item.dataset.vkId) : -1;
      const act = at >= 0 && this.acts(this.nodes[at], at)[event.key];
      if (!act) return;
      act();
      event.preventDefault();
      event.stopPropagation();
    }

    acts(node, at) {
      const isOpen = node.children.length > 0 && this.open.has(node.id);
      const go = (target) => target && this.focus(target.id);
      return {
        ArrowDown: () => go(this.nodes[at + 1]),
        ArrowUp: () => go(this.nodes[at - 1]),
        Home: () => go(this.nodes[0]),
        End: () => go(this.nodes[this.nodes.length - 1]),
        ArrowRight: () => (node.children.length && !isOpen ? this.on.toggle(node.id) : isOpen ? go(this.nodes[at + 1]) : null),
        ArrowLeft: () => (isOpen ? this.on.toggle(node.id) : go(node.parent)),
        Enter: () => this.on.select(node.id),
        ' ': () => this.on.select(node.id),
      };
    }
  }
  vk.GraphTree = GraphTree;
})((window.vk = window.vk || {}));
