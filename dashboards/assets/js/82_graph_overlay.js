/* What colours the boxes: a quantity of each module at the playhead, joined from its parameters. */
(function (vk) {
  'use strict';

  vk.OVERLAYS = {
    grad_norm: { word: 'gradient norm', unit: ', L2', prefix: 'grad_norm/', join: vk.joinNorms },
    update_ratio: { word: 'update/weight ratio', unit: '', prefix: 'update_ratio/', join: vk.joinRatios, isRatio: true },
    weight_norm: { word: 'weight norm', unit: ', L2', prefix: 'weight_norm/', join: vk.joinNorms },
    parameters: { word: 'parameters', unit: ', count' },
    none: { word: 'no colours', unit: '' },
  };

  /** Values of an overlay over a model. `at` maps tags to values at the playhead. */
  class GraphOverlay {
    constructor(key, model, at) {
      Object.assign(this, vk.OVERLAYS[key], { key, at });
      this.values = new Map();
      for (const node of model.byId.values()) this.values.set(node.id, this.valueOf(node));
      this.scale = this.isRatio ? vk.ratioScale() : vk.scaleFor(this.logs());
    }

    /** Whether a NaN says that something went wrong; else it says that there was no gradient (frozen, unused). */
    meansTrouble() {
      if (this.key === 'grad_norm') return !Number.isFinite(Number(this.at.grad_norm));
      return this.key === 'weight_norm';
    }

    /** Values at the playhead of these parameters, as far as they have one. */
    known(names) {
      const values = names.map((name) => this.at[this.prefix + name]).filter((value) => value !== undefined);
      return values.map(Number).filter((value) => !Number.isNaN(value) || this.meansTrouble());
    }

    /** NaN when nothing is known, Infinity when a parameter below is non-finite. */
    valueOf(node) {
      if (this.key === 'parameters') return node.parameters || NaN;
      if (!this.prefix) return NaN;
      const values = this.known(node.allNames);
      if (!values.length) return NaN;
      return values.every(Number.isFinite) ? this.join(values) : Infinity;
    }

    logs() {
      return [...this.values.values()].filter((value) => Number.isFinite(value) && value > 0).map(Math.log10);
    }

    of(node) {
      return this.values.get(node.id);
    }

    /** Short text of a module's value: "1.2e-3", "non-finite" or "". */
    text(node) {
      const value = this.of(node);
      if (Number.isNaN(value)) return '';
      if (value === Infinity) return 'non-finite';
      return this.key === 'parameters' ? vk.format.si(value) : value.toExponential(1);
    }

    colored() {
      return [...this.values.values()].filter((value) => !Number.isNaN(value)).length;
    }

    legend() {
      if (this.key === 'none' || !this.colored()) return '';
      const extras = [['vk-swatch-frozen', 'frozen']];
      if (this.prefix) extras.unshift(['vk-swatch-nonfinite', 'non-finite']);
      return vk.legend(this.scale, this.word + this.unit, extras);
    }
  }
  vk.GraphOverlay = GraphOverlay;
})((window.vk = window.vk || {}));
