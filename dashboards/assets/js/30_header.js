/* The header: tabs, search, what is live, theme, help; and the banner when the server is gone. */
(function () {
  'use strict';
  const vk = window.vk;
  const THEME_NAMES = { auto: 'Theme: as the system', light: 'Theme: light', dark: 'Theme: dark' };
  const PATIENCE = 700; // ms without a connection before the banner shows

  class Header {
    constructor(el) {
      this.tabs = vk.router.pages.map((page) => tab(page));
      this.live = vk.el('div', { class: 'vk-live', role: 'status' });
      this.themeButton = vk.iconButton('auto', '', () => vk.theme.next());
      el.append(vk.el('div', { class: 'vk-header' },
        vk.iconButton('menu', 'Show or hide the runs', () => vk.sidebar.toggle(), { 'aria-controls': 'vk-sidebar' }),
        wordmark(),
        vk.el('nav', { class: 'vk-tabs', 'aria-label': 'Pages' }, this.tabs),
        vk.el('div', { class: 'vk-spacer', 'data-vk-wide': true }),
        searchButton(),
        this.live,
        this.themeButton,
        vk.iconButton('help', 'Keyboard shortcuts', () => vk.help.toggle(), { 'data-vk-wide': true })));
      this.offs = [
        vk.store.on(['page'], () => this.showPage()),
        vk.store.on(['runs', 'connection', 'progress'], () => this.showLive()),
        vk.store.on(['themeChoice'], () => this.showTheme()),
        vk.store.on(['connection'], () => this.showBanner()),
        vk.store.on(['logdir', 'page'], () => this.showTitle()),
      ];
      this.showPage();
      this.showLive();
      this.showTheme();
      this.showTitle();
    }

    showPage() {
      const { page } = vk.store.get();
      for (const link of this.tabs) {
        if (link.dataset.vkTab === page) link.setAttribute('aria-current', 'page');
        else link.removeAttribute('aria-current');
      }
    }

    showLive() {
      const { runs, connection, progress } = vk.store.get();
      const running = runs.filter((r) => r.status === 'running').length;
      const state = connection === 'reconnecting' ? 'reconnecting' : running ? 'live' : 'quiet';
      let text = running ? `live · ${running} ${running === 1 ? 'run' : 'runs'}` : 'no run is live';
      if (progress) text = `reading ${Math.floor((100 * progress.indexed) / progress.total)} %`;
      if (state === 'reconnecting') text = 'reconnecting…';
      if (this.live.textContent === text && this.live.dataset.state === state) return;
      this.live.dataset.state = state;
      this.live.replaceChildren(vk.el('span', { class: 'vk-dot' }), text);
    }

    showTheme() {
      const { themeChoice } = vk.store.get();
      const label = THEME_NAMES[themeChoice];
      this.themeButton.replaceChildren(vk.icon(themeChoice));
      this.themeButton.setAttribute('aria-label', label);
      this.themeButton.title = label;
    }

    showTitle() {
      const { logdir, page } = vk.store.get();
      const title = (vk.router.pages.find((p) => p.key === page) || {}).title;
      const folder = logdir.replace(/\/+$/, '').split('/').pop();
      document.title = [title, folder, 'vizkit'].filter(Boolean).join(' · ');
    }

    showBanner() {
      clearTimeout(this.patience);
      if (vk.store.get().connection !== 'reconnecting') {
        if (this.banner) this.banner.remove();
        this.banner = null;
      } else if (!this.banner) {
        this.patience = setTimeout(() => this.openBanner(), PATIENCE);
      }
    }

    openBanner() {
      this.banner = vk.el('div', { class: 'vk-banner', role: 'alert' }, vk.icon('warning'), 'Server gone, reconnecting…');
      document.body.append(this.banner);
    }

    destroy() {
      this.offs.forEach((off) => off());
      if (this.banner) this.banner.remove();
    }
  }

  function tab({ key, title }) {
    const follow = (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
      event.preventDefault();
      vk.router.go(key);
    };
    const refresh = (event) => event.currentTarget.setAttribute('href', vk.router.href(key));
    return vk.el('a', {
      class: 'vk-tab', href: vk.router.href(key), onclick: follow, onpointerdown: refresh, onfocus: refresh,
      data: { vkTab: key, text: title },
    }, title);
  }

  /** Three rising lines in an hourglass turned on its side: what goes in comes out. */
  function wordmark() {
    const mark = vk.icon('mark', 18);
    mark.firstChild.setAttribute('d', 'M2 3v10l6-5zM14 3v10L8 8z');
    return vk.el('span', { class: 'vk-wordmark' }, mark, 'vizkit');
  }

  function searchButton() {
    return vk.el('button', {
      type: 'button', class: 'vk-search-button', 'aria-label': 'Search pages, runs and tags', 'aria-keyshortcuts': 'Control+K',
      onclick: () => vk.palette.open(),
    }, vk.icon('search', 14), vk.el('span', null, 'Search'), vk.el('kbd', null, 'Ctrl+K'));
  }

  vk.register('Header', Header);
})();
