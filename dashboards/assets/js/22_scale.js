/* Pure functions of the data: axis ranges, thinning to pixels, path texts. No state, no DOM. */
(function () {
  'use strict';
  const vk = window.vk;
  const GROWTH = 1.06; // the x axis grows by 6 % at a time: O(log n) changes for n points
  const COLUMN = 2; // px that keep four points: two a pixel
  const PAD = 0.06; // share of the height above and below a curve

  /**
   * The x range for data from x0 to x1: head-room up to the next power of 1.06 of the span. As it
   * depends on the data's extent alone, a replay that has reached the end shows the live view.
   */
  function xRange(x0, x1) {
    const span = x1 - x0;
    if (!(span > 0)) return [x0 - 1, x0 + 1];
    const power = Math.ceil(Math.log(span) / Math.log(GROWTH) - 1e-9);
    return [x0, x0 + GROWTH ** power];
  }

  /** The y range for values from low to high; on a log axis both are log10 already. */
  function yRange(low, high) {
    if (!(low <= high)) return [0, 1];
    const span = high - low;
    const pad = span > 0 ? span * PAD : Math.abs(high) * PAD || 1;
    return [low - pad, high + pad];
  }

  /**
   * Keep what a line of pixels shows: first, lowest, highest and last point of each two pixels, and
   * every gap. px(i) is the pixel of point i. Returns indices; all of them when there are few.
   */
  function thin(from, to, px, y, width) {
    const keep = [];
    if (to - from <= 2 * width) {
      for (let i = from; i < to; i += 1) keep.push(i);
      return keep;
    }
    let i = from;
    while (i < to) {
      const column = Math.floor(px(i) / COLUMN);
      let low = i;
      let high = i;
      let gap = -1;
      let end = i;
      while (end < to && Math.floor(px(end) / COLUMN) === column) {
        if (y[end] < y[low] || Number.isNaN(y[low])) low = end;
        if (y[end] > y[high] || Number.isNaN(y[high])) high = end;
        if (Number.isNaN(y[end])) gap = end;
        end += 1;
      }
      const picked = [i, low, high, end - 1];
      if (gap >= 0) picked.push(gap);
      picked.sort((a, b) => a - b);
      picked.forEach((index, k) => (k && picked[k - 1] === index) || keep.push(index));
      i = end;
    }
    return keep;
  }

  /** An SVG path through (x, y) in pixels; NaN in y lifts the pen. Coordinates to 1/100 px. */
  function path(x, y, toPxX, toPxY) {
    const out = [];
    let pen = 'M';
    for (let i = 0; i < x.length; i += 1) {
      if (Number.isNaN(y[i])) {
        pen = 'M';
        continue;
      }
      out.push(pen, Math.round(toPxX(x[i]) * 100) / 100, ',', Math.round(toPxY(y[i]) * 100) / 100);
      pen = 'L';
    }
    return out.join('') || 'M0,0';
  }

  /** The unit in which a relative time axis is drawn: [seconds, name]. */
  function timeUnit(seconds) {
    if (seconds < 180) return [1, 's'];
    if (seconds < 3 * 3600) return [60, 'min'];
    return seconds < 3 * 86400 ? [3600, 'h'] : [86400, 'd'];
  }

  vk.scale = { xRange, yRange, thin, path, timeUnit };
})();
