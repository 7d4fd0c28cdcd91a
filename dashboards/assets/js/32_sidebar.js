/* The sidebar: which runs there are and which are shown. On a phone it is a sheet over the page. */
(function () {
  'use strict';
  const vk = window.vk;
  const WIDTH = 264;

  class Sidebar {
    constructor(el) {
      this.count = vk.el('span', { class: 'vk-muted', 'aria-live': 'polite' });
      this.field = new vk.RunFilter();
      this.group = new vk.GroupBy();
      this.list = new vk.RunList();
      this.note = vk.el('div', { class: 'vk-sidebar-note' });
      this.empty = vk.el('div', { class: 'vk-sidebar-empty', role: 'status' });
      el.classList.add('vk-sidebar');
      el.append(
        vk.el('div', { class: 'vk-sidebar-head' },
          vk.el('h2', null, 'Runs'), this.count, vk.el('span', { class: 'vk-spacer' }),
          bulkButton('All', 'Select all runs shown', vk.selection.addFiltered),
          bulkButton('None', 'Deselect all runs shown', vk.selection.dropFiltered),
          vk.iconButton('more', 'More ways to select', (event) => vk.menu(event.currentTarget, choices()), { 'aria-haspopup': 'menu' }),
          vk.iconButton('close', 'Close the list of runs', () => vk.sidebar.toggle(), { class: 'vk-icon-button vk-phone-only' })),
        vk.el('div', { class: 'vk-sidebar-filter' }, this.field.el, this.group.el, this.note),
        this.empty, this.list.el);
      const keys = ['filtered', 'filterState', 'selected', 'selection', 'looks', 'theme', 'groupBy', 'folded', 'runsLoaded', 'progress'];
      this.offs = [vk.store.on(keys, () => this.show())];
      this.clock = setInterval(() => this.show(), 30000); // ages grow
      this.show();
    }

    show() {
      const { runs, selected, filtered } = vk.store.get();
      const count = `${vk.format.exact(selected.size)} of ${vk.format.exact(runs.length)}`;
      if (this.count.textContent !== count) this.count.textContent = count;
      this.showNote();
      this.list.show(itemsOf(filtered));
      this.showEmpty();
    }

    /** What is shown without being asked, and what a link names that is not here. */
    showNote() {
      const { runs, selected, selection } = vk.store.get();
      const words = selection.base === 'auto' && selected.size < runs.length && !selection.show.names.size && !selection.hide.names.size
        ? `Showing the newest ${vk.format.exact(selected.size)}: tick more, or press All.` : '';
      const strange = strangerWords(vk.selection.strangers());
      const key = `${words}\n${strange}`;
      if (this.noted === key) return;
      this.noted = key;
      this.note.replaceChildren(
        ...(words ? [vk.el('p', null, words)] : []),
        ...(strange ? [vk.el('p', { role: 'status', class: 'vk-sidebar-strange' }, strange, ' ',
          vk.el('button', { type: 'button', class: 'vk-link-button', onclick: vk.selection.forgetStrangers }, 'Forget'))] : []));
    }

    showEmpty() {
      const { runs, runsLoaded, filtered, filterState, progress } = vk.store.get();
      this.empty.hidden = filtered.length > 0;
      if (filtered.length) return;
      if (!runsLoaded) {
        if (!this.empty.querySelector('.vk-skeleton')) this.empty.replaceChildren(...skeleton());
        return;
      }
      let text = progress ? 'Reading the folder…' : 'Runs appear here as they start';
      if (runs.length) text = filterState.busy ? 'Looking…' : 'No run matches the filter';
      if (this.empty.textContent !== text || this.empty.querySelector('.vk-skeleton')) this.empty.textContent = text;
    }

    destroy() {
      clearInterval(this.clock);
      this.offs.forEach((off) => off());
      this.field.destroy();
      this.group.destroy();
      this.list.destroy();
    }
  }

  const bulkButton = (text, label, onclick) =>
    vk.el('button', { type: 'button', class: 'vk-link-button', 'aria-label': label, title: label, onclick: () => onclick() }, text);

  const choices = () => [
    { label: 'Invert those in the list', run: vk.selection.invertFiltered },
    ...[10, 25, 50].map((n) => ({ label: `Only the newest ${n} in the list`, run: () => vk.selection.newest(n) })),
    { label: 'Only those that are running', run: () => vk.selection.onlyThese(vk.store.get().runs.filter((r) => r.status === 'running').map((r) => r.run)) },
    { label: 'As at first: the newest', run: vk.selection.auto },
  ];

  /** Rows of the list: runs, or headings of groups with their runs where they are not folded. */
  function itemsOf(rows) {
    const { groupBy, selected, folded } = vk.store.get();
    if (!groupBy) return rows.map((run) => ({ key: run.run, run, depth: 0 }));
    vk.groups.current(); // gives the groups their colours
    return vk.groups.split(rows, groupBy).flatMap(({ key, value, label, rows: runs }) => {
      const names = runs.map(({ run }) => run);
      const isFolded = folded.has(key);
      const on = names.reduce((n, name) => n + selected.has(name), 0);
      const heading = { key: `\u0000${key}`, group: { key, value, label, names }, on, folded: isFolded };
      return isFolded ? [heading] : [heading, ...runs.map((run) => ({ key: run.run, run, depth: 2 }))];
    });
  }

  function strangerWords({ names, others }) {
    const n = names.length + others;
    if (!n) return '';
    const some = names.slice(0, 3).join(', ') + (names.length > 3 ? ', …' : '');
    return `${vk.format.exact(n)} ${n === 1 ? 'run' : 'runs'} of this link ${n === 1 ? 'is' : 'are'} not here${some ? `: ${some}` : ''}.`;
  }

  const skeleton = () => [0, 1, 2, 3, 4, 5].map(() => vk.el('div', { class: 'vk-skeleton', style: { height: '24px', margin: '8px 0' } }));

  /** Tell Mantine's shell what is folded; the sheet of the phone is never in the address. */
  function fold() {
    const { sidebarOpen, sheetOpen } = vk.store.get();
    window.dash_clientside.set_props('vk-shell', {
      navbar: { width: WIDTH, breakpoint: 'sm', collapsed: { desktop: !sidebarOpen, mobile: !sheetOpen } },
    });
  }

  vk.sidebar = {
    toggle() {
      const key = vk.media.phone.matches ? 'sheetOpen' : 'sidebarOpen';
      vk.store.set({ [key]: !vk.store.get()[key] });
    },
    close: () => vk.store.set({ sheetOpen: false }),
    /** Open it and put the cursor into the filter. */
    find() {
      vk.store.set(vk.media.phone.matches ? { sheetOpen: true } : { sidebarOpen: true });
      vk.focusSoon('vk-run-filter');
    },
    /** Open it and choose what to group by. */
    group() {
      vk.store.set(vk.media.phone.matches ? { sheetOpen: true } : { sidebarOpen: true });
      requestAnimationFrame(() => document.getElementById('vk-group-by').click());
    },
  };

  vk.onStart(() => {
    vk.store.on(['sidebarOpen', 'sheetOpen'], fold);
    vk.store.on(['page'], vk.sidebar.close);
    vk.url.bind('sidebarOpen', 'side', vk.url.codecs.flag);
  });
  vk.register('Sidebar', Sidebar);
})();
