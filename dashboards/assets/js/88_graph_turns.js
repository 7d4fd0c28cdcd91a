/* Which version of the graph ran when, as columns of pixels: each shows every version that ran in it. No DOM but one canvas. */
(function (vk) {
  'use strict';

  const LEAST = 3; // px that a version has in a column, however short it ran
  const UNSEEN = 0;
  const OTHER = -1;
  const ORDER = [0, 3, 5, 4, 7, 11, 6, 8, 9, 10, 2, 1]; // of the palette: red and green, which mean something, last

  /** Columns from step `first` to before `end`: for each of `width` pixels a Map of version to its share of the steps. */
  vk.turnColumns = function (turns, first, end, width) {
    const columns = Array.from({ length: width }, () => new Map());
    const perStep = width / Math.max(1, end - first);
    turns.step.forEach((start, i) => {
      const stop = i + 1 < turns.step.length ? turns.step[i + 1] : end;
      const [from, to] = [Math.max(0, (start - first) * perStep), Math.min(width, (stop - first) * perStep)];
      for (let x = Math.floor(from); x < to; x++) {
        const part = Math.min(to, x + 1) - Math.max(from, x);
        columns[x].set(turns.version[i], (columns[x].get(turns.version[i]) || 0) + part);
      }
    });
    return columns;
  };

  /** Version at a step; the one seen last before it where it was not seen. */
  vk.versionAt = function (turns, step) {
    let found = null;
    for (let i = 0; i < turns.step.length && turns.step[i] <= step; i++) if (turns.version[i] !== UNSEEN) found = turns.version[i];
    return found > 0 ? found : null;
  };

  /** A step at which a version ran, the nearest one to `step`; null if none did. */
  vk.stepOfVersion = function (turns, version, step) {
    let best = null;
    turns.step.forEach((start, i) => {
      if (turns.version[i] !== version) return;
      const last = i + 1 < turns.step.length ? turns.step[i + 1] - 1 : Infinity;
      const near = Math.min(Math.max(step, start), last);
      if (best === null || Math.abs(near - step) < Math.abs(best - step)) best = near;
    });
    return best;
  };

  /** How many turns to a version there were: how often it came back. */
  vk.turnsOf = (turns, version) => turns.version.filter((other) => other === version).length;

  /** {color, dash} of a version: twelve colours, then the same ones hatched. */
  vk.versionLook = function (version) {
    if (version === OTHER) return { color: vk.theme.token('--vk-muted'), isHatched: false };
    if (version === UNSEEN) return { color: vk.theme.token('--vk-border-strong'), isHatched: true, isFaint: true };
    const palette = vk.colors.palette();
    const place = (version - 1) % ORDER.length;
    return { color: palette[ORDER[place]], isHatched: Math.floor((version - 1) / ORDER.length) % 2 === 1 };
  };

  /** CSS background of a version's swatch. */
  vk.versionBackground = function (version) {
    const { color, isHatched, isFaint } = vk.versionLook(version);
    if (!isHatched) return color;
    const gap = isFaint ? 'transparent' : `color-mix(in srgb, ${color} 35%, transparent)`;
    return `repeating-linear-gradient(-45deg, ${color} 0 ${isFaint ? 1 : 2}px, ${gap} ${isFaint ? 1 : 2}px 5px)`;
  };

  function heightsOf(column, height) {
    const all = [...column].sort(([a], [b]) => a - b);
    const total = all.reduce((sum, [, share]) => sum + share, 0);
    const tall = all.map(([version, share]) => [version, Math.max(Math.min(LEAST, height / all.length), (share / total) * height)]);
    const over = tall.reduce((sum, [, size]) => sum + size, 0) / height;
    return tall.map(([version, size]) => [version, size / over]);
  }

  const key = (column) => [...column].map(([version, share]) => `${version}:${share.toFixed(2)}`).join();

  /** Paint columns into `canvas` of `height` CSS pixels; equal neighbours are painted as one. */
  vk.paintTurns = function (canvas, columns, height) {
    const ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(columns.length * ratio);
    canvas.height = Math.round(height * ratio);
    const context = canvas.getContext('2d');
    context.scale(ratio, ratio);
    for (let x = 0; x < columns.length;) {
      let next = x + 1;
      while (next < columns.length && key(columns[next]) === key(columns[x])) next += 1;
      let y = 0;
      for (const [version, size] of columns[x].size ? heightsOf(columns[x], height) : []) {
        fill(context, version, x, y, next - x, size);
        y += size;
      }
      x = next;
    }
  };

  function fill(context, version, x, y, width, height) {
    const { color, isHatched, isFaint } = vk.versionLook(version);
    context.fillStyle = context.strokeStyle = color;
    if (!isHatched) return context.fillRect(x, y, width, height);
    context.save();
    context.beginPath();
    context.rect(x, y, width, height);
    context.clip();
    context.globalAlpha = isFaint ? 0 : 0.35;
    context.fillRect(x, y, width, height);
    context.globalAlpha = 1;
    context.lineWidth = isFaint ? 1 : 2;
    context.beginPath();
    for (let at = Math.floor((x - height) / 6) * 6; at < x + width; at += 6) (context.moveTo(at, y + height), context.lineTo(at + height, y));
    context.stroke();
    context.restore();
    return undefined;
  }
})((window.vk = window.vk || {}));
