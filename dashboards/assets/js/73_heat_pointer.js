/* How one points into the heatmap: hover with tooltip, click, arrow keys. Tells the heatmap which cell. */
(function (vk) {
  'use strict';

  const KEYS = {
    ArrowUp: [-1, 0],
    ArrowDown: [1, 0],
    ArrowLeft: [0, -1],
    ArrowRight: [0, 1],
    PageUp: [-10, 0],
    PageDown: [10, 0],
    Home: [0, -Infinity],
    End: [0, Infinity],
  };

  class HeatPointer {
    /** `heatmap` answers cellAt(event), limits() and words(cell), and takes setHover, setChosen and pick. */
    constructor(heatmap, surface) {
      this.heatmap = heatmap;
      this.tip = vk.el('div', { class: 'vk-cell-tip', hidden: true });
      surface.append(this.tip);
      surface.addEventListener('pointermove', (event) => this.hover(event));
      surface.addEventListener('pointerleave', () => this.leave());
      surface.addEventListener('click', (event) => this.click(event));
      surface.addEventListener('keydown', (event) => this.key(event));
      this.surface = surface;
    }

    hover(event) {
      const cell = this.heatmap.cellAt(event);
      this.heatmap.setHover(cell);
      if (!cell) return this.leave();
      const box = this.surface.getBoundingClientRect();
      this.show(cell, event.clientX - box.left, event.clientY - box.top);
    }

    /** The data under a resting pointer changed: say what is there now. */
    refresh() {
      if (this.heatmap.hovered && !this.tip.hidden) this.say(this.heatmap.hovered);
    }

    say(cell) {
      const [name, steps, value] = this.heatmap.words(cell);
      this.tip.replaceChildren(
        vk.el('strong', {}, name),
        vk.el('span', {}, steps),
        vk.el('span', { class: 'vk-tip-value' }, value),
      );
    }

    leave() {
      this.heatmap.setHover(null);
      this.tip.hidden = true;
    }

    show(cell, x, y) {
      this.say(cell);
      this.tip.hidden = false;
      const { width, height } = this.surface.getBoundingClientRect();
      const left = x + 14 + this.tip.offsetWidth > width ? x - 14 - this.tip.offsetWidth : x + 14;
      const top = y + 14 + this.tip.offsetHeight > height ? y - 10 - this.tip.offsetHeight : y + 14;
      this.tip.style.transform = `translate(${Math.max(0, left)}px, ${top}px)`;
    }

    click(event) {
      const cell = this.heatmap.cellAt(event);
      if (!cell) return;
      this.heatmap.setChosen(cell);
      this.heatmap.pick(cell);
    }

    key(event) {
      if (event.ctrlKey || event.metaKey || event.altKey || event.target !== this.surface) return;
      const chosen = this.heatmap.chosenCell();
      if (event.key === 'Enter' && chosen) this.heatmap.pick(chosen);
      else if (event.key === 'Escape' && chosen) this.heatmap.setChosen(null);
      else if (KEYS[event.key]) this.move(chosen, KEYS[event.key]);
      else return;
      event.preventDefault();
      event.stopPropagation();
    }

    move(chosen, [down, right]) {
      const { rows, columns } = this.heatmap.limits();
      if (!rows || !columns) return;
      const within = (value, most) => Math.max(0, Math.min(most - 1, value));
      const from = chosen || { row: 0, column: columns - 1 };
      const cell = { row: within(from.row + down, rows), column: within(from.column + right, columns) };
      this.heatmap.setChosen(cell);
      vk.announce(this.heatmap.words(cell).join(', '));
    }
  }
  vk.HeatPointer = HeatPointer;
})((window.vk = window.vk || {}));
