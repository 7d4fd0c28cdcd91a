/* The box that narrows the list of runs, what is wrong with what it holds, and how to write in it. */
(function () {
  'use strict';
  const vk = window.vk;

  const EXAMPLES = [
    ['resnet.*(a|b)$', 'names that match a regular expression'],
    ['= lr > 0.01 and min["loss"] < 0.1', 'a config value and the lowest loss'],
    ['= optimizer.name == "adam"', 'a nested config value'],
    ['= last["val/acc"] > 0.9 or status == "running"', 'the last value of a metric, or a state'],
    ['= 0.001 <= lr <= 0.1 and not matches(run, "^old/")', 'a range, and a name'],
    ['= model in ["mlp", "cnn"] and steps >= 1000', 'one of several'],
  ];
  const RULES = 'Names are config keys, or config["a b"]. A metric is its tag (its last value), or last[…], min[…], max[…], nonfinite[…], count[…]. '
    + 'Also: run, status, started, steps, points. Comparisons, and, or, not, in, + − * /, matches(run, "regex"), has(key), finite(loss), time("2026-01-31"). '
    + 'A comparison with what a run lacks does not hold.';

  class RunFilter {
    constructor({ id = 'vk-run-filter' } = {}) {
      const errorId = id.replace('filter', 'error');
      this.input = vk.el('input', {
        type: 'search', class: 'vk-input', placeholder: 'Filter: regex, or = lr > 0.01', 'aria-label': 'Filter runs by a regular expression, or by an expression after an equals sign',
        'aria-describedby': errorId, 'aria-keyshortcuts': '/', autocomplete: 'off', spellcheck: 'false', autocapitalize: 'off', id,
        oninput: () => vk.store.set({ filter: this.input.value }),
        onkeydown: (event) => this.key(event),
      });
      this.error = vk.el('div', { class: 'vk-field-error', role: 'alert', id: errorId });
      this.help = vk.iconButton('help', 'How to filter', () => this.teach(), { 'aria-haspopup': 'dialog' });
      this.el = vk.el('div', { class: 'vk-run-filter' }, vk.el('div', { class: 'vk-run-filter-box' }, this.input, this.help), this.error);
      this.off = vk.store.on(['filter', 'filterState'], () => this.show());
      this.show();
    }

    key(event) {
      if (event.key === 'Escape') event.target.blur();
      if (event.key !== 'ArrowDown' || !this.input.closest('.vk-sidebar')) return;
      event.preventDefault();
      document.getElementById('vk-run-list').focus();
    }

    show() {
      const { filter, filterState } = vk.store.get();
      const { error, hint, busy } = filterState;
      if (this.input.value !== filter) this.input.value = filter;
      this.input.classList.toggle('vk-mono', vk.filter.isExpression(filter));
      this.input.setAttribute('aria-invalid', String(Boolean(error)));
      this.el.setAttribute('aria-busy', String(busy));
      const words = [error, hint].filter(Boolean).join('\n');
      if (this.error.textContent !== words) this.error.textContent = words;
    }

    teach() {
      const use = (text) => {
        vk.store.set({ filter: text });
        panel.close();
        this.input.focus();
      };
      const example = ([text, words]) => [
        vk.el('dt', null, vk.el('button', { type: 'button', class: 'vk-link-button', title: 'Use it', onclick: () => use(text) }, vk.el('code', null, text))),
        vk.el('dd', null, words),
      ];
      const keys = vk.el('div', { class: 'vk-filter-keys' }, vk.el('span', { class: 'vk-muted' }, 'Reading what there is…'));
      const panel = vk.popover(this.help, [
        vk.el('h3', null, 'Filter runs'),
        vk.el('dl', { class: 'vk-filter-examples' }, EXAMPLES.map(example)),
        vk.el('p', { class: 'vk-muted' }, RULES),
        keys,
        vk.el('p', { class: 'vk-muted' }, 'The whole language: ', vk.el('code', null, 'docs/filter.md'), ' in the source.'),
      ], { label: 'How to filter runs', className: 'vk-filter-help' });
      if (panel) this.showKeys(keys, panel);
    }

    async showKeys(el, panel) {
      const insert = (text) => () => {
        const { filter } = vk.store.get();
        const start = vk.filter.isExpression(filter) ? filter.trimEnd() : '=';
        vk.store.set({ filter: `${start} ${text} ` });
        panel.close();
        this.input.focus();
      };
      const chip = (text, title) => vk.el('button', { type: 'button', class: 'vk-chip', title, onclick: insert(text) }, text);
      try {
        const { config, metrics } = await vk.columns.known();
        const some = (entry) => `${entry.kind}, in ${vk.format.count(entry.runs)} ${entry.runs === 1 ? 'run' : 'runs'}`;
        el.replaceChildren(
          vk.el('h4', null, 'Config of these runs'), vk.el('div', { class: 'vk-chips' }, config.slice(0, 60).map((entry) => chip(nameOf(entry.key), some(entry)))),
          vk.el('h4', null, 'Metrics'), vk.el('div', { class: 'vk-chips' }, metrics.slice(0, 60).map(({ tag }) => chip(`last[${JSON.stringify(tag)}]`, tag))));
      } catch (error) {
        el.replaceChildren(vk.el('span', { class: 'vk-muted' }, error.message));
      }
      panel.place();
    }

    destroy() {
      this.off();
    }
  }

  const nameOf = (key) => (/^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/.test(key) ? key : `config[${JSON.stringify(key)}]`);

  vk.RunFilter = RunFilter;
})();
