/* The whole open graph as a file: the same strokes into SVG, or into a PNG of twice the size. */
(function (vk) {
  'use strict';

  const MARGIN = 24;
  const MOST = { side: 8192, area: 4e7 }; // px that browsers can make a canvas of
  const EVERYTHING = { left: -1e9, top: -1e9, right: 1e9, bottom: 1e9 };

  const number = (value) => String(Math.round(value * 100) / 100);
  const escape = (text) => text.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign]);

  /** As much of a canvas' context as the picture uses, written down as SVG. */
  class SvgContext {
    constructor() {
      Object.assign(this, { parts: [], path: [], dash: [], globalAlpha: 1, fillStyle: '', strokeStyle: '', lineWidth: 1, font: '', textAlign: 'left' });
    }

    add(letter, ...values) {
      this.path.push(letter + values.map(number).join(' '));
    }

    beginPath() {
      this.path = [];
    }

    moveTo(x, y) {
      this.add('M', x, y);
    }

    lineTo(x, y) {
      this.add('L', x, y);
    }

    bezierCurveTo(a, b, c, d, x, y) {
      this.add('C', a, b, c, d, x, y);
    }

    quadraticCurveTo(a, b, x, y) {
      this.add('Q', a, b, x, y);
    }

    closePath() {
      this.path.push('Z');
    }

    roundRect(x, y, width, height, radius) {
      const r = Math.min(radius, width / 2, height / 2);
      const turn = (cx, cy) => this.add('A', r, r, 0, 0, 1, cx, cy);
      this.moveTo(x + r, y);
      this.lineTo(x + width - r, y);
      turn(x + width, y + r);
      this.lineTo(x + width, y + height - r);
      turn(x + width - r, y + height);
      this.lineTo(x + r, y + height);
      turn(x, y + height - r);
      this.lineTo(x, y + r);
      turn(x + r, y);
      this.closePath();
    }

    /** Whole circles only: nothing here draws another arc. */
    arc(x, y, radius) {
      this.moveTo(x - radius, y);
      this.add('A', radius, radius, 0, 1, 1, x + radius, y);
      this.add('A', radius, radius, 0, 1, 1, x - radius, y);
      this.closePath();
    }

    setLineDash(dash) {
      this.dash = dash;
    }

    write(element) {
      this.parts.push(element);
    }

    opacity() {
      return this.globalAlpha < 1 ? ` opacity="${number(this.globalAlpha)}"` : '';
    }

    fill() {
      this.write(`<path d="${this.path.join('')}" fill="${this.fillStyle}"${this.opacity()}/>`);
    }

    stroke() {
      const dash = this.dash.length ? ` stroke-dasharray="${this.dash.join(' ')}"` : '';
      this.write(`<path d="${this.path.join('')}" fill="none" stroke="${this.strokeStyle}" stroke-width="${number(this.lineWidth)}"${dash}${this.opacity()}/>`);
    }

    fillText(text, x, y) {
      const [, weight, size] = /^(\d+) ([\d.]+)px/.exec(this.font);
      const anchor = { left: 'start', center: 'middle', right: 'end' }[this.textAlign];
      this.write(
        `<text x="${number(x)}" y="${number(y)}" font-size="${size}" font-weight="${weight}" text-anchor="${anchor}" ` +
          `dominant-baseline="central" fill="${this.fillStyle}"${this.opacity()}>${escape(text)}</text>`,
      );
    }
  }

  const atRest = (scene) => ({ ...scene, hovered: null, focus: null });

  /** SVG text of a scene: all that is open, at its own size. */
  vk.graphSvg = function (scene) {
    const context = new SvgContext();
    new vk.GraphPicture(context, atRest(scene), EVERYTHING, 1).draw();
    const { width, height } = scene.layout;
    const [wide, high] = [width + 2 * MARGIN, height + 2 * MARGIN].map(Math.ceil);
    const { bg, font } = vk.graphPalette();
    return (
      `<svg xmlns="http://www.w3.org/2000/svg" width="${wide}" height="${high}" viewBox="${-MARGIN} ${-MARGIN} ${wide} ${high}" ` +
      `font-family="${escape(font).replace(/&quot;/g, "'")}"><rect x="${-MARGIN}" y="${-MARGIN}" width="${wide}" height="${high}" fill="${bg}"/>` +
      `${context.parts.join('\n')}</svg>`
    );
  };

  /** A PNG blob of a scene, twice its size, or as large as a canvas may be. */
  vk.graphPng = function (scene) {
    const [width, height] = [scene.layout.width + 2 * MARGIN, scene.layout.height + 2 * MARGIN];
    const scale = Math.min(2, MOST.side / width, MOST.side / height, Math.sqrt(MOST.area / (width * height)));
    const canvas = vk.el('canvas', { width: Math.floor(width * scale), height: Math.floor(height * scale) });
    const context = canvas.getContext('2d');
    context.fillStyle = vk.graphPalette().bg;
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.setTransform(scale, 0, 0, scale, MARGIN * scale, MARGIN * scale);
    new vk.GraphPicture(context, atRest(scene), EVERYTHING, Math.max(scale, 0.5)).draw();
    return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('The graph is too large for a PNG; take SVG.'))), 'image/png'));
  };

  /** Let the browser save what is open as `kind` "svg" or "png". */
  vk.saveGraph = async function (canvas, kind) {
    const blob = kind === 'svg' ? new Blob([canvas.exportSvg()], { type: 'image/svg+xml' }) : await canvas.exportPng();
    const href = URL.createObjectURL(blob);
    vk.el('a', { href, download: `graph.${kind}` }).click();
    setTimeout(() => URL.revokeObjectURL(href), 10000);
  };
})((window.vk = window.vk || {}));
