/* The line of controls above the scalar charts; each is bound to the store, and so to the address. */
(function () {
  'use strict';
  const vk = window.vk;
  const AXES = [['step', 'Step'], ['relative', 'Relative'], ['wall', 'Wall']];

  /** A row of exclusive choices. options: [[value, label]]. Follows the store's `key`. */
  function segmented(label, key, options, change = (value) => vk.store.set({ [key]: value })) {
    const buttons = options.map(([value, text]) =>
      vk.el('button', { type: 'button', role: 'radio', onclick: () => change(value), data: { value } }, text));
    const el = vk.el('div', { class: 'vk-segmented', role: 'radiogroup', 'aria-label': label }, buttons);
    const show = () => buttons.forEach((button, i) => {
      const chosen = vk.store.get()[key] === options[i][0];
      button.setAttribute('aria-checked', String(chosen));
      button.tabIndex = chosen ? 0 : -1;
    });
    el.addEventListener('keydown', (event) => {
      const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!move) return;
      event.preventDefault();
      event.stopPropagation();
      const at = buttons.indexOf(document.activeElement);
      const next = (at + move + buttons.length) % buttons.length;
      change(options[next][0]);
      buttons[next].focus();
    });
    show();
    return { el, off: vk.store.on([key], show) };
  }

  function smoothing() {
    const slider = vk.el('input', {
      type: 'range', min: 0, max: 0.99, step: 0.01, class: 'vk-range', 'aria-label': 'Smoothing',
      oninput: (event) => vk.store.set({ smoothing: Number(event.target.value) }),
    });
    const value = vk.el('output', { class: 'vk-range-value' });
    const show = () => {
      const { smoothing: weight } = vk.store.get();
      if (Number(slider.value) !== weight) slider.value = weight;
      slider.style.setProperty('--vk-share', String(weight / 0.99));
      value.textContent = weight.toFixed(2);
    };
    show();
    return {
      el: vk.el('label', { class: 'vk-control', title: 'Weight of the past in the moving average; the faint line is raw' }, vk.el('span', null, 'Smoothing'), slider, value),
      off: vk.store.on(['smoothing'], show),
    };
  }

  function tagFilter() {
    const error = vk.el('div', { class: 'vk-field-error', role: 'alert', id: 'vk-tag-error' });
    const input = vk.el('input', {
      type: 'search', class: 'vk-input', placeholder: 'Filter tags (regex)', 'aria-label': 'Filter tags by a regular expression',
      'aria-describedby': 'vk-tag-error', 'aria-keyshortcuts': 't', autocomplete: 'off', spellcheck: 'false', id: 'vk-tag-filter',
      oninput: (event) => vk.store.set({ tagFilter: event.target.value }),
      onkeydown: (event) => event.key === 'Escape' && event.target.blur(),
    });
    const show = () => {
      const { tagFilter: pattern } = vk.store.get();
      if (input.value !== pattern) input.value = pattern;
      const problem = vk.tagGroups.matcher(pattern).error;
      input.setAttribute('aria-invalid', String(Boolean(problem)));
      error.textContent = problem || '';
    };
    show();
    return { el: vk.el('div', { class: 'vk-tag-filter' }, input, error), off: vk.store.on(['tagFilter'], show) };
  }

  function toggle(label, key) {
    const button = vk.el('button', { type: 'button', class: 'vk-button vk-toggle', onclick: () => vk.store.set({ [key]: !vk.store.get()[key] }) }, label);
    const show = () => button.setAttribute('aria-pressed', String(Boolean(vk.store.get()[key])));
    show();
    return { el: button, off: vk.store.on([key], show) };
  }

  function zoomReset() {
    const button = vk.el('button', { type: 'button', class: 'vk-button', onclick: () => vk.store.set({ zoom: null }) }, vk.icon('fit', 14), 'Reset zoom');
    const show = () => { button.hidden = vk.store.get().zoom === null; };
    show();
    return { el: button, off: vk.store.on(['zoom'], show) };
  }

  /** What is drawn of groups; shown while runs are grouped. */
  function bandKind() {
    const kinds = [['std', '± std'], ['range', 'Min–max'], ['median', 'Median']];
    const { el, off } = segmented('Band of a group', 'band', kinds);
    el.querySelectorAll('button').forEach((button) => { button.title = vk.BAND_KINDS[button.dataset.value].label; });
    const show = () => { el.hidden = !vk.store.get().groupBy; };
    show();
    const offGroup = vk.store.on(['groupBy'], show);
    return { el, off: () => [off, offGroup].forEach((end) => end()) };
  }

  /** The whole line; returns {el, destroy}. A change of axis drops the zoom, whose numbers it ends. */
  function scalarControls() {
    const columns = [[0, 'Auto'], [1, '1'], [2, '2'], [3, '3'], [4, '4']];
    const parts = {
      filter: tagFilter(),
      smoothing: smoothing(),
      axis: segmented('Horizontal axis', 'axis', AXES, (axis) => vk.store.set({ axis, zoom: null })),
      log: toggle('Log y', 'logY'),
      band: bandKind(),
      columns: segmented('Charts per row', 'columns', columns),
      zoom: zoomReset(),
    };
    parts.columns.el.classList.add('vk-wide-only');
    const el = vk.el('div', { class: 'vk-toolbar', role: 'toolbar', 'aria-label': 'Charts' }, Object.values(parts).map((part) => part.el));
    return { el, destroy: () => Object.values(parts).forEach((part) => part.off()) };
  }

  vk.onStart(() => vk.url.bind('band', 'band', vk.url.codecs.word('std', 'range', 'median'), 'std'));
  vk.scalarControls = scalarControls;

})();
