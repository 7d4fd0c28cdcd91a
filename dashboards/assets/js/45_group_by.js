/* The choice of what to group runs by: keys of their config, their folder, or a part of their name. */
(function () {
  'use strict';
  const vk = window.vk;

  class GroupBy {
    constructor({ id = 'vk-group-by' } = {}) {
      this.button = vk.el('button', {
        type: 'button', class: 'vk-select', id, 'aria-haspopup': 'listbox', onclick: () => this.open(),
      });
      this.clear = vk.iconButton('close', 'Group no longer', () => vk.store.set({ groupBy: null }));
      this.el = vk.el('div', { class: 'vk-group-by' }, vk.el('span', { class: 'vk-muted' }, 'group by'), this.button, this.clear);
      this.off = vk.store.on(['groupBy'], () => this.show());
      this.show();
    }

    show() {
      const { groupBy } = vk.store.get();
      const name = groupBy ? vk.groups.nameOf(groupBy) : 'nothing';
      this.button.replaceChildren(vk.el('span', { class: 'vk-select-text' }, name), vk.icon('chevron', 14));
      this.button.setAttribute('aria-label', `Group runs by ${name}`);
      this.clear.hidden = !groupBy;
    }

    open() {
      const ask = vk.el('button', { type: 'button', class: 'vk-link-button', onclick: () => this.askRegex() }, 'A part of the name, by regex…');
      vk.pick(this.button, {
        label: 'Group runs by', placeholder: 'Find a config key', entries, foot: ask,
        onPick: (value) => vk.store.set({ groupBy: value, folded: new Set() }),
      });
    }

    /** A small form: the first bracket of the pattern names the group. */
    askRegex() {
      const { groupBy } = vk.store.get();
      const input = vk.el('input', { type: 'text', class: 'vk-input vk-mono', 'aria-label': 'Regular expression over the name', placeholder: '^(\\w+)-', spellcheck: 'false', value: groupBy && groupBy.startsWith('~') ? groupBy.slice(1) : '' });
      const error = vk.el('div', { class: 'vk-field-error', role: 'alert' });
      const use = (event) => {
        event.preventDefault();
        const problem = input.value ? vk.filter.regex(input.value).error : 'Write a pattern first';
        error.textContent = problem || '';
        if (problem) return;
        vk.store.set({ groupBy: `~${input.value}`, folded: new Set() });
        panel.close();
      };
      vk.popover(this.button, []).close(false);
      const panel = vk.popover(this.button, vk.el('form', { class: 'vk-group-regex', onsubmit: use },
        vk.el('p', { class: 'vk-muted' }, 'Runs whose names agree in what the first bracket matches form a group.'),
        input, error, vk.el('button', { type: 'submit', class: 'vk-button' }, 'Group')), { label: 'Group by a part of the name' });
    }

    destroy() {
      this.off();
    }
  }

  /** Keys that tell runs apart first; a key with one value, or as many as runs, comes last. */
  async function entries() {
    const { groupBy, runs } = vk.store.get();
    const { config } = await vk.columns.known();
    const usefulness = ({ distinct, runs: n }) => (distinct > 1 && distinct < n ? 0 : 1);
    const keys = [...config].sort((a, b) => usefulness(a) - usefulness(b) || (a.key < b.key ? -1 : 1)).map(({ key, distinct, runs: n }) => ({
      value: key, label: key, checked: groupBy === key,
      note: `${vk.format.exact(distinct)} ${distinct === 1 ? 'value' : 'values'}`,
      title: `${key}: ${distinct} values in ${n} runs`,
    }));
    const folder = runs.some(({ run }) => run.includes('/'))
      ? [{ value: vk.groups.FOLDER, label: 'Folder', note: 'of the run', checked: groupBy === vk.groups.FOLDER }] : [];
    return [{ value: null, label: 'Nothing', checked: !groupBy }, ...folder, ...keys];
  }

  vk.GroupBy = GroupBy;
})();
