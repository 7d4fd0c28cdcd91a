/* Below the rows: the runs' configuration side by side (what differs first) and each run's environment, folded. */
(function (vk) {
  'use strict';

  const el = (...parts) => vk.el(...parts);

  /** Nested config as a flat {"optimizer.lr": 0.1}. */
  function flatten(config, prefix = '', flat = {}) {
    for (const [key, value] of Object.entries(config || {})) {
      const name = prefix ? `${prefix}.${key}` : key;
      if (value && typeof value === 'object' && !Array.isArray(value)) flatten(value, name, flat);
      else flat[name] = value;
    }
    return flat;
  }

  const shown = (value) => (value === undefined ? '\u2013' : typeof value === 'string' ? value : JSON.stringify(value));

  /** [{key, values, differs}] over all runs, differing keys first, then by name. Runs without any config do not count. */
  vk.configRows = function (configs) {
    const flat = configs.map((config) => flatten(config));
    const isTold = flat.map((config) => Object.keys(config).length > 0);
    const keys = [...new Set(flat.flatMap((config) => Object.keys(config)))].sort();
    const rows = keys.map((key) => {
      const values = flat.map((config) => shown(config[key]));
      return { key, values, differs: new Set(values.filter((_, i) => isTold[i])).size > 1 };
    });
    return [...rows.filter((row) => row.differs), ...rows.filter((row) => !row.differs)];
  };

  function runHeading(record) {
    return el('th', { scope: 'col' }, vk.swatch(record.run), record.run);
  }

  function configTable(records) {
    const rows = vk.configRows(records.map((record) => record.config));
    if (!rows.length)
      return el('p', { class: 'vk-muted' }, 'No configuration recorded. Pass config={...} to vizkit.watch or vizkit.Run.');
    const body = rows.map(({ key, values, differs }) =>
      el(
        'tr',
        { class: differs ? 'vk-differs' : '' },
        el('th', { scope: 'row' }, key),
        ...values.map((value) => el('td', {}, value)),
      ),
    );
    const head = el('tr', {}, el('th', { scope: 'col' }, 'key'), ...records.map(runHeading));
    const table = el('table', { class: 'vk-table' }, el('thead', {}, head), el('tbody', {}, ...body));
    const differing = rows.filter((row) => row.differs).length;
    const caption =
      records.length > 1
        ? el(
            'p',
            { class: 'vk-muted' },
            differing ? `${differing} of ${rows.length} keys differ; they come first` : 'All keys agree',
          )
        : '';
    return el(
      'div',
      {},
      caption,
      el('div', { class: 'vk-scroll-x', tabindex: '0', role: 'region', 'aria-label': 'Configuration table' }, table),
    );
  }

  const ENVIRONMENT_WORDS = {
    command: 'command',
    cwd: 'folder',
    git_commit: 'git commit',
    host: 'host',
    pid: 'process',
    python: 'Python',
    rank: 'rank',
  };

  function environmentText(key, environment) {
    const value = environment[key];
    if (key === 'git_commit' && environment.git_dirty) return `${value} with local changes`;
    return Array.isArray(value) ? value.join(' ') : String(value);
  }

  function environmentRows(environment) {
    const isTold = ([key]) => environment[key] !== undefined && environment[key] !== null;
    const rows = Object.entries(ENVIRONMENT_WORDS).filter(isTold);
    return [
      ...rows.map(([key, word]) => [word, environmentText(key, environment)]),
      ...Object.entries(environment.versions || {}),
    ];
  }

  function environmentList(environment) {
    const rows = environmentRows(environment || {});
    if (!rows.length) return el('p', { class: 'vk-muted' }, 'This run recorded no environment');
    return el('dl', { class: 'vk-pairs' }, ...rows.flatMap(([key, value]) => [el('dt', {}, key), el('dd', {}, value)]));
  }

  /** A folded environment that is fetched when it is opened. */
  function environmentFold(record) {
    const body = el('div', { class: 'vk-fold-body' }, el('span', { class: 'vk-skeleton vk-skeleton-line' }));
    const fold = el('details', { class: 'vk-fold' }, el('summary', {}, `Environment of ${record.run}`), body);
    fold.addEventListener('toggle', async () => {
      if (!fold.open || fold.dataset.vkReady) return;
      try {
        const details = await vk.api.json('run', { run: record.run });
        body.replaceChildren(environmentList(details.environment));
        fold.dataset.vkReady = '1';
      } catch (error) {
        body.replaceChildren(el('p', { class: 'vk-muted' }, [error.message, error.hint].filter(Boolean).join('. ')));
      }
    });
    return fold;
  }

  class RunDetails {
    constructor(el_) {
      this.el = el_;
      this.shown = '';
    }

    update(records) {
      const key = JSON.stringify(records.map(({ run, config }) => [run, config, vk.colors.of(run)]));
      if (key === this.shown) return;
      this.shown = key;
      if (!records.length) return this.el.replaceChildren();
      const config = el(
        'section',
        { class: 'vk-card vk-config', 'aria-label': 'Configuration' },
        el('h2', {}, 'Configuration'),
        configTable(records),
      );
      this.el.replaceChildren(config, ...records.slice(0, 20).map(environmentFold));
    }
  }
  vk.RunDetails = RunDetails;
})((window.vk = window.vk || {}));
