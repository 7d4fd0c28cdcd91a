/* The controls above the table of runs. Filter and group stand here where the sidebar does not show. */
(function () {
  'use strict';
  const vk = window.vk;
  const MOST_IN_LINK = 50; // runs that the address of an export names

  class TableBar {
    /** act: {columns() -> [column], rows() -> promise of rows, reset()}. */
    constructor(act) {
      this.act = act;
      this.filter = new vk.RunFilter({ id: 'vk-table-filter' });
      this.group = new vk.GroupBy({ id: 'vk-table-group-by' });
      this.count = vk.el('span', { class: 'vk-muted vk-table-count', role: 'status' });
      this.columns = vk.el('button', { type: 'button', class: 'vk-button', 'aria-haspopup': 'listbox', onclick: () => this.chooseColumns() }, 'Columns', vk.icon('chevron', 14));
      this.differs = vk.el('button', {
        type: 'button', class: 'vk-button vk-toggle', title: 'Hide the config that all runs agree on',
        onclick: () => vk.store.set({ tableDiffers: !vk.store.get().tableDiffers }),
      }, 'Differs only');
      this.export = vk.el('button', { type: 'button', class: 'vk-button', 'aria-haspopup': 'menu', 'aria-label': 'Export', onclick: () => vk.menu(this.export, this.exports()) }, vk.icon('download', 14), vk.el('span', null, 'Export'));
      this.el = vk.el('div', { class: 'vk-table-bar' },
        vk.el('div', { class: 'vk-table-narrow' }, this.filter.el, this.group.el), this.count,
        vk.el('span', { class: 'vk-spacer' }), this.columns, this.differs, this.export);
      this.offs = [vk.store.on(['tableDiffers', 'sidebarOpen'], () => this.show())];
      vk.media.phone.addEventListener('change', this.onPhone = () => this.show());
      this.show();
    }

    show() {
      const { tableDiffers, sidebarOpen } = vk.store.get();
      this.differs.setAttribute('aria-pressed', String(tableDiffers));
      this.el.firstChild.hidden = sidebarOpen && !vk.media.phone.matches;
    }

    tell(words) {
      if (this.count.textContent !== words) this.count.textContent = words;
    }

    chooseColumns() {
      const chosen = new Set(this.act.columns().map(({ id }) => id));
      const entries = async () => {
        const all = vk.tableColumns.choices(await vk.columns.known());
        const first = all.filter(({ id }) => chosen.has(id));
        return [...first, ...all.filter(({ id }) => !chosen.has(id))].map(({ id, label, note }) => ({ value: id, label, note, checked: chosen.has(id) }));
      };
      const onPick = (id, on) => {
        if (on) chosen.add(id);
        else chosen.delete(id);
        vk.store.set({ tableColumns: [...chosen] });
      };
      const reset = vk.el('button', { type: 'button', class: 'vk-link-button', onclick: () => {
        panel.close();
        this.act.reset();
      } }, 'As at first');
      const panel = vk.pick(this.columns, { label: 'Columns', placeholder: 'Find a column', many: true, entries, onPick, foot: reset });
    }

    exports() {
      const copy = (write) => async () => {
        const rows = await this.act.rows();
        if (!rows) return;
        await vk.copyText(write(rows, this.act.columns()));
        this.said(`Copied ${vk.format.count(rows.length)} rows`);
      };
      const save = async () => {
        const rows = await this.act.rows();
        if (rows) vk.tableText.save(vk.tableText.csv(rows, this.act.columns()), 'runs.csv', 'text/csv');
      };
      const { selected } = vk.store.get();
      const points = () => vk.el('a', { href: vk.api.address('export', { format: 'csv' }) + [...selected].map((run) => `&run=${encodeURIComponent(run)}`).join(''), download: 'points.csv' }).click();
      return [
        { label: 'Copy as CSV', run: copy(vk.tableText.csv) },
        { label: 'Copy as Markdown', run: copy(vk.tableText.markdown) },
        { label: 'Save as CSV', run: save },
        ...(selected.size && selected.size <= MOST_IN_LINK ? [{ label: `All points of ${selected.size === 1 ? 'the selected run' : `${selected.size} selected runs`} (CSV)`, run: points }] : []),
      ];
    }

    /** On the button itself for a moment, and to screen readers. */
    said(words) {
      vk.announce(words);
      this.export.lastChild.textContent = words;
      setTimeout(() => {
        this.export.lastChild.textContent = 'Export';
      }, 1500);
    }

    destroy() {
      vk.media.phone.removeEventListener('change', this.onPhone);
      this.offs.forEach((off) => off());
      this.filter.destroy();
      this.group.destroy();
    }
  }

  vk.TableBar = TableBar;
})();
