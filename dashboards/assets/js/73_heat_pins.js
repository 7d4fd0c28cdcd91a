/* What was found, on the heatmap: pins above the columns of its steps, and frames around the cells of the parameters. */
(function (vk) {
  'use strict';

  const BAND = 16; // height of the strip above the cells, px

  class HeatPins {
    constructor(heatmap) {
      this.heatmap = heatmap;
      this.band = vk.el('div', { class: 'vk-heat-pins', hidden: true });
      this.pins = new vk.Pins(this.band, 'the heatmap');
    }

    /** Take the findings that are known now; `draw` shows them. */
    set(findings) {
      this.findings = findings;
      this.band.hidden = !findings.length;
      this.band.style.height = `${BAND}px`;
      this.heatmap.redraw();
    }

    /** Called after the cells are drawn. `scene` is that of HeatView. */
    draw(view, rows, names, scene) {
      const { grid } = view;
      if (!this.findings || !grid || !grid.columns) return;
      const inside = this.findings.filter(({ step }) => step >= grid.step[0] && vk.columnOf(grid, step) <= grid.last);
      const width = view.plotWidth / grid.columns;
      const places = inside.map((finding) => ({ finding, x: view.xOf(vk.columnOf(grid, finding.step)) + width / 2 - view.left }));
      this.pins.show(places, { left: view.left, top: 0, width: view.plotWidth, stem: 0 });
      for (const finding of inside) this.frames(view, rows, names, finding, scene);
    }

    frames(view, rows, names, finding, { top, rowHeight }) {
      const wanted = new Set(finding.parameters);
      const column = vk.columnOf(view.grid, finding.step);
      const first = Math.max(0, Math.floor(top / rowHeight));
      const last = Math.min(rows.length - 1, Math.ceil((top + view.height) / rowHeight));
      for (let row = first; row <= last; row++) {
        if (rows[row].members.some((member) => wanted.has(names[member]))) view.frame({ row, column }, top, rowHeight);
      }
    }

    destroy() {
      this.pins.destroy();
    }
  }

  vk.HeatPins = HeatPins;
})((window.vk = window.vk || {}));
