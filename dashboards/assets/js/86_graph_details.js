/* Everything about one module: shapes, parameters, its gradient norm over time, ways to its curves. */
(function (vk) {
  'use strict';

  const HISTORY_COLUMNS = 160;
  const MOST_PARAMETERS = 60;

  const escape = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const pair = (term, words) => [vk.el('dt', {}, term), vk.el('dd', {}, words)];

  function share(node) {
    if (!node.parameters) return 'none';
    const part = node.trainable / node.parameters;
    const words = part === 1 ? 'all trainable' : part === 0 ? 'frozen' : `${(100 * part).toFixed(1)} % trainable`;
    return vk.el('span', { title: vk.format.exact(node.parameters) }, `${vk.format.si(node.parameters)}, ${words}`);
  }

  const shapes = (list) => (list.length ? list.map(vk.shapeText).join(', ') : 'not seen');

  class GraphDetails {
    /** `toggle(id)` opens and closes a module in the graph. */
    constructor(el, toggle) {
      this.el = el;
      this.toggle = toggle;
      this.cache = { key: null };
    }

    /** Show `node` of `run` with its value under `overlay`; null shows how to get there. */
    show(node, run, overlay) {
      if (!node) {
        this.shownId = null;
        return this.el.replaceChildren(
          vk.el(
            'p',
            { class: 'vk-muted' },
            'Pick a module to see its shapes, parameters and gradients. A double click opens it.',
          ),
        );
      }
      if (node.id !== this.shownId || run !== this.run) this.build(node, run);
      Object.assign(this, { shownId: node.id, run });
      this.update(node, overlay);
    }

    build(node, run) {
      this.value = vk.el('dd', {}, '\u2013');
      this.valueTerm = vk.el('dt', {}, 'gradient norm');
      const facts = vk.el(
        'dl',
        { class: 'vk-pairs' },
        pair('type', node.extra ? `${node.op}(${node.extra})` : node.op),
        node.isStack ? pair('repeats', `${node.children.length} alike, counted together`) : [],
        pair('input', shapes(node.inputShapes)),
        pair('output', shapes(node.outputShapes)),
        pair('parameters', share(node)),
        node.buffers ? pair('buffers', String(node.buffers)) : [],
        this.valueTerm,
        this.value,
      );
      this.history = vk.el('div', { class: 'vk-node-history', hidden: true });
      this.line = new vk.Sparkline(this.history, { label: `gradient norm of ${node.path || node.op}`, color: vk.colors.of(run) });
      this.history.prepend(vk.el('span', { class: 'vk-muted' }, 'gradient norm over steps'));
      this.el.replaceChildren(
        vk.el('h2', {}, node.path || vk.nodeTitle(node)),
        facts,
        this.history,
        this.links(node),
        this.parameters(node),
      );
    }

    links(node) {
      const first = node.isStack ? node.children.map((child) => escape(child.path)).join('|') : escape(node.path);
      const rows = node.path ? `^(${first})(\\.|$)` : '';
      const go = (word, act) => vk.el('button', { type: 'button', class: 'vk-button', onclick: act }, word);
      return vk.el(
        'div',
        { class: 'vk-node-links' },
        node.children.length ? go('Open or close', () => this.toggle(node.id)) : null,
        go('Curves', () => {
          vk.store.set({
            tagFilter: node.path
              ? `^(grad_norm|weight_norm|update_ratio)/(${first})(\\.|$)`
              : '^(grad_norm|weight_norm|update_ratio)',
          });
          vk.router.go('scalars');
        }),
        go('Heatmap rows', () => {
          vk.store.set({ gradRows: rows });
          vk.router.go('gradients');
        }),
      );
    }

    parameters(node) {
      const names = node.allNames.slice(0, MOST_PARAMETERS);
      if (!names.length) return '';
      this.rows = new Map(names.map((name) => [name, vk.el('td', {}, '\u2013')]));
      const rest = node.allNames.length - names.length;
      const body = names.map((name) =>
        vk.el(
          'tr',
          {},
          vk.el(
            'th',
            { scope: 'row', title: name },
            node.path && name.startsWith(`${node.path}.`) ? name.slice(node.path.length + 1) : name,
          ),
          this.rows.get(name),
        ),
      );
      this.column = vk.el('th', { scope: 'col' }, '');
      const head = vk.el('tr', {}, vk.el('th', { scope: 'col' }, `${node.allNames.length} parameter tensors`), this.column);
      return vk.el(
        'div',
        { class: 'vk-scroll-x' },
        vk.el('table', { class: 'vk-table vk-node-parameters' }, vk.el('thead', {}, head), vk.el('tbody', {}, ...body)),
        rest ? vk.el('p', { class: 'vk-muted' }, `and ${rest} more`) : '',
      );
    }

    update(node, overlay) {
      const isQuantity = Boolean(overlay.prefix);
      this.valueTerm.hidden = this.value.hidden = !isQuantity;
      this.valueTerm.textContent = overlay.word;
      const value = overlay.of(node);
      this.value.textContent = Number.isNaN(value) ? 'no data' : value === Infinity ? 'non-finite' : vk.sixDigits(value);
      this.value.classList.toggle('vk-nonfinite', value === Infinity);
      if (!node.allNames.length) return;
      this.column.textContent = isQuantity ? overlay.word : '';
      for (const [name, cell] of this.rows) {
        const own = isQuantity ? overlay.at[overlay.prefix + name] : undefined;
        cell.textContent =
          own === undefined
            ? ''
            : Number.isFinite(Number(own))
              ? Number(own).toExponential(2)
              : overlay.meansTrouble()
                ? String(own)
                : 'none';
      }
    }

    /** Draw the node's gradient norm over time, from one coarse heatmap that serves every node of the run. */
    async draw(node, record) {
      if (!node || !node.allNames.length) return;
      const { until } = vk.store.get();
      const key = JSON.stringify([record.run, until, until === null ? record.points : 0]);
      if (key !== this.cache.key) {
        const range = { x_min: record.first_step, x_max: record.last_step, columns: HISTORY_COLUMNS };
        this.cache = { key, heat: await vk.readHeat(record.run, 'grad_norm', range) };
      }
      if (node.id !== this.shownId) return;
      const { heat } = this.cache;
      const wanted = new Set(node.allNames);
      const members = heat.names.map((name, row) => (wanted.has(name) ? row : -1)).filter((row) => row >= 0);
      this.history.hidden = !members.length;
      if (!members.length) return;
      const grid = vk.heatGrid(heat, [{ members }], false);
      const known = [...grid.log.keys()].filter((column) => !Number.isNaN(grid.log[column]) && grid.source[column] === column);
      this.line.draw(
        known.map((column) => grid.step[column]),
        known.map((column) => (grid.log[column] === Infinity ? NaN : 10 ** grid.log[column])),
        [record.first_step, record.last_step],
      );
    }
  }
  vk.GraphDetails = GraphDetails;
})((window.vk = window.vk || {}));
