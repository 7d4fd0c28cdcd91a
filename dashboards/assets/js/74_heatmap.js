/* vk.Heatmap: parameters x steps as colour. Names fold, rows are brushed, a cell moves the playhead. */
(function (vk) {
  'use strict';

  const AUTO_ROWS = 48;
  const ROW_HEIGHT = [15, 26];

  class Heatmap {
    /** `on` is {pick({member, step}), select(names[])}; `name` is the accessible name. */
    constructor(el, { name, on }) {
      this.el = el;
      this.on = on;
      this.folded = null;
      this.selectedPaths = new Set();
      this.body = vk.el('div', { class: 'vk-heat-body' });
      this.sticky = vk.el('div', { class: 'vk-heat-sticky' });
      this.scroller = vk.el(
        'div',
        {
          class: 'vk-heat-scroll',
          tabindex: '0',
          role: 'application',
          'aria-label': `${name}. Arrow keys move the cell, Enter moves the playhead there.`,
        },
        this.body,
      );
      this.body.append(this.sticky);
      this.summary = vk.el('table', {});
      this.pins = new vk.HeatPins(this);
      el.classList.add('vk-heat');
      el.append(this.pins.band, this.scroller, vk.el('div', { class: 'vk-hidden' }, this.summary));
      this.view = new vk.HeatView(this.sticky);
      this.names = new vk.HeatNames(this.sticky, {
        fold: (path) => this.toggleFold(path),
        select: (from, to) => this.selectRows(from, to),
      });
      this.pointer = new vk.HeatPointer(this, this.scroller);
      this.redraw = vk.perFrame(() => this.draw());
      this.scroller.addEventListener('scroll', () => this.redraw());
      this.resizes = new ResizeObserver(() => this.layOut());
      this.resizes.observe(el);
      this.describe = vk.paced(1500, async () => this.fillSummary());
    }

    destroy() {
      this.resizes.disconnect();
      this.pins.destroy();
      this.describe.stop();
    }

    /** Show `heat` (what vk.api.heatmap gives); `metric` is {label, isRatio}; `knownStep` draws the playhead. */
    show(heat, metric, knownStep) {
      const names = heat.names.join('\n');
      if (names !== this.shownNames) {
        this.shownNames = names;
        this.tree = vk.moduleTree(heat.names);
        this.folded = vk.autoFold(this.tree, AUTO_ROWS);
      }
      Object.assign(this, { heat, metric, knownStep });
      this.regrid();
      if (this.hovered && this.hovered.row >= this.rows.length) this.hovered = null;
      this.pointer.refresh();
    }

    /** Hide at once what is later than `step`; the exact window follows by `show`. */
    setKnown(step) {
      this.knownStep = step;
      this.redraw();
    }

    /** Rows, grid, colours: everything that follows from data and folds. */
    regrid() {
      if (!this.heat) return;
      const startedAt = performance.now();
      const all = vk.visibleRows(this.tree, this.folded);
      this.rows = this.filter ? all.filter((node) => this.filter.test(node.path)) : all;
      this.modules = this.filter ? [] : vk.openModules(this.tree, this.folded);
      this.grid = vk.heatGrid(this.heat, this.rows, this.metric.isRatio);
      this.scale = this.metric.isRatio ? vk.ratioScale() : vk.scaleFor(vk.sampleLogs(this.grid));
      this.view.setGrid(this.grid, this.scale);
      this.layOut();
      this.el.dataset.vkPaintMs = (performance.now() - startedAt).toFixed(1);
      this.describe();
    }

    layOut() {
      const width = this.scroller.clientWidth;
      if (!this.grid || !width) return;
      const most = Math.max(260, window.innerHeight - 360);
      this.rowHeight = Math.max(ROW_HEIGHT[0], Math.min(ROW_HEIGHT[1], Math.floor(most / Math.max(1, this.rows.length))));
      const content = this.rowHeight * this.rows.length;
      this.height = Math.max(this.rowHeight, Math.min(most, content));
      const isNarrow = width < 640;
      this.left = isNarrow ? 112 : this.marginFor(Math.round(width * 0.24));
      this.body.style.height = `${content + vk.HeatView.AXIS_HEIGHT}px`;
      this.scroller.style.height = `${this.height + vk.HeatView.AXIS_HEIGHT}px`;
      this.sticky.style.height = `${this.height + vk.HeatView.AXIS_HEIGHT}px`;
      this.view.resize(width, this.height, this.left, isNarrow ? 56 : 132);
      this.draw();
    }

    /** As wide as the longest name needs, at most `most`. */
    marginFor(most) {
      const depth = this.modules.reduce((deepest, { node }) => Math.max(deepest, node.depth), 0);
      const longest = this.rows.reduce(
        (letters, node) => Math.max(letters, node.path.length + (node.children.length ? 6 : 0)),
        8,
      );
      return Math.min(most, Math.round(longest * 6.7 + depth * 13 + 34));
    }

    draw() {
      if (!this.grid) return;
      const top = this.scroller.scrollTop;
      const selected = new Set();
      this.rows.forEach((node, row) => this.selectedPaths.has(node.path) && selected.add(row));
      const shared = { top, rowHeight: this.rowHeight, selected };
      const starts = new Set(this.modules.filter(({ node }) => node.depth === 1).flatMap(({ from, to }) => [from, to + 1]));
      this.view.draw({ ...shared, starts, knownColumn: this.knownColumn(), hover: this.hovered, chosen: this.chosenCell() });
      this.pins.draw(this.view, this.rows, this.heat.names, shared);
      this.names.draw({ ...shared, rows: this.rows, modules: this.modules, height: this.height, width: this.left });
      Object.assign(this.el.dataset, {
        vkRows: this.rows.length,
        vkColumns: this.grid.columns,
        vkParameters: this.heat.names.length,
        vkLastStep: this.grid.last < 0 ? '' : this.grid.step[this.grid.last],
        vkReady: '1',
      });
    }

    knownColumn() {
      return this.knownStep === null || this.knownStep === undefined ? -1 : vk.columnOf(this.grid, this.knownStep);
    }

    // -- folding and filtering

    toggleFold(path) {
      if (!this.folded.delete(path)) this.folded.add(path);
      this.regrid();
    }

    foldAll() {
      this.folded = vk.allModules(this.tree);
      this.regrid();
    }

    unfoldAll() {
      this.folded = new Set();
      this.regrid();
    }

    /** Show only rows whose name matches `pattern` (a RegExp, or null for all). */
    setFilter(pattern) {
      this.filter = pattern;
      this.regrid();
    }

    // -- selection

    selectRows(from, to) {
      this.selectedPaths = new Set(this.rows.slice(from, to + 1).map((node) => node.path));
      this.tellSelection();
      this.redraw();
    }

    selectNames(names) {
      this.selectedPaths = new Set(names);
      this.redraw();
    }

    tellSelection() {
      const members = this.rows.filter((node) => this.selectedPaths.has(node.path)).flatMap((node) => node.members);
      this.on.select(members.map((row) => this.heat.names[row]));
    }

    // -- what HeatPointer asks and tells

    limits() {
      return { rows: this.rows ? this.rows.length : 0, columns: this.grid ? Math.max(0, this.grid.last + 1) : 0 };
    }

    cellAt(event) {
      if (!this.grid) return null;
      const box = this.scroller.getBoundingClientRect();
      const y = event.clientY - box.top;
      const column = this.view.columnAt(event.clientX - box.left);
      const row = Math.floor((y + this.scroller.scrollTop) / this.rowHeight);
      return column < 0 || y > this.height || row < 0 || row >= this.rows.length ? null : { row, column };
    }

    setHover(cell) {
      this.hovered = cell;
      this.redraw();
    }

    setChosen(cell) {
      this.chosen = cell && { path: this.rows[cell.row].path, step: this.grid.step[cell.column] };
      if (cell) this.scrollTo(cell.row);
      this.redraw();
    }

    chosenCell() {
      if (!this.chosen) return null;
      const row = this.rows.findIndex((node) => node.path === this.chosen.path);
      return row < 0 ? null : { row, column: vk.columnOf(this.grid, this.chosen.step) };
    }

    scrollTo(row) {
      const top = row * this.rowHeight;
      if (top < this.scroller.scrollTop) this.scroller.scrollTop = top;
      else if (top + this.rowHeight > this.scroller.scrollTop + this.height)
        this.scroller.scrollTop = top + this.rowHeight - this.height;
    }

    pick({ row, column }) {
      const node = this.rows[row];
      this.selectedPaths = new Set([node.path]);
      this.tellSelection();
      this.on.pick({ member: this.heat.names[node.members[0]], step: this.grid.step[column] });
      this.redraw();
    }

    words({ row, column }) {
      return vk.cellWords(this.grid, this.rows[row], row, column, this.metric);
    }

    fillSummary() {
      if (this.grid) vk.fillHeatSummary(this.summary, this.grid, this.rows, this.metric);
    }
  }
  vk.Heatmap = Heatmap;
})((window.vk = window.vk || {}));
