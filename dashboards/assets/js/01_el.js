/* Small DOM helpers: elements, icons, buttons, and what an empty page says. */
(function () {
  'use strict';
  const vk = window.vk;
  const SVG = 'http://www.w3.org/2000/svg';

  /**
   * Make an element: vk.el('button', {class: 'x', onclick: fn, 'aria-label': '…'}, 'text', child).
   * Attributes that are null or false are left out; `data` is an object of data attributes; functions
   * become listeners; children may be nested arrays, strings, nodes or null.
   */
  vk.el = (tag, attrs, ...children) => {
    const el = document.createElement(tag);
    setAttributes(el, attrs || {});
    append(el, children);
    return el;
  };

  function setAttributes(el, attrs) {
    for (const [name, value] of Object.entries(attrs)) {
      if (value === null || value === undefined || value === false) continue;
      if (typeof value === 'function') el.addEventListener(name.replace(/^on/, ''), value);
      else if (name === 'data') Object.assign(el.dataset, value);
      else if (name === 'style' && typeof value === 'object') setStyle(el, value);
      else if (name === 'value') el.value = value;
      else el.setAttribute(name, value === true ? '' : value);
    }
  }

  function setStyle(el, style) {
    for (const [name, value] of Object.entries(style)) {
      if (name.startsWith('--')) el.style.setProperty(name, value);
      else el.style[name] = value;
    }
  }

  function append(el, children) {
    for (const child of children.flat(Infinity)) {
      if (child !== null && child !== undefined && child !== false) el.append(child);
    }
  }

  /** Path data on a 16 x 16 grid, drawn with a 1.5 px stroke. */
  const PATHS = {
    menu: 'M2.5 4h11M2.5 8h11M2.5 12h11',
    search: 'M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM10.4 10.4 14 14',
    help: 'M8 14.2A6.2 6.2 0 1 0 8 1.8a6.2 6.2 0 0 0 0 12.4zM6.2 6.2a1.9 1.9 0 1 1 2.6 1.8c-.5.2-.8.6-.8 1.2M8 11.4v.1',
    light: 'M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM8 1.2v1.4M8 13.4v1.4M1.2 8h1.4M13.4 8h1.4M3.2 3.2l1 1M11.8 11.8l1 1M12.8 3.2l-1 1M4.2 11.8l-1 1',
    dark: 'M13.6 9.6A6 6 0 0 1 6.4 2.4a6 6 0 1 0 7.2 7.2z',
    auto: 'M8 14.2A6.2 6.2 0 1 0 8 1.8a6.2 6.2 0 0 0 0 12.4zM8 1.8v12.4M10 2.6v10.8M12 4.2v7.6',
    play: 'M5 3.2v9.6L12.6 8z',
    pause: 'M5.2 3.2v9.6M10.8 3.2v9.6',
    stepBack: 'M10.5 3.5 6 8l4.5 4.5',
    stepForward: 'M5.5 3.5 10 8l-4.5 4.5',
    toStart: 'M3.5 3v10M12 3.5 7 8l5 4.5z',
    toEnd: 'M12.5 3v10M4 3.5 9 8l-5 4.5z',
    close: 'M3.8 3.8l8.4 8.4M12.2 3.8l-8.4 8.4',
    chevron: 'M4 6l4 4 4-4',
    copy: 'M5.5 5.5h7.2v8.2H5.5zM10.5 5.5V2.3H3.3v8.2h2.2',
    check: 'M3 8.5l3.2 3.2L13 4.8',
    fit: 'M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10',
    wide: 'M1.8 8h12.4M4.2 5.4 1.6 8l2.6 2.6M11.8 5.4 14.4 8l-2.6 2.6',
    log: 'M2.5 2v11.5H14M4.5 11c2.5-.2 3.5-7.500 9-8',
    download: 'M8 2v8M4.800 7 8 10.200 11.200 7M2.500 13.500h11',
    more: 'M3.2 8h.1M8 8h.1M12.8 8h.1',
    warning: 'M8 2 14.500 13.500h-13zM8 6.500v3.200M8 11.600v.1',
  };
  const FILLED = new Set(['play']);

  /** An icon by name, hidden from screen readers: the button around it carries the name. */
  vk.icon = (name, size = 16) => {
    const svg = document.createElementNS(SVG, 'svg');
    const path = document.createElementNS(SVG, 'path');
    const attrs = { viewBox: '0 0 16 16', width: size, height: size, 'aria-hidden': 'true' };
    for (const [key, value] of Object.entries(attrs)) svg.setAttribute(key, value);
    svg.setAttribute('class', FILLED.has(name) ? 'vk-icon vk-icon-filled' : 'vk-icon');
    path.setAttribute('d', PATHS[name] || '');
    svg.append(path);
    return svg;
  };
  vk.icons = PATHS;

  /** A button that shows only an icon; `label` is its accessible name and its tooltip. */
  vk.iconButton = (icon, label, onclick, attrs = {}) =>
    vk.el('button', { type: 'button', class: 'vk-icon-button', 'aria-label': label, title: label, onclick, ...attrs }, vk.icon(icon));

  /** Say what is missing and which lines fill the page. `code` may be absent. */
  vk.emptyState = (el, { title, body, code }) => {
    el.replaceChildren(
      vk.el('div', { class: 'vk-empty', role: 'status' },
        vk.el('h2', null, title),
        body && vk.el('p', null, body),
        code && codeBlock(code)),
    );
  };

  function codeBlock(code) {
    const button = vk.iconButton('copy', 'Copy the code', async () => {
      await copyText(code);
      button.replaceChildren(vk.icon('check'));
      vk.announce('Copied');
      setTimeout(() => button.replaceChildren(vk.icon('copy')), 1500);
    });
    return vk.el('div', { class: 'vk-code' }, vk.el('pre', null, vk.el('code', null, code)), button);
  }

  /** navigator.clipboard exists on https and localhost only; a selection works everywhere. */
  async function copyText(text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch (_) {
      const area = vk.el('textarea', { class: 'vk-hidden', value: text });
      document.body.append(area);
      area.select();
      document.execCommand('copy');
      area.remove();
    }
  }
  vk.copyText = copyText;

  /** Put the cursor into a field: at once if it is in sight, else when it has come (one second). */
  vk.focusSoon = (id, until = performance.now() + 1000) => {
    const field = document.getElementById(id);
    if (field && field.offsetParent) field.select();
    else if (performance.now() < until) requestAnimationFrame(() => vk.focusSoon(id, until));
  };

  let live = null;
  /** Tell screen readers something short. */
  vk.announce = (text) => {
    if (!live) document.body.append((live = vk.el('div', { class: 'vk-hidden', 'aria-live': 'polite' })));
    live.textContent = text;
  };
})();
