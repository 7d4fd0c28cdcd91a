/* Small panels beside what opened them: Esc, a click elsewhere or a second click closes them. */
(function () {
  'use strict';
  const vk = window.vk;
  const GAP = 4;
  let open = null;

  /**
   * Show `content` under `anchor`; returns {el, close}. A second call for the same anchor closes it
   * and returns null.
   */
  vk.popover = (anchor, content, { label, className = '', onClose } = {}) => {
    const again = open && open.anchor === anchor;
    if (open) open.close();
    if (again) return null;
    const el = vk.el('div', { class: `vk-popover ${className}`, role: 'dialog', 'aria-label': label, tabindex: -1 }, content);
    const outside = (event) => el.contains(event.target) || anchor.contains(event.target) || close(false);
    const off = vk.onEscape(() => close());
    const stay = () => place(el, anchor);
    function close(back = true) {
      if (!el.isConnected) return;
      off();
      removeEventListener('pointerdown', outside, true);
      removeEventListener('resize', stay);
      el.remove();
      anchor.setAttribute('aria-expanded', 'false');
      if (back && anchor.isConnected) anchor.focus({ preventScroll: true });
      open = null;
      if (onClose) onClose();
    }
    document.body.append(el);
    stay();
    addEventListener('pointerdown', outside, true);
    addEventListener('resize', stay);
    anchor.setAttribute('aria-expanded', 'true');
    (el.querySelector('input:not([type=color]), button') || el).focus({ preventScroll: true });
    open = { anchor, close };
    return { el, close, place: stay };
  };

  /** Below the anchor, or above where there is more room; always inside the window. */
  function place(el, anchor) {
    const box = anchor.getBoundingClientRect();
    const below = innerHeight - box.bottom - GAP - 8;
    const isBelow = below >= el.offsetHeight || below >= box.top;
    el.style.maxHeight = `${Math.max(120, isBelow ? below : box.top - GAP - 8)}px`;
    el.style.top = isBelow ? `${box.bottom + GAP}px` : `${Math.max(8, box.top - GAP - el.offsetHeight)}px`;
    el.style.left = `${Math.max(8, Math.min(box.left, innerWidth - el.offsetWidth - 8))}px`;
  }

  /**
   * A searchable list. entries(): [{value, label, note, checked}] or a promise of it; with `many` a
   * click ticks and the list stays, else onPick closes it. Up, Down and Enter work from the field.
   */
  vk.pick = (anchor, { entries, onPick, label, placeholder, many = false, foot = null }) => {
    const input = vk.el('input', {
      type: 'search', class: 'vk-input', placeholder, 'aria-label': placeholder, role: 'combobox', 'aria-expanded': 'true',
      'aria-controls': 'vk-pick-list', autocomplete: 'off', spellcheck: 'false', oninput: () => show(0), onkeydown: (event) => key(event),
    });
    const list = vk.el('div', { id: 'vk-pick-list', class: 'vk-pick-list', role: 'listbox', 'aria-label': label, 'aria-multiselectable': many ? 'true' : null });
    const panel = vk.popover(anchor, [input, list, foot && vk.el('div', { class: 'vk-pick-foot' }, foot)], { label, className: 'vk-pick' });
    if (!panel) return null;
    let [all, found, at] = [[], [], 0];

    async function load() {
      list.replaceChildren(vk.el('div', { class: 'vk-pick-none' }, 'Reading…'));
      try {
        all = await entries();
        show(0);
      } catch (error) {
        list.replaceChildren(vk.el('div', { class: 'vk-pick-none' }, [error.message, error.hint].filter(Boolean).join('. ')));
      }
      panel.place();
    }

    function show(to) {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      found = all.filter((entry) => words.every((word) => entry.label.toLowerCase().includes(word))).slice(0, 200);
      at = Math.min(to, Math.max(0, found.length - 1));
      list.replaceChildren(...(found.length ? found.map(option) : [vk.el('div', { class: 'vk-pick-none' }, all.length ? 'Nothing matches' : 'Nothing here yet')]));
      mark();
    }

    const option = (entry, i) => vk.el('div', {
      class: 'vk-pick-option', role: 'option', id: `vk-pick-${i}`, title: entry.title || entry.label, 'aria-checked': many ? String(Boolean(entry.checked)) : null,
      onclick: () => choose(i), onpointermove: () => {
        if (at !== i) mark((at = i));
      },
    }, vk.el('span', { class: 'vk-pick-tick' }, entry.checked ? vk.icon('check', 14) : null),
    vk.el('span', { class: 'vk-pick-label' }, entry.label), entry.note && vk.el('span', { class: 'vk-muted' }, entry.note));

    function mark() {
      [...list.children].forEach((child, i) => child.setAttribute('aria-selected', String(i === at)));
      input.setAttribute('aria-activedescendant', found.length ? `vk-pick-${at}` : '');
    }

    function choose(i) {
      const entry = found[i];
      if (!entry) return;
      if (!many) panel.close();
      else entry.checked = !entry.checked;
      onPick(entry.value, entry.checked);
      if (many) show(i);
    }

    function key(event) {
      const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (move) {
        at = Math.max(0, Math.min(found.length - 1, at + move));
        mark();
        if (list.children[at]) list.children[at].scrollIntoView({ block: 'nearest' });
      } else if (event.key === 'Enter') {
        choose(at);
      } else return;
      event.preventDefault();
    }

    load();
    return panel;
  };
})();
