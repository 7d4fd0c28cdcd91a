/* From what the server sends (parameters x step buckets) to what is drawn (visible rows x columns, log10). No DOM. */
(function (vk) {
  'use strict';

  const NO_DATA = NaN;
  const BROKEN = Infinity; // a non-finite value was seen in this cell

  /** For each column the column whose data it shows: a quantity logged every k steps holds until its next record. */
  function heldColumns(value, nonfinite, rows, columns) {
    const filled = [];
    for (let c = 0; c < columns; c++) {
      for (let r = 0; r < rows; r++) {
        const at = r * columns + c;
        if (nonfinite[at] || !Number.isNaN(value[at])) {
          filled.push(c);
          break;
        }
      }
    }
    const gaps = filled
      .slice(1)
      .map((c, i) => c - filled[i])
      .sort((a, b) => a - b);
    const reach = gaps.length ? Math.ceil(1.5 * gaps[Math.floor(gaps.length / 2)]) : 1;
    const source = new Int32Array(columns).fill(-1);
    filled.forEach((c, i) => {
      const isLast = i === filled.length - 1;
      const end = isLast ? c + 1 : Math.min(filled[i + 1], c + reach);
      source.fill(c, c, end);
    });
    return { source, last: filled.length ? filled[filled.length - 1] : -1 };
  }

  /** Norms of parts join as the root of their summed squares. */
  vk.joinNorms = function (values) {
    let squares = 0;
    for (const value of values) squares += value * value;
    return Math.sqrt(squares);
  };

  /** Ratios do not add up; their geometric mean is the middle of what the colours would show. */
  vk.joinRatios = function (values) {
    let logs = 0;
    for (const value of values) logs += Math.log(value);
    return Math.exp(logs / values.length);
  };

  function cell(heat, members, column, join) {
    const values = [];
    for (const row of members) {
      const at = row * heat.columns + column;
      if (heat.nonfinite[at] || heat.value[at] === Infinity) return BROKEN;
      if (!Number.isNaN(heat.value[at])) values.push(heat.value[at]);
    }
    return values.length ? Math.log10(values.length === 1 ? values[0] : join(values)) : NO_DATA;
  }

  /** Lengthen `heat` with empty columns up to step `end`: the future has its place, but nothing in it. */
  vk.padHeat = function (heat, end) {
    const { rows, columns } = heat;
    if (!columns) return heat;
    const width = columns > 1 ? (heat.step[columns - 1] - heat.step[0]) / (columns - 1) : 1;
    const extra = Math.max(0, Math.round((end - heat.step[columns - 1]) / width - (width > 1 ? 1 : 0)));
    const all = columns + extra;
    const step = Float64Array.from({ length: all }, (_, c) =>
      c < columns ? heat.step[c] : heat.step[columns - 1] + (c - columns + 1) * width,
    );
    const value = new Float32Array(rows * all).fill(NO_DATA);
    const nonfinite = new Uint8Array(rows * all);
    for (let row = 0; row < rows; row++) {
      value.set(heat.value.subarray(row * columns, (row + 1) * columns), row * all);
      nonfinite.set(heat.nonfinite.subarray(row * columns, (row + 1) * columns), row * all);
    }
    return { ...heat, columns: all, step, value, nonfinite };
  };

  /** One parameter is most rows of a big model unfolded: no joining, no allocation. */
  function fillSingle(heat, member, source, log, start) {
    for (let c = 0; c < heat.columns; c++) {
      if (source[c] < 0) continue;
      const at = member * heat.columns + source[c];
      const value = heat.value[at];
      log[start + c] = heat.nonfinite[at] || value === Infinity ? BROKEN : Math.log10(value);
    }
  }

  function fillJoined(heat, members, source, log, start, join) {
    for (let c = 0; c < heat.columns; c++) {
      if (source[c] < 0) continue;
      log[start + c] = source[c] < c ? log[start + source[c]] : cell(heat, members, c, join);
    }
  }

  /** Grid of the `visible` rows: log[row * columns + column] is log10, NaN where nothing is known, +Infinity where a
   *  non-finite value was seen. `heat` is what vk.api.heatmap gives. */
  vk.heatGrid = function (heat, visible, isRatio) {
    const { columns } = heat;
    const { source, last } = heldColumns(heat.value, heat.nonfinite, heat.names.length, columns);
    const join = isRatio ? vk.joinRatios : vk.joinNorms;
    const log = new Float32Array(visible.length * columns).fill(NO_DATA);
    visible.forEach((node, row) => {
      if (node.members.length === 1) fillSingle(heat, node.members[0], source, log, row * columns);
      else fillJoined(heat, node.members, source, log, row * columns, join);
    });
    return { rows: visible.length, columns, step: heat.step, log, last, source };
  };

  /** Finite log values of the grid, thinned to at most `most`, for fitting a colour scale. */
  vk.sampleLogs = function (grid, most = 20000) {
    const stride = Math.max(1, Math.floor(grid.log.length / most));
    const sample = [];
    for (let i = 0; i < grid.log.length; i += stride) if (Number.isFinite(grid.log[i])) sample.push(grid.log[i]);
    return sample;
  };

  /** {last, low, high, broken} of one row, as plain values. */
  vk.rowFacts = function (grid, row) {
    const facts = { last: NaN, low: NaN, high: NaN, broken: 0 };
    for (let c = 0; c < grid.columns; c++) {
      const log = grid.log[row * grid.columns + c];
      if (Number.isNaN(log) || grid.source[c] !== c) continue;
      facts.last = log === BROKEN ? Infinity : 10 ** log;
      if (log === BROKEN) {
        facts.broken += 1;
        continue;
      }
      facts.low = Number.isNaN(facts.low) ? facts.last : Math.min(facts.low, facts.last);
      facts.high = Number.isNaN(facts.high) ? facts.last : Math.max(facts.high, facts.last);
    }
    return facts;
  };

  /** Paint the grid, one pixel a cell, into `canvas`. */
  vk.paintGrid = function (canvas, grid, scale) {
    canvas.width = grid.columns;
    canvas.height = Math.max(1, grid.rows);
    const context = canvas.getContext('2d');
    const image = context.createImageData(canvas.width, canvas.height);
    const pixels = new Uint32Array(image.data.buffer);
    const broken = 0xff7e00e6; // vk.NON_FINITE_COLOR as a little-endian ABGR word
    const perDecade = 255 / (scale.high - scale.low);
    for (let i = 0; i < grid.log.length; i++) {
      const log = grid.log[i];
      if (log !== log) continue; // NaN: leave the pixel clear, the surface shows through
      if (log === BROKEN) pixels[i] = broken;
      else pixels[i] = scale.pixels[Math.max(0, Math.min(255, Math.round((log - scale.low) * perDecade)))];
    }
    context.putImageData(image, 0, 0);
  };
})((window.vk = window.vk || {}));
