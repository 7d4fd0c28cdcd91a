/* The value of one node over time, under the overlay that is chosen: a line the size of a word. */
(function (vk) {
  'use strict';

  const COLUMNS = 160;
  const ROOT = '(model)';

  class NodeHistory {
    constructor() {
      this.el = vk.el('div', { class: 'vk-node-history', hidden: true });
      this.cache = { key: null };
    }

    /** Begin anew for a node of `run`. */
    reset(node, run, overlay) {
      this.title = vk.el('span', { class: 'vk-muted' }, `${overlay.word} over steps`);
      this.el.replaceChildren(this.title);
      this.el.hidden = true;
      this.line = new vk.Sparkline(this.el, { label: `${overlay.word} of ${node.path || node.op}`, color: vk.colors.of(run) });
      this.shown = `${node.id}\n${overlay.key}`;
    }

    async draw(node, record, overlay) {
      const wanted = `${node.id}\n${overlay.key}`;
      const points = overlay.by === 'module' ? await this.ofModule(node, record, overlay) : await this.ofParameters(node, record, overlay);
      if (this.shown !== wanted) return;
      this.el.hidden = !points;
      if (points) this.line.draw(points.step, points.value, [record.first_step, record.last_step]);
    }

    async ofModule(node, record, overlay) {
      const tag = overlay.prefix + (node.path || ROOT);
      if (!(vk.tags.of(record.run) || []).some((row) => row.tag === tag)) return null;
      const { step, value } = await vk.api.series(vk.asOf({ run: record.run, tag, max_points: COLUMNS }));
      return step.length ? { step, value } : null;
    }

    /** Joined from one coarse heatmap that serves every node of the run. */
    async ofParameters(node, record, overlay) {
      if (overlay.by !== 'parameter' || !node.allNames.length) return null;
      const heat = await this.heat(record, overlay.key);
      const wanted = new Set(node.allNames);
      const members = heat.names.map((name, row) => (wanted.has(name) ? row : -1)).filter((row) => row >= 0);
      if (!members.length) return null;
      const grid = vk.heatGrid(heat, [{ members }], overlay.key === 'update_ratio');
      const known = [...grid.log.keys()].filter((column) => !Number.isNaN(grid.log[column]) && grid.source[column] === column);
      return {
        step: known.map((column) => grid.step[column]),
        value: known.map((column) => (grid.log[column] === Infinity ? NaN : 10 ** grid.log[column])),
      };
    }

    async heat(record, prefix) {
      const { until } = vk.store.get();
      const key = JSON.stringify([record.run, prefix, until, until === null ? record.points : 0]);
      if (key !== this.cache.key) {
        const range = { x_min: record.first_step, x_max: record.last_step, columns: COLUMNS };
        this.cache = { key, heat: await vk.readHeat(record.run, prefix, range) };
      }
      return this.cache.heat;
    }
  }
  vk.NodeHistory = NodeHistory;
})((window.vk = window.vk || {}));
