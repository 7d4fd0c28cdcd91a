/* Things that open over the page: Esc closes the newest, focus goes back where it came from. */
(function () {
  'use strict';
  const vk = window.vk;
  const closers = [];

  /** Let Esc call `close`. Returns the function that gives it up. */
  vk.onEscape = (close) => {
    closers.push(close);
    return () => {
      const at = closers.indexOf(close);
      if (at >= 0) closers.splice(at, 1);
    };
  };

  /** Close the newest open thing; false if there was none. */
  vk.escape = () => {
    const close = closers[closers.length - 1];
    if (close) close();
    return Boolean(close);
  };

  /** A modal dialog with `content`; returns {el, close}. */
  vk.dialog = (content, { label, className, onClose } = {}) => {
    const before = document.activeElement;
    const el = vk.el('div', { class: `vk-dialog ${className || ''}`, role: 'dialog', 'aria-modal': 'true', 'aria-label': label, tabindex: -1 }, content);
    const veil = vk.el('div', { class: 'vk-veil', onpointerdown: (event) => event.target === veil && close() }, el);
    veil.addEventListener('keydown', (event) => event.key === 'Tab' && keepInside(event, el));
    const off = vk.onEscape(close);
    function close() {
      if (!veil.isConnected) return;
      off();
      veil.remove();
      if (before && before.focus) before.focus({ preventScroll: true });
      if (onClose) onClose();
    }
    document.body.append(veil);
    (el.querySelector('input, button') || el).focus();
    return { el, close };
  };

  function keepInside(event, el) {
    const stops = [...el.querySelectorAll('button, input, select, a[href], [tabindex="0"]')].filter((stop) => !stop.disabled);
    if (!stops.length) return;
    const edge = event.shiftKey ? stops[0] : stops[stops.length - 1];
    if (document.activeElement !== edge) return;
    event.preventDefault();
    (event.shiftKey ? stops[stops.length - 1] : stops[0]).focus();
  }

  /** A small menu under a button. entries: [{label, run}]. */
  vk.menu = (button, entries) => {
    const items = entries.map(({ label, run }) => vk.el('button', {
      type: 'button', role: 'menuitem', onclick: () => {
        close();
        run();
      },
    }, label));
    const el = vk.el('div', { class: 'vk-menu', role: 'menu', onkeydown: (event) => walk(event, items) }, items);
    const outside = (event) => el.contains(event.target) || close();
    const off = vk.onEscape(close);
    function close() {
      off();
      removeEventListener('pointerdown', outside);
      el.remove();
      button.setAttribute('aria-expanded', 'false');
      button.focus();
    }
    document.body.append(el);
    const box = button.getBoundingClientRect();
    el.style.top = `${Math.min(box.bottom + 4, innerHeight - el.offsetHeight - 8)}px`;
    el.style.left = `${Math.max(8, Math.min(box.right - el.offsetWidth, innerWidth - el.offsetWidth - 8))}px`;
    button.setAttribute('aria-expanded', 'true');
    addEventListener('pointerdown', outside);
    items[0].focus();
  };

  function walk(event, items) {
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!move) return;
    event.preventDefault();
    event.stopPropagation();
    items[(items.indexOf(document.activeElement) + move + items.length) % items.length].focus();
  }
})();
