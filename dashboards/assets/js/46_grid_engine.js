/* AG Grid, taken out of the script of dash-ag-grid (see dashboards/grid.py) when a page first asks. */
(function () {
  'use strict';
  const vk = window.vk;
  let loading = null;

  const load = () => new Promise((resolve, reject) => {
    const script = vk.el('script', { src: document.querySelector('meta[name=vizkit-grid]').content });
    script.async = false;
    script.onload = () => {
      const found = find();
      if (found) resolve(found);
      else reject(new Error('This dash-ag-grid keeps its table elsewhere. Install dash-ag-grid 35.'));
    };
    script.onerror = () => reject(new Error('The table could not be loaded. Is `vizkit serve` still running?'));
    document.head.append(script);
  });

  /** The package's modules are webpack's; a chunk with a start-up function is handed their loader. */
  function find() {
    let need = null;
    const chunks = globalThis.webpackChunkdash_ag_grid;
    if (!chunks) return null;
    chunks.push([['vizkit'], {}, (require) => {
      need = require;
    }]);
    const ids = need && need.m ? Object.keys(need.m) : [];
    return ids.map((id) => need(id)).find((module) => module && module.createGrid) || null;
  }

  /** A promise of AG Grid's module: createGrid, themeQuartz, … A failure is tried again when asked again. */
  vk.agGrid = () => {
    if (!loading) loading = load();
    loading.catch(() => {
      loading = null;
    });
    return loading;
  };

  /** Our tokens as AG Grid's theme: they are custom properties, so both themes are one. */
  vk.agTheme = ({ themeQuartz }) => themeQuartz.withParams({
    accentColor: 'var(--vk-accent)', backgroundColor: 'var(--vk-surface)', foregroundColor: 'var(--vk-text)', borderColor: 'var(--vk-border)',
    chromeBackgroundColor: 'var(--vk-bg)', headerBackgroundColor: 'var(--vk-bg)', headerTextColor: 'var(--vk-muted)', headerFontWeight: 600,
    rowHoverColor: 'var(--vk-sunken)', oddRowBackgroundColor: 'var(--vk-surface)', menuBackgroundColor: 'var(--vk-raised)',
    fontFamily: 'var(--vk-font)', fontSize: 13, headerFontSize: 12, spacing: 6, cellHorizontalPadding: 10,
    wrapperBorder: false, wrapperBorderRadius: 0, borderRadius: 4, iconSize: 14,
  });
})();
