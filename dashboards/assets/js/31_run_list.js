/* The rows of the sidebar: as many elements as are in view, whatever the number of runs. A grid to
   screen readers: one stop for Tab, arrows move, the active row is named by aria-activedescendant. */
(function () {
  'use strict';
  const vk = window.vk;
  const ROW = 40; // px, as in 30_sidebar.css
  const MORE = 6; // rows drawn above and below the view

  class RunList {
    constructor() {
      this.items = []; // {key, run} or {key, group, on}
      this.rows = new Map(); // key -> row in use
      this.spare = { run: [], group: [] }; // rows that scrolled out of view
      this.active = null; // key of the row that the keyboard is on
      this.inner = vk.el('div', { class: 'vk-side-rows', role: 'presentation' });
      this.el = vk.el('div', {
        class: 'vk-side-list', tabindex: 0, role: 'grid', 'aria-label': 'Runs', 'aria-multiselectable': 'true', id: 'vk-run-list',
        onkeydown: (event) => this.key(event), onclick: (event) => this.click(event),
      }, this.inner);
      this.update = vk.perFrame(() => this.draw());
      this.el.addEventListener('scroll', this.update, { passive: true });
      this.resize = new ResizeObserver(this.update);
      this.resize.observe(this.el);
    }

    show(items) {
      this.items = items;
      this.places = null;
      const grouped = items.length > 0 && Boolean(items[0].group);
      this.el.setAttribute('role', grouped ? 'treegrid' : 'grid');
      this.el.setAttribute('aria-rowcount', items.length);
      this.inner.style.height = `${items.length * ROW}px`;
      this.draw();
    }

    draw() {
      const { scrollTop, clientHeight } = this.el;
      const first = Math.max(0, Math.floor(scrollTop / ROW) - MORE);
      const last = Math.min(this.items.length, Math.ceil((scrollTop + clientHeight) / ROW) + MORE);
      const wanted = new Set();
      for (let i = first; i < last; i += 1) wanted.add(this.items[i].key);
      for (const [key, row] of this.rows) {
        if (wanted.has(key)) continue;
        this.rows.delete(key);
        this.spare[row.kind].push(row);
        row.el.remove();
      }
      for (let i = first; i < last; i += 1) this.place(this.items[i], i);
      this.markActive();
    }

    place(item, i) {
      const kind = item.group ? 'group' : 'run';
      let row = this.rows.get(item.key);
      if (!row) {
        row = this.spare[kind].pop() || (kind === 'run' ? vk.runListRow() : vk.runListGroup());
        this.rows.set(item.key, row);
        this.inner.append(row.el);
      }
      const top = `translateY(${i * ROW}px)`;
      if (row.top !== top) row.el.style.transform = row.top = top;
      if (row.index !== i) row.el.setAttribute('aria-rowindex', (row.index = i) + 1);
      row.fill(item);
    }

    /* --- keyboard and pointer --- */
    at() {
      if (!this.places) this.places = new Map(this.items.map(({ key }, i) => [key, i]));
      return this.places.has(this.active) ? this.places.get(this.active) : -1;
    }

    markActive() {
      const row = this.rows.get(this.active);
      if (this.marked && this.marked !== row) this.marked.el.removeAttribute('data-active');
      this.marked = row;
      if (row) {
        row.el.id = 'vk-run-active';
        row.el.dataset.active = '';
        this.el.setAttribute('aria-activedescendant', 'vk-run-active');
      } else this.el.removeAttribute('aria-activedescendant');
      for (const other of this.rows.values()) if (other !== row && other.el.id) other.el.removeAttribute('id');
    }

    moveTo(i) {
      if (!this.items.length) return;
      const to = Math.max(0, Math.min(this.items.length - 1, i));
      this.active = this.items[to].key;
      const { scrollTop, clientHeight } = this.el;
      if (to * ROW < scrollTop) this.el.scrollTop = to * ROW;
      else if ((to + 1) * ROW > scrollTop + clientHeight) this.el.scrollTop = (to + 1) * ROW - clientHeight;
      this.draw();
    }

    key(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const page = Math.max(1, Math.floor(this.el.clientHeight / ROW) - 1);
      const at = this.at();
      const moves = { ArrowDown: at + 1, ArrowUp: at < 0 ? 0 : at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: this.items.length - 1 };
      const item = this.items[at];
      if (event.key in moves) {
        const to = moves[event.key];
        if (event.shiftKey && item) this.range(at, to);
        this.moveTo(to);
      } else if (!item || event.target !== this.el) return;
      else if (event.key === ' ') this.toggle(item);
      else if (event.key === 'Enter') vk.selection[item.group ? 'onlyThese' : 'only'](item.group ? item.group.names : item.run.run);
      else if (event.key === 'c') this.rows.get(item.key).color();
      else if (item.group && (event.key === 'ArrowLeft' || event.key === 'ArrowRight')) vk.foldGroup(item.group.key, event.key === 'ArrowLeft');
      else if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
      event.preventDefault();
      event.stopPropagation();
    }

    toggle(item) {
      if (item.group) vk.selection.many(item.group.names, item.on < item.group.names.length);
      else vk.selection.toggle(item.run.run);
    }

    /** All rows from one to another become what the first one is. */
    range(from, to) {
      const on = vk.store.get().selected.has((this.items[from].run || {}).run);
      const [low, high] = [Math.max(0, Math.min(from, to)), Math.min(this.items.length - 1, Math.max(from, to))];
      vk.selection.many(this.items.slice(low, high + 1).filter(({ run }) => run).map(({ run }) => run.run), on);
    }

    /** A click makes a row the active one; with Shift it takes all from the former active one along. */
    click(event) {
      const row = [...this.rows].find(([, { el }]) => el.contains(event.target));
      if (!row || !event.isTrusted) return;
      const before = this.at();
      const [key] = row;
      this.active = key;
      const now = this.at();
      if (event.shiftKey && before >= 0 && before !== now) {
        event.preventDefault();
        this.range(before, now);
      }
      this.markActive();
      if (!event.target.closest('button')) this.el.focus({ preventScroll: true });
    }

    destroy() {
      this.resize.disconnect();
    }
  }

  vk.RunList = RunList;
})();
