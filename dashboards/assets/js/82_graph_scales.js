/* Colour scales of the graph besides the logarithmic one: shares from 0 to 1, and values around zero. */
(function (vk) {
  'use strict';

  /** A scale in equal steps between the values `low` and `high`. */
  class LinearScale extends vk.LogScale {
    rgb(value) {
      const at = 4 * this.indexOf(value);
      return [this.bytes[at], this.bytes[at + 1], this.bytes[at + 2]];
    }

    ticks() {
      const middle = (this.low + this.high) / 2;
      return [this.low, middle, this.high].map((value) => ({ log: value, text: vk.format.si(value, 2) }));
    }

    ends() {
      return `from ${vk.format.si(this.low, 3)} to ${vk.format.si(this.high, 3)}`;
    }
  }
  vk.LinearScale = LinearScale;

  const diverging = () => (vk.store.get().theme === 'dark' ? 'dark' : 'light');

  /** The largest of most sizes, rounded up to one digit; outliers saturate. */
  function reach(values) {
    const sizes = Float64Array.from(values, Math.abs).sort();
    const most = sizes.length ? sizes[Math.round(0.98 * (sizes.length - 1))] : 1;
    if (!(most > 0)) return 1;
    const power = 10 ** Math.floor(Math.log10(most));
    return Math.ceil(most / power - 1e-9) * power;
  }

  const SCALES = {
    log: (values) => vk.scaleFor(values.filter((value) => value > 0).map(Math.log10)),
    ratio: () => vk.ratioScale(),
    share: () => new LinearScale(0, 1, 'viridis'),
    centred: (values) => {
      const most = reach(values);
      return new LinearScale(-most, most, diverging());
    },
  };

  /** The scale of a kind for finite values: "log", "ratio", "share" (0 to 1) or "centred" (around zero). */
  vk.graphScale = (kind, values) => SCALES[kind](values);
})((window.vk = window.vk || {}));
