/* Cells of the table of runs. They are refreshed in place: a cell made anew loses a click in progress. */
(function () {
  'use strict';
  const vk = window.vk;

  /** Fold or unfold a group of the table; groups are folded at first. */
  function turn({ key, isFolded }) {
    const unfolded = new Set(vk.store.get().unfolded);
    if (isFolded) unfolded.add(key);
    else unfolded.delete(key);
    vk.store.set({ unfolded });
  }

  /** Tick, colour and name of a run; fold, colour and name of a group. */
  class NameCell {
    init(params) {
      this.params = params;
      this.box = vk.el('input', { type: 'checkbox', class: 'vk-side-box', tabindex: -1, onchange: () => this.tick() });
      this.swatch = vk.el('button', { type: 'button', class: 'vk-side-swatch', tabindex: -1, title: 'Change the colour', onclick: () => this.color() }, vk.el('span', { class: 'vk-side-line' }));
      this.fold = vk.el('button', { type: 'button', class: 'vk-cell-fold', tabindex: -1, onclick: () => turn(this.params.data) }, vk.icon('chevron', 14));
      this.name = vk.el('button', { type: 'button', class: 'vk-cell-name', tabindex: -1, onclick: () => this.open() });
      this.el = vk.el('div', { class: 'vk-cell-run' }, this.fold, this.box, this.swatch, this.name);
      this.refresh(params);
    }

    getGui() {
      return this.el;
    }

    refresh(params) {
      this.params = params;
      const { data } = params;
      this.el.dataset.kind = !data ? 'none' : data.names ? 'group' : 'run';
      if (!data) {
        vk.writeName(this.name, '');
        return true;
      }
      const { selected } = vk.store.get();
      const on = data.names ? data.names.filter((name) => selected.has(name)).length : Number(selected.has(data.run));
      const all = data.names ? data.names.length : 1;
      const label = data.names ? data.label : data.run;
      this.box.checked = on === all && all > 0;
      this.box.indeterminate = on > 0 && on < all;
      this.box.setAttribute('aria-label', `Show ${label}`);
      this.el.style.setProperty('--vk-run', data.names ? vk.colors.ofGroup(data.key) : vk.colors.of(data.run));
      this.el.dataset.dash = data.names ? 'solid' : vk.colors.dash(data.run);
      this.el.dataset.on = String(on > 0);
      this.el.dataset.depth = String(data.depth || 0);
      this.fold.setAttribute('aria-label', `${data.isFolded ? 'Show' : 'Fold'} the runs of ${label}`);
      this.fold.setAttribute('aria-expanded', String(!data.isFolded));
      this.swatch.setAttribute('aria-label', `Colour of ${label}`);
      vk.writeName(this.name, data.names ? `${data.value === null ? label : data.value} (${vk.format.count(all)})` : label);
      this.name.title = data.names ? label : `${label}\nOpen it on the overview`;
      return true;
    }

    tick() {
      const { data } = this.params;
      vk.selection.many(data.names || [data.run], this.box.checked);
    }

    color() {
      const { data } = this.params;
      if (data.names) vk.colorChoice.choose(this.swatch, data.key, data.label, vk.colors.ofGroup(data.key));
      else vk.colorChoice.choose(this.swatch, data.run, data.run, vk.colors.of(data.run));
    }

    open() {
      const { data } = this.params;
      if (data.names) turn(data);
      else vk.openRun(data.run);
    }
  }

  /** Look at one run: shown, in the focus of single-run pages, on the overview. */
  vk.openRun = (run) => {
    if (!vk.store.get().selected.has(run)) vk.selection.choose(run, true);
    vk.selection.focus(run);
    vk.router.go('overview');
  };

  /** A value: short in the cell, exact on hover; in a group mean and spread, or how many there are. */
  class ValueCell {
    init(params) {
      this.el = vk.el('span', { class: 'vk-cell' });
      this.refresh(params);
    }

    getGui() {
      return this.el;
    }

    refresh({ data, column }) {
      const [text, title, status] = data ? cellWords(data, column) : ['', '', ''];
      if (this.el.textContent !== text || this.status !== status) {
        this.el.replaceChildren(...(status ? [vk.el('span', { class: 'vk-dot', data: { status } })] : []), text);
        this.el.classList.toggle('vk-nonfinite', /^(NaN|[+-]Inf)/.test(text));
        this.status = status;
      }
      if (this.el.title !== title) this.el.title = title;
      return true;
    }
  }

  /** [what is written, what is said on hover, status whose mark stands before it]. */
  function cellWords(data, column) {
    if (data.names) return [...vk.tableRows.summaryWords(data.summary[column.id], column), ''];
    const value = column.value(data);
    if (value === null || value === undefined) return ['–', `no ${column.header}`, ''];
    return [column.words(value), column.exact(value), column.id === 'status' ? value : ''];
  }

  vk.tableCells = { NameCell, ValueCell };
})();
