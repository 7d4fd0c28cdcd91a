/* Small controls that the single-run pages share: a choice of few, the run picker, a filter box, a place for a chart. */
(function (vk) {
  'use strict';

  /** Exclusive choices that follow the store's `key`: {el, off}. `options` is [[value, word]]. */
  vk.choice = function (label, key, options) {
    const choose = (value) => vk.store.set({ [key]: value });
    const buttons = options.map(([value, word]) =>
      vk.el('button', { type: 'button', role: 'radio', data: { value }, onclick: () => choose(value) }, word),
    );
    const el = vk.el('div', { class: 'vk-segmented', role: 'radiogroup', 'aria-label': label }, buttons);
    const show = () =>
      buttons.forEach((button) => {
        const isChosen = button.dataset.value === vk.store.get()[key];
        button.setAttribute('aria-checked', String(isChosen));
        button.tabIndex = isChosen ? 0 : -1;
      });
    el.addEventListener('keydown', (event) => {
      const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!move) return;
      event.preventDefault();
      event.stopPropagation();
      const next = buttons[(buttons.indexOf(document.activeElement) + move + buttons.length) % buttons.length];
      choose(next.dataset.value);
      next.focus();
    });
    show();
    return { el, off: vk.store.on([key], show) };
  };

  /** A select of the selected runs; hidden while there is no choice. */
  class RunPicker {
    constructor() {
      this.select = vk.el('select', {
        class: 'vk-input vk-run-select',
        'aria-label': 'Run',
        onchange: () => vk.selection.focus(this.select.value),
      });
      this.dot = vk.el('span', { class: 'vk-run-mark' });
      this.name = vk.el('span', { class: 'vk-run-picked' });
      this.el = vk.el('span', { class: 'vk-run-picker' }, this.dot, this.name, this.select);
    }

    update() {
      const { focusRun } = vk.store.get();
      const names = vk.runs.selected().map((record) => record.run);
      this.el.hidden = !names.length;
      this.dot.replaceChildren(focusRun ? vk.swatch(focusRun) : '');
      this.name.textContent = focusRun || '';
      this.name.hidden = names.length > 1;
      this.select.hidden = names.length < 2;
      const key = names.join('\n');
      if (key !== this.key) this.select.replaceChildren(...names.map((name) => vk.el('option', { value: name }, name)));
      this.key = key;
      if (focusRun) this.select.value = focusRun;
    }
  }
  vk.RunPicker = RunPicker;

  function compile(text) {
    try {
      return text ? new RegExp(text, 'i') : null;
    } catch (_) {
      return undefined;
    }
  }

  /** A box for a regular expression: {el, set(text) -> RegExp or null}; calls back with its text while one types. */
  vk.patternBox = function (label, placeholder, onchange) {
    const input = vk.el('input', {
      type: 'search',
      class: 'vk-input vk-pattern',
      'aria-label': label,
      placeholder,
      spellcheck: 'false',
    });
    input.addEventListener('input', () => onchange(input.value));
    const set = (text) => {
      if (input.value !== text) input.value = text;
      const pattern = compile(text);
      input.setAttribute('aria-invalid', String(pattern === undefined));
      return pattern || null;
    };
    return { el: input, set };
  };

  /** Keep `el` filled with one vk.Chart and the names of its lines. */
  class ChartSlot {
    constructor(el) {
      this.el = el;
    }

    /** `options` as vk.Chart takes them, or null for no chart; other series of the same chart keep it. */
    show(options) {
      const key = options && JSON.stringify(options);
      if (key === this.key) return;
      const frame = options && JSON.stringify({ ...options, series: null });
      if (options && frame === this.frame) this.chart.setSeries(options.series);
      else this.rebuild(options);
      Object.assign(this, { key, frame });
      if (options) this.nameLines(options.series);
    }

    rebuild(options) {
      this.clear();
      if (!options) return;
      this.mount = vk.el('div', { class: 'vk-chart-slot' });
      this.names = vk.el('ul', { class: 'vk-chart-names', 'aria-label': 'Lines' });
      this.el.append(this.mount, this.names);
      this.chart = new vk.Chart(this.mount, options);
    }

    nameLines(series) {
      const swatch = ({ color, dash }) =>
        vk.el('span', { class: 'vk-swatch', data: { dash: dash || 'solid' }, style: { '--vk-run': color } });
      this.names.replaceChildren(...series.map((one) => vk.el('li', {}, swatch(one), one.label)));
    }

    clear() {
      if (!this.chart) return;
      this.chart.destroy();
      this.mount.remove();
      this.names.remove();
      this.chart = this.key = this.frame = null;
    }
  }
  vk.ChartSlot = ChartSlot;
})((window.vk = window.vk || {}));
