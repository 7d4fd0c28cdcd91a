/* Light, dark, or what the system says; Mantine, our tokens and the charts follow. */
(function () {
  'use strict';
  const vk = window.vk;
  const KEY = 'vizkit-theme';
  const ORDER = ['auto', 'light', 'dark'];

  const resolve = (choice) => (choice === 'auto' ? (vk.media.dark.matches ? 'dark' : 'light') : choice);

  /** What was chosen last in this browser. */
  function remembered() {
    let choice = null;
    try {
      choice = localStorage.getItem(KEY);
    } catch (_) { /* storage is off in some private windows */ }
    return ORDER.includes(choice) ? choice : 'auto';
  }

  function apply() {
    const theme = resolve(vk.store.get().themeChoice);
    document.documentElement.dataset.theme = theme;
    document.documentElement.dataset.mantineColorScheme = theme;
    vk.store.set({ theme });
    if (window.dash_clientside && document.getElementById('vk-shell')) {
      window.dash_clientside.set_props('vk-provider', { forceColorScheme: theme });
    }
  }

  vk.theme = {
    remembered,
    set(choice) {
      try {
        localStorage.setItem(KEY, choice);
      } catch (_) { /* remembered by the address only */ }
      vk.store.set({ themeChoice: choice });
    },
    next() {
      vk.theme.set(ORDER[(ORDER.indexOf(vk.store.get().themeChoice) + 1) % ORDER.length]);
    },
    /** A CSS token as the charts need it: vk.theme.token('--vk-border'). */
    token: (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim(),
  };

  /* Before the first paint: the address, then what was chosen last. */
  const asked = new URLSearchParams(location.search).get('theme') || remembered();
  document.documentElement.dataset.theme = resolve(ORDER.includes(asked) ? asked : 'auto');

  vk.onStart(() => {
    vk.store.on(['themeChoice'], apply);
    vk.media.dark.addEventListener('change', apply);
    apply();
  });
})();
