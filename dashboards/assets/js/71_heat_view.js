/* The heatmap's canvas: cells, hatch over non-finite ones, row sparklines and last values, the step axis, cursors. */
(function (vk) {
  'use strict';

  const AXIS_HEIGHT = 22;
  const SPARK_WIDTH = 62;

  function token(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  /** Magenta with pale diagonals: told apart by texture as well as by hue. */
  function hatch(context) {
    const tile = document.createElement('canvas');
    tile.width = tile.height = 6;
    const pen = tile.getContext('2d');
    pen.fillStyle = vk.NON_FINITE_COLOR;
    pen.fillRect(0, 0, 6, 6);
    pen.strokeStyle = '#ffffffb0';
    pen.lineWidth = 1.4;
    pen.beginPath();
    for (const shift of [-6, 0, 6]) {
      pen.moveTo(shift - 1, 7);
      pen.lineTo(shift + 7, -1);
    }
    pen.stroke();
    return context.createPattern(tile, 'repeat');
  }

  /** Step labels at round numbers: [{column, label}]. */
  function stepTicks(grid, width) {
    const first = grid.step[0];
    const last = grid.step[grid.columns - 1];
    const wanted = Math.max(2, Math.floor(width / 90));
    const rough = (last - first) / wanted || 1;
    const power = 10 ** Math.floor(Math.log10(rough));
    const stride = Math.max(
      1,
      [1, 2, 5, 10].map((k) => k * power).find((candidate) => candidate >= rough),
    );
    const ticks = [];
    for (let step = Math.ceil(first / stride) * stride; step <= last; step += stride)
      ticks.push({ column: vk.columnOf(grid, step), label: vk.format.si(step) });
    return ticks;
  }

  /** The last column that starts at or before `step`. */
  vk.columnOf = function (grid, step) {
    let low = 0;
    let high = grid.columns - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (grid.step[middle] <= step) low = middle;
      else high = middle - 1;
    }
    return low;
  };

  class HeatView {
    constructor(el) {
      this.canvas = vk.el('canvas', { class: 'vk-heat-canvas', 'aria-hidden': 'true' });
      this.cells = document.createElement('canvas');
      el.append(this.canvas);
      this.context = this.canvas.getContext('2d');
    }

    /** Lay out for `width` x `height` CSS pixels; `left` and `right` are the margins for names and last values. */
    resize(width, height, left, right) {
      const ratio = window.devicePixelRatio || 1;
      Object.assign(this, { width, height, left, right, ratio });
      this.canvas.width = Math.round(width * ratio);
      this.canvas.height = Math.round((height + AXIS_HEIGHT) * ratio);
      this.canvas.style.width = `${width}px`;
      this.canvas.style.height = `${height + AXIS_HEIGHT}px`;
      this.plotWidth = Math.max(1, width - left - right);
    }

    setGrid(grid, scale) {
      this.grid = grid;
      this.scale = scale;
      vk.paintGrid(this.cells, grid, scale);
    }

    columnAt(x) {
      const column = Math.floor(((x - this.left) / this.plotWidth) * this.grid.columns);
      return column >= 0 && column < this.grid.columns ? column : -1;
    }

    xOf(column) {
      return this.left + (column / this.grid.columns) * this.plotWidth;
    }

    /** Draw the rows in view. `scene` is {top, rowHeight, starts (rows that begin a module), knownColumn, hover, chosen, selected}. */
    draw(scene) {
      const { context, width, height } = this;
      context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
      context.clearRect(0, 0, width, height + AXIS_HEIGHT);
      if (!this.grid || !this.grid.rows) return;
      context.save();
      context.beginPath();
      context.rect(0, 0, width, height);
      context.clip();
      const first = Math.max(0, Math.floor(scene.top / scene.rowHeight));
      const last = Math.min(this.grid.rows - 1, Math.ceil((scene.top + height) / scene.rowHeight));
      this.drawCells(scene, first, last);
      this.hideFuture(scene);
      this.drawMargin(scene, first, last);
      this.drawCursors(scene);
      context.restore();
      this.drawAxis();
    }

    drawCells({ top, rowHeight, starts }, first, last) {
      const { context, grid } = this;
      const y = first * rowHeight - top;
      context.imageSmoothingEnabled = false;
      context.fillStyle = token('--vk-heat-empty') || token('--vk-surface');
      context.fillRect(this.left, y, this.plotWidth, (last - first + 1) * rowHeight);
      context.drawImage(
        this.cells,
        0,
        first,
        grid.columns,
        last - first + 1,
        this.left,
        y,
        this.plotWidth,
        (last - first + 1) * rowHeight,
      );
      context.fillStyle = hatch(context);
      for (let row = first; row <= last; row++) this.hatchRow(row, row * rowHeight - top, rowHeight);
      context.fillStyle = token('--vk-surface');
      for (let row = first; row <= last; row++) {
        const line = starts.has(row) && row > 0 ? 2 : rowHeight >= 10 ? 1 : 0;
        context.fillRect(this.left, row * rowHeight - top - line / 2, this.plotWidth, line);
      }
    }

    hideFuture({ knownColumn }) {
      if (knownColumn < 0) return;
      this.context.fillStyle = token('--vk-surface');
      this.context.fillRect(this.xOf(knownColumn + 1), 0, this.plotWidth, this.height);
    }

    /** Every run of broken cells at least 3 pixels wide, so that one bad step in a million is still seen. */
    hatchRow(row, y, rowHeight) {
      const { grid, context } = this;
      for (let c = 0; c < grid.columns; c++) {
        if (grid.log[row * grid.columns + c] !== Infinity) continue;
        const from = c;
        while (c + 1 < grid.columns && grid.log[row * grid.columns + c + 1] === Infinity) c += 1;
        context.fillRect(this.xOf(from), y, Math.max(3, this.xOf(c + 1) - this.xOf(from)), rowHeight);
      }
    }

    drawMargin({ top, rowHeight }, first, last) {
      const { context, grid } = this;
      const hasSpark = this.right > SPARK_WIDTH + 40;
      const valueX = this.width - 6;
      context.font = `11px ${token('--vk-font') || 'sans-serif'}`;
      context.textBaseline = 'middle';
      context.textAlign = 'right';
      for (let row = first; row <= last; row++) {
        const y = row * rowHeight - top;
        const log = grid.last < 0 ? NaN : grid.log[row * grid.columns + grid.last];
        context.fillStyle = log === Infinity ? vk.NON_FINITE_COLOR : token('--vk-text');
        const text = Number.isNaN(log) ? '\u2013' : log === Infinity ? 'non-finite' : (10 ** log).toExponential(1);
        context.fillText(text, valueX, y + rowHeight / 2 + 0.5);
        if (hasSpark) this.drawSpark(row, y + 2, rowHeight - 4);
      }
    }

    drawSpark(row, y, height) {
      const { context, grid, scale } = this;
      const x0 = this.width - this.right + 8;
      context.strokeStyle = token('--vk-muted');
      context.lineWidth = 1;
      context.beginPath();
      let isDown = false;
      for (let c = 0; c <= grid.last; c++) {
        const log = grid.log[row * grid.columns + c];
        if (!Number.isFinite(log)) {
          isDown = false;
          continue;
        }
        const share = Math.max(0, Math.min(1, (log - scale.low) / (scale.high - scale.low)));
        const x = x0 + (c / grid.columns) * SPARK_WIDTH;
        if (isDown) context.lineTo(x, y + height * (1 - share));
        else context.moveTo(x, y + height * (1 - share));
        isDown = true;
      }
      context.stroke();
    }

    drawCursors({ top, rowHeight, knownColumn, hover, chosen, selected }) {
      const { context } = this;
      context.fillStyle = token('--vk-accent');
      for (const row of selected) {
        context.fillRect(this.left, row * rowHeight - top, this.plotWidth, 1.5);
        context.fillRect(this.left, (row + 1) * rowHeight - top - 1.5, this.plotWidth, 1.5);
      }
      if (knownColumn >= 0) context.fillRect(this.xOf(knownColumn + 1) - 1, 0, 2, this.height);
      if (hover) this.crosshair(hover, top, rowHeight);
      if (chosen) this.frame(chosen, top, rowHeight);
    }

    crosshair({ row, column }, top, rowHeight) {
      const { context } = this;
      context.fillStyle = '#ffffff40';
      context.fillRect(this.left, row * rowHeight - top, this.plotWidth, rowHeight);
      context.fillStyle = token('--vk-text');
      context.fillRect(Math.round((this.xOf(column) + this.xOf(column + 1)) / 2), 0, 1, this.height);
    }

    frame({ row, column }, top, rowHeight) {
      const { context } = this;
      const width = Math.max(6, this.xOf(column + 1) - this.xOf(column));
      context.lineWidth = 3;
      context.strokeStyle = '#000000c0';
      context.strokeRect(this.xOf(column) - 1, row * rowHeight - top, width + 2, rowHeight);
      context.lineWidth = 1.5;
      context.strokeStyle = '#fff';
      context.strokeRect(this.xOf(column) - 1, row * rowHeight - top, width + 2, rowHeight);
    }

    drawAxis() {
      const { context, height } = this;
      context.fillStyle = token('--vk-muted');
      context.font = `11px ${token('--vk-font') || 'sans-serif'}`;
      context.textBaseline = 'top';
      for (const { column, label } of stepTicks(this.grid, this.plotWidth)) {
        const x = this.xOf(column);
        context.textAlign = x > this.left + this.plotWidth - 20 ? 'right' : x < this.left + 10 ? 'left' : 'center';
        context.fillRect(x, height, 1, 4);
        context.fillText(label, x, height + 6);
      }
      context.textAlign = 'right';
      context.fillText('step', this.left - 8, height + 6);
    }
  }
  HeatView.AXIS_HEIGHT = AXIS_HEIGHT;
  vk.HeatView = HeatView;
})((window.vk = window.vk || {}));
