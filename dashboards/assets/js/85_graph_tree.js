/* The graph as a list: the same modules for keyboard and screen reader (WAI-ARIA tree), with search. */
(function (vk) {
  'use strict';

  class GraphTree {
    /** `on` is {select(id), toggle(id), search(text, jump)}. */
    constructor(el, on) {
      this.on = on;
      this.search = vk.el('input', {
        type: 'search',
        class: 'vk-input',
        placeholder: 'search modules',
        'aria-label': 'Search modules',
        spellcheck: 'false',
      });
      this.found = vk.el('span', { class: 'vk-hidden', role: 'status' });
      this.list = vk.el('div', { class: 'vk-tree', role: 'tree', 'aria-label': 'Modules' });
      el.append(vk.el('div', { class: 'vk-tree-search' }, this.search, this.found), this.list);
      this.search.addEventListener('input', () => on.search(this.search.value, false));
      this.search.addEventListener('keydown', (event) => event.key === 'Enter' && on.search(this.search.value, true));
      this.list.addEventListener('keydown', (event) => this.key(event));
      this.list.addEventListener('click', (event) => this.click(event));
      this.items = new Map();
    }

    /** Build the rows of what is open; colours and selection come by `update`. */
    show(model, open) {
      this.open = open;
      this.nodes = vk.openNodes(model.root, open);
      const hadFocus = this.list.contains(document.activeElement);
      this.items = new Map(this.nodes.map((node) => [node.id, this.item(node)]));
      this.list.replaceChildren(...this.items.values());
      this.setCurrent(this.items.has(this.current) ? this.current : this.nodes[0].id);
      if (hadFocus) this.items.get(this.current).focus();
    }

    item(node) {
      const siblings = node.parent ? node.parent.children : [node];
      const isOpen = this.open.has(node.id) && node.children.length > 0;
      const caret = vk.el(
        'span',
        { class: 'vk-tree-caret', 'aria-hidden': 'true' },
        node.children.length ? (isOpen ? '\u25be' : '\u25b8') : '',
      );
      const item = vk.el(
        'div',
        {
          class: `vk-tree-item${vk.isFrozen(node) ? ' vk-frozen' : ''}`,
          role: 'treeitem',
          tabindex: '-1',
          style: `padding-left:${6 + node.depth * 13}px`,
          title: node.path || node.op,
          data: { vkId: node.id },
          'aria-level': node.depth + 1,
          'aria-posinset': siblings.indexOf(node) + 1,
          'aria-setsize': siblings.length,
          'aria-expanded': node.children.length ? String(isOpen) : null,
        },
        caret,
        vk.el('span', { class: 'vk-tree-name' }, vk.nodeTitle(node)),
        node.isStack ? vk.el('span', { class: 'vk-tree-count' }, `\u00d7${node.children.length}`) : null,
        node.id === '' ? null : vk.el('span', { class: 'vk-tree-op' }, node.op),
        vk.el('span', { class: 'vk-tree-value' }),
        vk.el('i', { class: 'vk-tree-swatch' }),
      );
      return item;
    }

    color(overlay) {
      for (const node of this.nodes || []) {
        const item = this.items.get(node.id);
        const value = overlay.of(node);
        const isColored = !Number.isNaN(value) && !vk.isFrozen(node);
        item.querySelector('.vk-tree-value').textContent = vk.isFrozen(node) ? 'frozen' : overlay.text(node);
        item.querySelector('.vk-tree-swatch').style.background = isColored ? overlay.scale.css(value) : '';
      }
    }

    mark({ selected, matches }) {
      for (const [id, item] of this.items) {
        item.setAttribute('aria-selected', String(id === selected));
        item.classList.toggle('vk-found', Boolean(matches && matches.has(id)));
      }
      this.found.textContent = matches ? `${matches.size} modules found` : '';
      if (selected !== null && this.items.has(selected)) {
        this.setCurrent(selected);
        this.items.get(selected).scrollIntoView({ block: 'nearest' });
      }
    }

    /** One item is in the tab order. */
    setCurrent(id) {
      if (this.items.has(this.current)) this.items.get(this.current).tabIndex = -1;
      this.current = id;
      this.items.get(id).tabIndex = 0;
    }

    click(event) {
      const item = event.target.closest('[role=treeitem]');
      if (!item) return;
      const id = item.dataset.vkId;
      if (event.target.closest('.vk-tree-caret') && item.hasAttribute('aria-expanded')) this.on.toggle(id);
      else this.on.select(id);
    }

    key(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const at = this.nodes.findIndex((node) => node.id === this.current);
      const node = this.nodes[at];
      const isOpen = node.children.length > 0 && this.open.has(node.id);
      const go = (target) => {
        if (!target) return;
        this.setCurrent(target.id);
        this.items.get(target.id).focus();
      };
      const acts = {
        ArrowDown: () => go(this.nodes[at + 1]),
        ArrowUp: () => go(this.nodes[at - 1]),
        Home: () => go(this.nodes[0]),
        End: () => go(this.nodes[this.nodes.length - 1]),
        ArrowRight: () => (node.children.length && !isOpen ? this.on.toggle(node.id) : isOpen ? go(this.nodes[at + 1]) : null),
        ArrowLeft: () => (isOpen ? this.on.toggle(node.id) : go(node.parent)),
        Enter: () => this.on.select(node.id),
        ' ': () => this.on.select(node.id),
      };
      if (!acts[event.key]) return;
      acts[event.key]();
      event.preventDefault();
      event.stopPropagation();
    }
  }
  vk.GraphTree = GraphTree;
})((window.vk = window.vk || {}));
