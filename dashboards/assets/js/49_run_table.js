/* The Runs page: every run as a row. The server filters and sorts; the grid asks for what is in view. */
(function () {
  'use strict';
  const vk = window.vk;
  const PAGE = 'runs';
  const BLOCK = 100; // rows of a request
  const BEAT = 1000; // ms at least between two refreshes of what is in view
  const REST = 10; // and at least this many times what the last one took

  class RunTable {
    constructor(el) {
      this.el = el;
      this.known = { config: [], metrics: [] };
      this.bar = new vk.TableBar({ columns: () => this.columns || [], rows: () => this.everyRow(), reset: () => vk.store.set({ tableColumns: null, tableSort: '', tableDiffers: false }) });
      this.box = vk.el('div', { class: 'vk-table-grid', onpointerdown: () => (this.pressed = performance.now() + 600) });
      this.message = vk.el('div', { class: 'vk-table-message' });
      el.classList.add('vk-table-page');
      el.append(this.bar.el, this.box, this.message);
      this.reload = vk.whenIdle(() => this.asked === this.question() || this.load(), 150);
      this.paint = vk.perFrame(() => this.grid && this.grid.refreshCells({ columns: ['run'], force: true }));
      this.beat = vk.paced(() => Math.max(BEAT, REST * (this.took || 0)), () => this.refresh());
      const shown = (fn) => () => vk.store.get().page === PAGE && fn();
      this.offs = [
        vk.store.on(['filter', 'groupBy', 'filterState'], shown(() => this.reload())),
        vk.store.on(['tableColumns', 'tableDiffers'], shown(() => this.showColumns())),
        vk.store.on(['unfolded'], shown(() => this.showGroups())),
        vk.store.on(['selected', 'looks', 'theme'], shown(this.paint)),
        vk.store.on(['runs'], shown(() => this.beat())),
        vk.store.on(['page'], shown(() => this.open())),
      ];
      this.open();
    }

    async open() {
      this.say({ skeleton: true });
      try {
        [this.engine] = await Promise.all([vk.agGrid(), this.readColumns()]);
        this.load();
      } catch (error) {
        this.say({ title: error.message, body: error.hint || 'Open the page again to try once more.' });
      }
    }

    async readColumns() {
      this.known = await vk.columns.known();
      this.total = vk.store.get().runs.length;
    }

    wanted() {
      const { tableColumns, tableDiffers } = vk.store.get();
      return vk.tableColumns.shown(this.known, tableColumns, tableDiffers, this.total);
    }

    /** {column, desc} or null, from "-last:loss". */
    sort() {
      const { tableSort } = vk.store.get();
      const id = tableSort.replace(/^-/, '');
      const column = (this.columns || []).find((each) => each.id === id) || (id === 'run' ? { id, kind: 'fact', value: (row) => row.run || row.label } : null);
      return column && { column, desc: tableSort.startsWith('-') };
    }

    question() {
      const { filter, groupBy } = vk.store.get();
      return JSON.stringify([filter, groupBy]);
    }

    /* --- the grid --- */
    /** Make the grid anew where its way of reading changes, else read from the start. */
    load() {
      const { groupBy, filterState } = vk.store.get();
      if (!this.engine || (this.grid && (filterState.busy || filterState.error))) return;
      this.asked = this.question();
      this.narrow = vk.filter.params(); // while somebody types nonsense the last good rows stay
      if (this.grid && this.isGrouped === Boolean(groupBy)) {
        if (this.isGrouped) this.readGroups();
        else this.grid.setGridOption('datasource', this.source());
        return;
      }
      if (this.grid) this.grid.destroy();
      this.isGrouped = Boolean(groupBy);
      this.columns = this.wanted();
      const { createGrid } = this.engine;
      this.grid = createGrid(this.box, {
        ...vk.tableGrid.options(this.engine),
        columnDefs: vk.tableGrid.definitions(this.columns, this.isGrouped),
        ...(this.isGrouped ? { rowModelType: 'clientSide', rowData: [] } : { rowModelType: 'infinite', datasource: this.source(), cacheBlockSize: BLOCK, maxBlocksInCache: 6, infiniteInitialRowCount: 1 }),
        onSortChanged: () => this.sorted(), onColumnResized: vk.tableGrid.resized, onColumnMoved: (event) => this.moved(event),
        onCellKeyDown: (event) => this.key(event),
      });
      if (this.isGrouped) this.readGroups();
    }

    showColumns() {
      if (!this.grid) return;
      this.columns = this.wanted();
      this.settingColumns = true;
      this.grid.setGridOption('columnDefs', vk.tableGrid.definitions(this.columns, this.isGrouped));
      this.settingColumns = false;
      this.load();
    }

    sorted() {
      if (this.settingColumns) return;
      const [first] = this.grid.getColumnState().filter(({ sort }) => sort).sort((a, b) => (a.sortIndex || 0) - (b.sortIndex || 0));
      vk.store.set({ tableSort: first ? `${first.sort === 'desc' ? '-' : ''}${first.colId}` : '' });
      if (this.isGrouped) this.showGroups();
    }

    moved({ finished, source }) {
      if (!finished || source === 'api' || source === 'gridOptionsChanged') return;
      const ids = this.grid.getAllDisplayedColumns().map((column) => column.getColId()).filter((id) => id !== 'run');
      const byId = new Map(this.columns.map((column) => [column.id, column]));
      this.columns = ids.map((id) => byId.get(id));
      this.settingColumns = true;
      vk.store.set({ tableColumns: ids });
      this.settingColumns = false;
    }

    key({ event, data, column }) {
      if (!data || column.getColId() !== 'run') return;
      if (event.key === ' ') {
        const names = data.names || [data.run];
        vk.selection.many(names, !names.every((name) => vk.store.get().selected.has(name)));
      } else if (event.key === 'Enter' && !data.names) vk.openRun(data.run);
      else return;
      event.preventDefault();
    }

    /* --- reading --- */
    asking() {
      return { sort: this.sort(), columns: this.columns, narrow: this.narrow };
    }

    source() {
      let asking = null;
      return {
        getRows: async ({ startRow, endRow, successCallback, failCallback }) => {
          if (startRow === 0 && asking) asking.abort();
          asking = new AbortController();
          const begun = performance.now();
          try {
            const answer = await vk.tableRows.page({ offset: startRow, limit: endRow - startRow, ...this.asking() }, { signal: asking.signal });
            this.took = performance.now() - begun;
            successCallback(answer.rows, answer.matched);
            this.tell(answer);
          } catch (error) {
            failCallback();
            this.fail(error);
          }
        },
        destroy: () => asking && asking.abort(),
      };
    }

    async readGroups() {
      if (this.reading) this.reading.abort();
      const mine = (this.reading = new AbortController());
      const begun = performance.now();
      try {
        const { groupBy } = vk.store.get();
        const answer = await vk.tableRows.all({ ...this.asking(), sort: null }, { signal: mine.signal });
        this.took = performance.now() - begun;
        this.rows = answer.rows.map((row) => ({ ...row, config: { ...(vk.runs.byName(row.run) || {}).config, ...row.config } }));
        if (groupBy !== vk.store.get().groupBy) return;
        this.showGroups();
        this.tell(answer);
      } catch (error) {
        this.fail(error);
      }
    }

    showGroups() {
      if (!this.isGrouped || !this.rows || !this.grid) return;
      const { groupBy, unfolded } = vk.store.get();
      vk.groups.current();
      this.grid.setGridOption('rowData', vk.tableRows.grouped(this.rows, { groupBy, unfolded, columns: this.columns, sort: this.sort() }));
      this.paint();
    }

    everyRow() {
      return vk.tableRows.all(this.asking()).then(({ rows }) => rows, (error) => this.fail(error));
    }

    /** What moved on: rows keep their ids, so scroll and focus stay; never under a pressed pointer. */
    refresh() {
      if (!this.grid || vk.store.get().page !== PAGE || document.hidden) return;
      if (performance.now() < (this.pressed || 0)) this.beat();
      else if (this.isGrouped) this.readGroups();
      else if (this.empty) this.load();
      else this.grid.refreshInfiniteCache();
      this.refreshColumns();
    }

    /** New keys and metrics appear in the default choice; nothing happens while there are none. */
    async refreshColumns() {
      await this.readColumns().catch(() => {});
      const ids = (list) => list.map(({ id }) => id).join();
      if (this.columns && ids(this.columns) !== ids(this.wanted())) this.showColumns();
    }

    /* --- words --- */
    tell({ total, matched }) {
      const { filter } = vk.store.get();
      this.empty = !matched;
      this.bar.tell(filter ? `${vk.format.exact(matched)} of ${vk.format.exact(total)}${vk.media.phone.matches ? '' : ' runs match'}` : `${vk.format.exact(total)} ${total === 1 ? 'run' : 'runs'}`);
      this.el.dataset.vkRows = matched;
      if (matched) this.say(null);
      else if (!total) this.say({ teach: true });
      else this.say({ title: 'No run matches', body: `None of ${vk.format.exact(total)} runs matches “${filter}”.`, act: ['Clear the filter', () => vk.store.set({ filter: '' })] });
    }

    fail(error) {
      if (error.name === 'AbortError') return;
      this.bar.tell('');
      const isFilter = error.status === 400 && vk.store.get().filter;
      const act = isFilter ? ['Clear the filter', () => vk.store.set({ filter: '' })] : ['Try again', () => this.load()];
      this.say({ title: error.message, body: isFilter ? '' : error.hint, act });
    }

    say(what) {
      const key = JSON.stringify(what);
      if (this.said === key) return;
      this.said = key;
      this.box.hidden = Boolean(what);
      this.message.hidden = !what;
      delete this.message.dataset.vkTeaches;
      this.message.replaceChildren();
      if (!what) return;
      if (what.teach) vk.teach(this.message, 'runs');
      else if (what.skeleton) this.message.append(...[0, 1, 2, 3, 4, 5, 6, 7].map(() => vk.el('div', { class: 'vk-skeleton', style: { height: '20px', margin: '12px' } })));
      else vk.emptyState(this.message, what);
      if (what.act) this.message.firstChild.append(vk.el('button', { type: 'button', class: 'vk-button', onclick: what.act[1] }, what.act[0]));
    }

    destroy() {
      this.offs.forEach((off) => off());
      this.beat.stop();
      this.bar.destroy();
      if (this.grid) this.grid.destroy();
    }
  }

  vk.onStart(() => {
    const { names, flag, text } = vk.url.codecs;
    vk.url.bind('tableColumns', 'table', { parse: (t) => [...names.parse(t)], format: (v) => names.format(new Set(v)) }, null);
    vk.url.bind('tableSort', 'sort', text, '');
    vk.url.bind('tableDiffers', 'differs', flag, false);
  });
  vk.register('RunTable', RunTable);
})();
