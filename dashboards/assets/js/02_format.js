/* Numbers and times as people read them; the exact value belongs into a title attribute. */
(function () {
  'use strict';
  const vk = window.vk;
  const LARGE = [[1e12, 'T'], [1e9, 'G'], [1e6, 'M'], [1e3, 'k']];

  const trim = (text) => (text.includes('.') && !text.includes('e') ? text.replace(/\.?0+$/, '') : text);

  /** 1234567 -> "1.23 M", 0.00012 -> "1.2e-4", NaN -> "NaN", Infinity -> "Inf". Three digits. */
  function si(x, digits = 3) {
    if (x === null || x === undefined) return '–';
    if (Number.isNaN(x)) return 'NaN';
    if (!Number.isFinite(x)) return x > 0 ? '+Inf' : '-Inf';
    const size = Math.abs(x);
    if (size === 0) return '0';
    if (size >= 1e15) return scientific(x, digits);
    for (const [unit, letter] of LARGE) {
      if (size >= unit * (unit === 1e3 ? 10 : 1)) return `${trim((x / unit).toPrecision(digits))} ${letter}`;
    }
    if (size >= 1000) return Math.round(x).toLocaleString('en-US');
    return size < 1e-3 ? scientific(x, digits) : trim(x.toPrecision(digits));
  }

  function scientific(x, digits) {
    const [mantissa, exponent] = x.toExponential(digits - 1).split('e');
    return `${trim(mantissa)}e${Number(exponent)}`;
  }

  /** Every digit that a float64 has; integers with thousands separators. */
  function exact(x) {
    if (!Number.isFinite(x)) return si(x);
    return Number.isInteger(x) && Math.abs(x) < 2 ** 53 ? x.toLocaleString('en-US') : String(x);
  }

  const count = (n) => (n < 10000 ? n.toLocaleString('en-US') : si(n));

  /** A span of time: 0.4 -> "0.40 s", 75 -> "1 min 15 s", 7300 -> "2 h 1 min". */
  function relative(seconds) {
    if (!Number.isFinite(seconds)) return '–';
    if (seconds < 0) return `-${relative(-seconds)}`;
    if (seconds < 10) return `${seconds.toFixed(2)} s`;
    if (seconds < 60) return `${Math.round(seconds)} s`;
    if (seconds < 3600) return pair(seconds, 60, 'min', 1, 's');
    if (seconds < 86400) return pair(seconds, 3600, 'h', 60, 'min');
    return pair(seconds, 86400, 'd', 3600, 'h');
  }

  function pair(seconds, big, bigName, small, smallName) {
    const units = Math.round(seconds / small);
    const whole = Math.floor((units * small) / big);
    const rest = units - (whole * big) / small;
    return rest ? `${whole} ${bigName} ${rest} ${smallName}` : `${whole} ${bigName}`;
  }

  /** How long ago, one unit: "now", "35 s", "12 min", "2 h", "3 d", "4 y". */
  function ago(timestamp, now = Date.now() / 1000) {
    const seconds = now - timestamp;
    if (!Number.isFinite(seconds)) return '';
    if (seconds < 5) return 'now';
    if (seconds < 60) return `${Math.floor(seconds)} s`;
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
    if (seconds < 86400) return `${Math.floor(seconds / 3600)} h`;
    if (seconds < 730 * 86400) return `${Math.floor(seconds / 86400)} d`;
    return `${Math.floor(seconds / 86400 / 365.25)} y`;
  }

  /** The absolute local time of a wall_time in seconds. */
  const time = (timestamp) =>
    new Date(timestamp * 1000).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });

  vk.format = { si, exact, count, relative, ago, time };
})();
