/* Colour for magnitudes: log10 scales over perceptually even maps, and the legend that explains them. */
(function (vk) {
  'use strict';

  // Viridis by Stefan van der Walt and Nathaniel Smith (CC0), ten evenly spaced stops.
  const VIRIDIS = ['#440154', '#482878', '#3e4989', '#31688e', '#26828e', '#1f9e89', '#35b779', '#6ece58', '#b5de2b', '#fde725'];
  // Diverging, blue (too small) to orange (too large); the middle recedes into each theme.
  const DIVERGING = {
    light: ['#1c4f9c', '#4c83c4', '#93b7dd', '#dbe3ea', '#f0ead9', '#e9bb7c', '#d9822b', '#a84c09'],
    dark: ['#8fc0ff', '#5a92d6', '#3a628f', '#2b3542', '#3b352a', '#8a5a25', '#d18432', '#ffbe76'],
  };
  vk.NON_FINITE_COLOR = '#e6007e';

  function channels(hex) {
    return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  }

  /** 256 colours interpolated between `stops`, as bytes r, g, b, 255 (an ImageData pixel each). */
  function table(stops) {
    const colors = stops.map(channels);
    const bytes = new Uint8ClampedArray(256 * 4);
    for (let i = 0; i < 256; i++) {
      const position = (i / 255) * (colors.length - 1);
      const k = Math.min(Math.floor(position), colors.length - 2);
      for (let c = 0; c < 3; c++) bytes[4 * i + c] = colors[k][c] + (position - k) * (colors[k + 1][c] - colors[k][c]);
      bytes[4 * i + 3] = 255;
    }
    return bytes;
  }

  const TABLES = { viridis: table(VIRIDIS), light: table(DIVERGING.light), dark: table(DIVERGING.dark) };

  /** A colour scale between the powers `low` and `high` of ten. */
  class LogScale {
    constructor(low, high, map) {
      this.low = low;
      this.high = high;
      this.bytes = TABLES[map];
      this.pixels = new Uint32Array(this.bytes.buffer);
    }

    /** Index 0..255 of a log10 value; what lies outside saturates, exact zero is the lowest colour. */
    indexOf(log) {
      const share = (log - this.low) / (this.high - this.low);
      return share <= 0 ? 0 : share >= 1 ? 255 : Math.round(share * 255);
    }

    rgb(value) {
      const at = 4 * this.indexOf(Math.log10(value));
      return [this.bytes[at], this.bytes[at + 1], this.bytes[at + 2]];
    }

    css(value) {
      return Number.isFinite(value) ? `rgb(${this.rgb(value).join(' ')})` : vk.NON_FINITE_COLOR;
    }

    /** Text colour that reads on `css(value)`. */
    ink(value) {
      if (!Number.isFinite(value)) return '#fff';
      const [r, g, b] = this.rgb(value);
      return 0.299 * r + 0.587 * g + 0.114 * b > 140 ? '#14161a' : '#fff';
    }

    /** Both ends in words. */
    ends() {
      return `from 1e${this.low} to 1e${this.high}`;
    }

    /** [{log, text}] at powers of ten, at most `count`; a narrow scale also says 3 and 0.3. */
    ticks(count = 6) {
      const first = Math.ceil(this.low - 1e-9);
      const last = Math.floor(this.high + 1e-9);
      if (last - first < 2) return this.narrowTicks(first - 1, last);
      const stride = Math.ceil((last - first + 1) / count);
      const powers = [];
      for (let power = first; power <= last; power += stride) powers.push({ log: power, text: vk.powerOfTen(power) });
      return powers;
    }

    narrowTicks(first, last) {
      const values = [];
      for (let power = first; power <= last; power++) values.push(10 ** power, 3 * 10 ** power);
      const shown = values.map((value) => ({ log: Math.log10(value), text: vk.format.si(value, 1) }));
      return shown.filter(({ log }) => log >= this.low - 1e-9 && log <= this.high + 1e-9);
    }
  }
  vk.LogScale = LogScale;

  /** A viridis scale that holds the middle 99 % of finite positive `logs` (log10), snapped to half decades. */
  vk.scaleFor = function (logs) {
    const sorted = Float64Array.from(logs).sort();
    if (!sorted.length) return new LogScale(-3, 0, 'viridis');
    const at = (share) => sorted[Math.round(share * (sorted.length - 1))];
    const low = Math.floor(2 * at(0.005)) / 2;
    const high = Math.ceil(2 * at(0.995)) / 2;
    return new LogScale(low, Math.max(high, low + 1), 'viridis');
  };

  /** Update/weight ratios: diverging around 1e-3, three decades to each side. */
  vk.ratioScale = function () {
    return new LogScale(-6, 0, vk.store.get().theme === 'dark' ? 'dark' : 'light');
  };

  /** A magnitude in six digits; small ones as powers of ten: 0.0459, 3.16154e-6. */
  vk.sixDigits = function (value) {
    const short = Number(value.toPrecision(6));
    return short !== 0 && Math.abs(short) < 1e-3 ? short.toExponential().replace('e+', 'e') : vk.format.exact(short);
  };

  const SUPERSCRIPT = {
    '-': '\u207b',
    0: '\u2070',
    1: '\u00b9',
    2: '\u00b2',
    3: '\u00b3',
    4: '\u2074',
    5: '\u2075',
    6: '\u2076',
    7: '\u2077',
    8: '\u2078',
    9: '\u2079',
  };
  vk.powerOfTen = (power) =>
    '10' +
    String(power)
      .split('')
      .map((c) => SUPERSCRIPT[c])
      .join('');

  function gradientOf(scale) {
    const stops = [];
    for (let i = 0; i <= 16; i++) {
      const at = 4 * Math.round((i / 16) * 255);
      stops.push(`rgb(${scale.bytes[at]} ${scale.bytes[at + 1]} ${scale.bytes[at + 2]})`);
    }
    return `linear-gradient(to right, ${stops.join(',')})`;
  }

  /** Legend of `scale`: title with unit, bar, powers of ten; `extras` are [class, word] swatches. */
  vk.legend = function (scale, title, extras = []) {
    const ticks = scale.ticks(5).map(({ log, text }) => {
      const left = (100 * (log - scale.low)) / (scale.high - scale.low);
      return vk.el('span', { class: 'vk-legend-tick', style: `left:${left}%` }, text);
    });
    const bar = vk.el('span', { class: 'vk-legend-bar', style: `background:${gradientOf(scale)}` });
    const swatches = extras.map(([name, word]) =>
      vk.el('span', { class: 'vk-legend-extra' }, vk.el('i', { class: `vk-legend-swatch ${name}` }), word),
    );
    return vk.el(
      'div',
      { class: 'vk-legend', role: 'img', 'aria-label': `Colour scale: ${title}, ${scale.ends()}` },
      vk.el('span', { class: 'vk-legend-title' }, title),
      vk.el('span', { class: 'vk-legend-scale' }, bar, ...ticks),
      ...swatches,
    );
  };
})((window.vk = window.vk || {}));
