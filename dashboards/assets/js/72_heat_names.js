/* The heatmap's left margin: parameter names with fold buttons, brushed by drag or shift-click. */
(function (vk) {
  'use strict';

  const GUTTER = 13;

  class HeatNames {
    /** `on` is {fold(path), select(from, to)}: row numbers, inclusive. */
    constructor(el, on) {
      this.on = on;
      this.el = vk.el('div', { class: 'vk-heat-names' });
      el.append(this.el);
      this.anchor = null;
      this.el.addEventListener('pointerdown', (event) => this.press(event));
      this.el.addEventListener('pointermove', (event) => this.drag(event));
      this.el.addEventListener('pointerup', () => (this.dragFrom = null));
      this.el.addEventListener('pointercancel', () => (this.dragFrom = null));
    }

    /** Show the names of the rows in view. `scene` is {rows, modules, top, height, rowHeight, width, selected}. */
    draw(scene) {
      this.scene = scene;
      this.el.style.width = `${scene.width}px`;
      this.el.style.height = `${scene.height}px`;
      const first = Math.max(0, Math.floor(scene.top / scene.rowHeight) - 2);
      const last = Math.min(scene.rows.length - 1, Math.ceil((scene.top + scene.height) / scene.rowHeight) + 2);
      const depth = scene.modules.reduce((most, { node }) => Math.max(most, node.depth), 0);
      this.gutter = depth * GUTTER;
      const parts = scene.modules.filter(({ from, to }) => to >= first && from <= last).map((module) => this.bracket(module));
      for (let row = first; row <= last; row++) parts.push(this.name(row));
      const focused =
        document.activeElement && this.el.contains(document.activeElement) ? document.activeElement.dataset.vkFold : null;
      this.el.replaceChildren(...parts);
      if (focused) this.refocus(focused);
    }

    refocus(path) {
      const button = [...this.el.querySelectorAll('[data-vk-fold]')].find((candidate) => candidate.dataset.vkFold === path);
      if (button) button.focus({ preventScroll: true });
    }

    /** A line along the rows of an open module, with the button that folds it. */
    bracket({ node, from, to }) {
      const { rowHeight, top } = this.scene;
      const left = (node.depth - 1) * GUTTER;
      const style = `top:${from * rowHeight - top}px;height:${(to - from + 1) * rowHeight}px;left:${left}px`;
      return vk.el('span', { class: 'vk-heat-bracket', style }, this.foldButton(node, true));
    }

    foldButton(node, isOpen) {
      const button = vk.el(
        'button',
        {
          type: 'button',
          class: 'vk-heat-fold',
          'aria-expanded': String(isOpen),
          'aria-label': `${isOpen ? 'Fold' : 'Unfold'} ${node.path}, ${node.members.length} parameters`,
          title: `${isOpen ? 'Fold' : 'Unfold'} ${node.path}`,
          onclick: () => this.on.fold(node.path),
        },
        isOpen ? '\u25be' : '\u25b8',
      );
      button.dataset.vkFold = node.path;
      return button;
    }

    name(row) {
      const { rows, rowHeight, top, selected } = this.scene;
      const node = rows[row];
      const isFolded = node.children.length > 0;
      const cut = node.path.lastIndexOf('.') + 1;
      const module = node.path.slice(0, cut);
      const above = row > 0 ? rows[row - 1].path : '';
      const isRepeat = above.slice(0, above.lastIndexOf('.') + 1) === module;
      const style = `top:${row * rowHeight - top}px;height:${rowHeight}px;line-height:${rowHeight}px;padding-left:${this.gutter + (isFolded ? 0 : 5)}px`;
      return vk.el(
        'div',
        { class: `vk-heat-name${selected.has(row) ? ' vk-selected' : ''}`, style, title: node.path },
        isFolded ? this.foldButton(node, false) : '',
        vk.el('span', { class: `vk-heat-module${isRepeat ? ' vk-repeat' : ''}` }, module),
        vk.el('span', { class: 'vk-heat-leaf' }, node.path.slice(cut)),
        isFolded ? vk.el('span', { class: 'vk-heat-count' }, `\u00d7${node.members.length}`) : '',
      );
    }

    rowAt(event) {
      const y = event.clientY - this.el.getBoundingClientRect().top + this.scene.top;
      return Math.max(0, Math.min(this.scene.rows.length - 1, Math.floor(y / this.scene.rowHeight)));
    }

    press(event) {
      if (event.button !== 0 || event.target.closest('button')) return;
      const row = this.rowAt(event);
      const from = event.shiftKey && this.anchor !== null ? this.anchor : row;
      this.anchor = from;
      this.dragFrom = from;
      this.dragTo = row;
      this.el.setPointerCapture(event.pointerId);
      this.on.select(Math.min(from, row), Math.max(from, row));
      event.preventDefault();
    }

    drag(event) {
      if (this.dragFrom === null || this.dragFrom === undefined) return;
      const row = this.rowAt(event);
      if (row === this.dragTo) return;
      this.dragTo = row;
      this.on.select(Math.min(this.dragFrom, row), Math.max(this.dragFrom, row));
    }
  }
  vk.HeatNames = HeatNames;
})((window.vk = window.vk || {}));
