/* The sidebar: which runs there are and which are shown. On a phone it is a sheet over the page. */
(function () {
  'use strict';
  const vk = window.vk;
  const WIDTH = 264;

  class Sidebar {
    constructor(el) {
      this.count = vk.el('span', { class: 'vk-muted', 'aria-live': 'polite' });
      this.error = vk.el('div', { class: 'vk-field-error', role: 'alert', id: 'vk-run-error' });
      this.input = this.filterInput();
      this.list = new vk.RunList();
      this.empty = vk.el('div', { class: 'vk-sidebar-empty' });
      el.classList.add('vk-sidebar');
      el.append(
        vk.el('div', { class: 'vk-sidebar-head' },
          vk.el('h2', null, 'Runs'), this.count, vk.el('span', { class: 'vk-spacer' }),
          this.bulkButton('All', 'Select all runs shown', true), this.bulkButton('None', 'Deselect all runs shown', false),
          vk.iconButton('close', 'Close the list of runs', () => vk.sidebar.toggle(), { class: 'vk-icon-button vk-phone-only' })),
        vk.el('div', { class: 'vk-sidebar-filter' }, this.input, this.error),
        this.list.el, this.empty);
      this.offs = [vk.store.on(['runs', 'runsLoaded', 'selected', 'runFilter', 'theme'], () => this.show())];
      this.clock = setInterval(() => this.show(), 30000); // ages grow
      this.show();
    }

    filterInput() {
      return vk.el('input', {
        type: 'search', class: 'vk-input', placeholder: 'Filter runs (regex)', 'aria-label': 'Filter runs by a regular expression',
        'aria-describedby': 'vk-run-error', 'aria-keyshortcuts': '/', autocomplete: 'off', spellcheck: 'false', id: 'vk-run-filter',
        oninput: (event) => vk.store.set({ runFilter: event.target.value }),
        onkeydown: (event) => event.key === 'Escape' && event.target.blur(),
      });
    }

    bulkButton(text, label, on) {
      return vk.el('button', {
        type: 'button', class: 'vk-link-button', 'aria-label': label, title: label,
        onclick: () => this.bulk(on),
      }, text);
    }

    /** All or none of the runs that the filter leaves. */
    bulk(on) {
      if (vk.store.get().runFilter) vk.selection.many(this.shown.map((r) => r.run), on);
      else if (on) vk.selection.all();
      else vk.selection.none();
    }

    show() {
      const { runs, runsLoaded, selected, runFilter } = vk.store.get();
      const { test, error } = vk.tagGroups.matcher(runFilter);
      this.shown = runs.filter((r) => test(r.run));
      if (this.input.value !== runFilter) this.input.value = runFilter;
      this.input.setAttribute('aria-invalid', String(Boolean(error)));
      this.error.textContent = error || '';
      const count = `${vk.format.count(selected.size)} of ${vk.format.count(runs.length)}`;
      if (this.count.textContent !== count) this.count.textContent = count;
      this.list.show(this.shown);
      this.empty.hidden = !runsLoaded || this.shown.length > 0;
      this.empty.textContent = runs.length ? 'No run matches the filter' : 'Runs appear here as they start';
    }

    destroy() {
      clearInterval(this.clock);
      this.offs.forEach((off) => off());
      this.list.destroy();
    }
  }

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
  };

  vk.onStart(() => {
    vk.store.on(['sidebarOpen', 'sheetOpen'], fold);
    vk.store.on(['page'], vk.sidebar.close);
    vk.url.bind('sidebarOpen', 'side', vk.url.codecs.flag);
  });
  vk.register('Sidebar', Sidebar);
})();
