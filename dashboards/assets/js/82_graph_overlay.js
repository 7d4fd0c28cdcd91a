/* What colours the boxes: a quantity of each node at the playhead, joined from its parameters or read of its module. */
(function (vk) {
  'use strict';

  const ROOT = '(model)';
  const sum = (values) => values.reduce((all, value) => all + value, 0);
  const mean = (values) => sum(values) / values.length;
  const plain = (value) => vk.format.si(value, 2);
  const number = (value) => (value === 0 || (value >= 1e-2 && value < 1e4) ? plain(value) : value.toExponential(1));
  const percent = (value) => `${Number((100 * value).toFixed(value < 0.1 ? 1 : 0))} %`;
  const count = (value) => vk.format.si(value);
  const bytes = (value) => `${vk.format.si(value, 3)}B`.replace(/(\d)B$/, '$1 B');
  const ms = (value) => `${vk.format.si(value, 2)} ms`;

  const SAMPLED = 'activations_every=50';
  const GROUPS = { parameters: 'Parameters', activations: 'Activations', cost: 'Time and memory', model: 'The model itself' };
  vk.OVERLAY_GROUPS = GROUPS;

  /* `by`: whose values these are. A parameter's belong to every container around it, joined; a module's only to itself.
     `scale`: see vk.graphScale. `needs`: what watch() has to be told for the run to have them. */
  vk.OVERLAYS = {
    grad_norm: { word: 'gradient norm', unit: ', L2', by: 'parameter', join: vk.joinNorms, scale: 'log', group: 'parameters' },
    update_ratio: { word: 'update/weight ratio', unit: '', by: 'parameter', join: vk.joinRatios, scale: 'ratio', group: 'parameters' },
    weight_norm: { word: 'weight norm', unit: ', L2', by: 'parameter', join: vk.joinNorms, scale: 'log', group: 'parameters' },
    grad_nonfinite: {
      word: 'non-finite gradient values', unit: ', count', by: 'parameter', join: sum, scale: 'log', group: 'parameters', show: count, isRare: true,
    },
    activation_mean: { word: 'activation mean', unit: '', by: 'module', join: mean, scale: 'centred', group: 'activations', show: plain, needs: SAMPLED },
    activation_std: { word: 'activation spread', unit: ', standard deviation', by: 'module', join: mean, scale: 'log', group: 'activations', show: plain, needs: SAMPLED },
    activation_zeros: {
      word: 'zeros among activations', unit: ', share', by: 'module', join: mean, scale: 'share', group: 'activations', show: percent, needs: SAMPLED,
    },
    activation_nonfinite: {
      word: 'non-finite activations', unit: ', count', by: 'module', join: sum, scale: 'log', group: 'activations', show: count, needs: SAMPLED,
    },
    forward_ms: { word: 'forward time', unit: ', ms', by: 'module', join: sum, scale: 'log', group: 'cost', show: ms, needs: SAMPLED },
    backward_ms: { word: 'backward time', unit: ', ms', by: 'module', join: sum, scale: 'log', group: 'cost', show: ms, needs: SAMPLED },
    memory_bytes: {
      word: 'memory kept for backward', unit: ', bytes', by: 'module', join: sum, scale: 'log', group: 'cost', show: bytes, needs: SAMPLED,
    },
    parameters: { word: 'parameters', unit: ', count', scale: 'log', group: 'model', show: count },
    flops: { word: 'floating point operations', unit: ', one forward pass', scale: 'log', group: 'model', show: count },
    none: { word: 'no colours', unit: '', group: 'model' },
  };
  for (const [key, overlay] of Object.entries(vk.OVERLAYS)) overlay.prefix = overlay.by ? `${key}/` : '';

  /** The overlay that is shown: the chosen one, else gradient norms where the run has any. */
  vk.overlayOf = function (chosen, tags) {
    if (vk.OVERLAYS[chosen]) return chosen;
    return !tags || tags.some(({ tag }) => tag.startsWith('grad_norm/')) ? 'grad_norm' : 'none';
  };

  const isModule = (node) => node.kind === 'module' || node.kind === 'stack';
  /** Floating point operations of a node, or of all that it runs, in one step. */
  const flopsOf = (node) => (node.children.length ? sum(node.children.map(flopsOf)) : (node.flops || 0) * (node.count || 1));

  vk.flopsOf = flopsOf;

  /** Values of an overlay over a model. `at` maps tags to [step, value] at the playhead. */
  class GraphOverlay {
    constructor(key, model, at) {
      Object.assign(this, vk.OVERLAYS[key], { key, at, step: null });
      this.values = new Map();
      this.read = { parameter: (node) => this.ofParameters(node), module: (node) => this.ofModule(node) }[this.by] || ((node) => this.ofModel(node));
      for (const node of model.byId.values()) this.values.set(node.id, this.read(node));
      const finite = [...this.values.values()].filter(Number.isFinite);
      this.scale = this.scale ? vk.graphScale(this.scale, finite) : vk.graphScale('log', []);
    }

    /** The value of a tag at the playhead, undefined where it has none. */
    valueAt(tag) {
      const found = this.at[tag];
      if (found === undefined) return undefined;
      if (this.step === null || found[0] > this.step) this.step = found[0];
      return Number(found[1]);
    }

    /** Whether a NaN says that something went wrong; else it says that there was no gradient (frozen, unused). */
    meansTrouble() {
      if (this.key === 'grad_norm') return this.at.grad_norm !== undefined && !Number.isFinite(Number(this.at.grad_norm[1]));
      return this.key === 'weight_norm' || this.by === 'module';
    }

    /** NaN when nothing is known, Infinity when a parameter below is non-finite. */
    ofParameters(node) {
      const trouble = this.trouble ?? (this.trouble = this.meansTrouble());
      const values = [];
      for (const name of node.allNames) {
        const value = this.valueAt(this.prefix + name);
        if (value !== undefined && (trouble || !Number.isNaN(value))) values.push(value);
      }
      return this.joined(values);
    }

    /** A module's own value, inclusive of what it calls; a stack's is joined from its different members. */
    ofModule(node) {
      if (!isModule(node) || node.isTurn) return NaN;
      const paths = node.isStack ? new Set(node.children.filter((child) => !child.isTurn).map((child) => child.path)) : [node.path];
      return this.joined([...paths].map((path) => this.valueAt(this.prefix + (path || ROOT))).filter((value) => value !== undefined));
    }

    ofModel(node) {
      if (this.key === 'parameters') return node.parameters || NaN;
      return this.key === 'flops' ? flopsOf(node) || NaN : NaN;
    }

    joined(values) {
      if (!values.length) return NaN;
      return values.every(Number.isFinite) ? this.join(values) : Infinity;
    }

    of(node) {
      return this.values.get(node.id) ?? NaN;
    }

    /** Short text of a node's value: "1.2e-3", "37 %", "non-finite" or "". */
    text(node) {
      const value = this.of(node);
      if (Number.isNaN(value)) return '';
      return value === Infinity ? 'non-finite' : (this.show || number)(value);
    }

    /** The value with six digits and its unit. */
    exact(node) {
      const value = this.of(node);
      if (Number.isNaN(value)) return 'no data';
      return value === Infinity ? 'non-finite' : /ms|bytes|zeros/.test(this.key) ? `${vk.sixDigits(value)} (${this.show(value)})` : vk.sixDigits(value);
    }

    colored() {
      let known = 0;
      for (const value of this.values.values()) if (!Number.isNaN(value)) known += 1;
      return known;
    }

    /** Title, bar and units; sampled values say from which step they are. */
    legend(playhead) {
      if (this.key === 'none' || !this.colored()) return '';
      const extras = this.by === 'module' ? [] : [['vk-swatch-frozen', 'frozen']];
      if (this.by) extras.unshift(['vk-swatch-nonfinite', 'non-finite']);
      const isOlder = this.step !== null && this.step < playhead;
      const when = isOlder ? `, of step ${vk.format.exact(this.step)}` : '';
      return vk.legend(this.scale, this.word + this.unit + when, extras);
    }
  }
  vk.GraphOverlay = GraphOverlay;
})((window.vk = window.vk || {}));
