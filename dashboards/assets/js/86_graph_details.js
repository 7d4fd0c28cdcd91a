/* Everything about one node: facts, its value over time, findings, parameters, ways to its curves. */
(function (vk) {
  'use strict';

  const MOST_PARAMETERS = 60;
  const SERIES = Object.entries(vk.OVERLAYS).filter(([, overlay]) => overlay.prefix).map(([key]) => key).join('|');
  const escape = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

  class GraphDetails {
    /** `on` is {toggle(id), mark(ids)}. */
    constructor(el, on) {
      Object.assign(this, { el, on, rows: new Map() });
      this.history = new vk.NodeHistory();
    }

    /** Show `node` of `run` with its value under `overlay`; null shows how to get there. */
    show(node, run, overlay, findings = []) {
      if (!node) {
        this.shown = null;
        const words = 'Pick a node to see its shapes, parameters and gradients. A double click opens a module.';
        return this.el.replaceChildren(vk.el('p', { class: 'vk-muted' }, words));
      }
      const key = JSON.stringify([run, overlay.key, findings]);
      if (node !== this.shown || key !== this.key) this.build(node, run, overlay, findings);
      Object.assign(this, { shown: node, key });
      this.update(node, overlay);
      return undefined;
    }

    build(node, run, overlay, findings) {
      this.value = vk.el('dd', {}, '\u2013');
      this.valueTerm = vk.el('dt', {}, overlay.word);
      this.history.reset(node, run, overlay);
      const pinned = vk.nodeFindings(findings, (ids) => this.on.mark(ids));
      this.el.replaceChildren(
        ...[
          vk.el('h2', {}, node.kind === 'module' ? node.path || vk.nodeTitle(node) : vk.nodeTitle(node)),
          node.path && node.kind !== 'module' ? vk.el('p', { class: 'vk-muted vk-node-place' }, `in ${node.path}`) : '',
          pinned.length ? vk.el('ul', { class: 'vk-node-findings', 'aria-label': 'Findings' }, pinned) : '',
          vk.el('dl', { class: 'vk-pairs' }, vk.nodeFacts(node), this.valueTerm, this.value),
          this.history.el,
          this.links(node),
          this.parameters(node),
        ].filter(Boolean),
      );
    }

    links(node) {
      const paths = node.isStack ? [...new Set(node.children.map((child) => child.path))] : [node.path];
      const first = paths.filter(Boolean).map(escape).join('|');
      const go = (word, act) => vk.el('button', { type: 'button', class: 'vk-button', onclick: act }, word);
      const hasSeries = first || node.id === '' || node.allNames.length;
      if (!hasSeries) return '';
      return vk.el(
        'div',
        { class: 'vk-node-links' },
        node.children.length ? go('Open or close', () => this.on.toggle(node.id)) : null,
        go('Curves', () => {
          vk.store.set({ tagFilter: first ? `^(${SERIES})/(${first})(\\.|$)` : `^(${SERIES})(/|$)` });
          vk.router.go('scalars');
        }),
        node.allNames.length
          ? go('Heatmap rows', () => {
              vk.store.set({ gradRows: first ? `^(${first})(\\.|$)` : '' });
              vk.router.go('gradients');
            })
          : null,
      );
    }

    /** Names as rows: the shape where the graph tells it, the state, and the value at the playhead. */
    parameters(node) {
      const names = node.allNames.slice(0, MOST_PARAMETERS);
      this.rows = new Map(names.map((name) => [name, vk.el('td', {}, '\u2013')]));
      if (!names.length) return '';
      const badges = new Map((node.badges || []).map((badge) => [badge.fullName, badge]));
      const rest = node.allNames.length - names.length;
      this.column = vk.el('th', { scope: 'col' }, '');
      const noun = node.allNames.length === 1 ? 'parameter tensor' : 'parameter tensors';
      const head = vk.el('tr', {}, vk.el('th', { scope: 'col' }, `${node.allNames.length} ${noun}`), this.column);
      return vk.el(
        'div',
        { class: 'vk-scroll-x' },
        vk.el(
          'table',
          { class: 'vk-table vk-node-parameters' },
          vk.el('thead', {}, head),
          vk.el('tbody', {}, names.map((name) => this.row(node, name, badges.get(name)))),
        ),
        rest ? vk.el('p', { class: 'vk-muted' }, `and ${rest} more`) : '',
      );
    }

    row(node, name, badge) {
      const short = node.path && name.startsWith(`${node.path}.`) ? name.slice(node.path.length + 1) : name;
      const about = badge ? [badge.shape, badge.state].filter(Boolean).join(', ') : '';
      const title = vk.el('th', { scope: 'row', title: name }, short, about ? vk.el('span', { class: 'vk-muted' }, ` ${about}`) : '');
      return vk.el('tr', {}, title, this.rows.get(name));
    }

    update(node, overlay) {
      const isQuantity = overlay.key !== 'none' && (Boolean(overlay.prefix) || !Number.isNaN(overlay.of(node)));
      this.valueTerm.hidden = this.value.hidden = !isQuantity;
      this.value.textContent = overlay.exact(node);
      this.value.classList.toggle('vk-nonfinite', overlay.of(node) === Infinity);
      if (!this.rows.size) return;
      const isOfParameters = overlay.by === 'parameter';
      this.column.textContent = isOfParameters ? overlay.word : '';
      for (const [name, cell] of this.rows) cell.textContent = isOfParameters ? this.own(overlay, name) : '';
    }

    own(overlay, name) {
      const value = overlay.valueAt(overlay.prefix + name);
      if (value === undefined) return '';
      if (Number.isFinite(value)) return overlay.show ? overlay.show(value) : value.toExponential(2);
      return overlay.meansTrouble() ? String(value) : 'none';
    }

    /** Draw the node's value over time. */
    async draw(record, overlay) {
      if (this.shown) await this.history.draw(this.shown, record, overlay);
    }
  }
  vk.GraphDetails = GraphDetails;
})((window.vk = window.vk || {}));
