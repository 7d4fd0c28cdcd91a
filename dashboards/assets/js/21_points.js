/* Columns of a series in the browser: step, wall, value as growing Float64Arrays, ordered by step. */
(function () {
  'use strict';
  const vk = window.vk;
  const COLUMNS = ['step', 'wall', 'value'];

  /** First index in sorted[0, n) whose value is > x (or >= x with `orEqual`). */
  function bound(sorted, n, x, orEqual = false) {
    let low = 0;
    let high = n;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle] < x || (!orEqual && sorted[middle] === x)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  class Points {
    constructor({ step, wall, value } = { step: [], wall: [], value: [] }) {
      this.step = new Float64Array(step);
      this.wall = new Float64Array(wall);
      this.value = new Float64Array(value);
      this.n = this.step.length;
      this.forgetSmoothing();
    }

    append(step, wall, value) {
      this.reserve(this.n + step.length);
      const inOrder = !this.n || !step.length || step[0] >= this.step[this.n - 1];
      if (inOrder && isSorted(step)) {
        this.step.set(step, this.n);
        this.wall.set(wall, this.n);
        this.value.set(value, this.n);
        this.n += step.length;
      } else {
        for (let i = 0; i < step.length; i += 1) this.insert(step[i], wall[i], value[i]);
      }
    }

    /** A late point lands at its step, behind those of the same step. */
    insert(step, wall, value) {
      const at = bound(this.step, this.n, step);
      for (const name of COLUMNS) this[name].copyWithin(at + 1, at, this.n);
      this.step[at] = step;
      this.wall[at] = wall;
      this.value[at] = value;
      this.n += 1;
      if (at < this.n - 1) this.forgetSmoothing();
    }

    reserve(n) {
      if (n <= this.step.length) return;
      for (const name of COLUMNS) {
        const grown = new Float64Array(Math.max(n, 2 * this[name].length, 256));
        grown.set(this[name].subarray(0, this.n));
        this[name] = grown;
      }
    }

    /** How many points have step <= until (all of them for null). */
    known(until) {
      return until === null ? this.n : bound(this.step, this.n, until);
    }

    /** The points that no line can show: [{step, wall, value}]. */
    nonfinite() {
      const found = [];
      for (let i = 0; i < this.n; i += 1) {
        if (!Number.isFinite(this.value[i])) found.push({ step: this.step[i], wall: this.wall[i], value: this.value[i] });
      }
      return found;
    }

    forgetSmoothing() {
      this.ema = { weight: null, n: 0, last: 0, count: 0, out: new Float64Array(0) };
    }

    /**
     * The debiased exponential moving average that TensorBoard draws: last = w last + (1 - w) value,
     * divided by 1 - w^count. Non-finite values pass through and leave the average alone. What was
     * computed is kept, so a growing series costs its new points only.
     */
    smoothed(weight) {
      if (this.ema.weight !== weight) this.forgetSmoothing();
      const ema = this.ema;
      ema.weight = weight;
      if (ema.out.length < this.n) {
        const grown = new Float64Array(this.value.length);
        grown.set(ema.out.subarray(0, ema.n));
        ema.out = grown;
      }
      for (let i = ema.n; i < this.n; i += 1) {
        const value = this.value[i];
        if (!Number.isFinite(value)) {
          ema.out[i] = value;
          continue;
        }
        ema.last = ema.last * weight + (1 - weight) * value;
        ema.count += 1;
        ema.out[i] = ema.last / (1 - weight ** ema.count);
      }
      ema.n = this.n;
      return ema.out;
    }
  }

  function isSorted(step) {
    for (let i = 1; i < step.length; i += 1) if (step[i] < step[i - 1]) return false;
    return true;
  }

  vk.Points = Points;
  vk.bound = bound;
})();
