/* The tree of a captured graph: module calls around what they ran, parameters on what reads them. No DOM. */
(function (vk) {
  'use strict';

  const HELD = new Set(['parameter', 'buffer', 'constant']);
  const CIRCUIT = { bare: 30, withModules: 16 };

  const SOURCES = {
    dynamic: 'Step', export: 'torch.export', torchscript: 'TorchScript', fx: 'FX', inductor: 'Compiled', onnx: 'ONNX',
    tensorflow: 'TensorFlow', keras: 'Keras', caffe: 'Caffe',
  };

  /** A tiny graph without modules around it is drawn with its parameters as nodes, as on a blackboard. */
  function isCircuit({ nodes, scopes }) {
    const called = scopes.filter((scope) => scope.call >= 0).length;
    return nodes.length <= (called ? CIRCUIT.withModules : CIRCUIT.bare);
  }

  const lastPart = (path) => path.slice(path.lastIndexOf('.') + 1);

  function moduleOf(scope) {
    const name = lastPart(scope.path);
    return vk.blankGraphNode({
      id: scope.id,
      name,
      plainName: name,
      call: scope.call,
      path: scope.path,
      op: scope.op,
      kind: 'module',
      inputShapes: scope.inputShapes,
      outputShapes: scope.outputShapes,
      state: scope.state,
      change: scope.change,
      isCalled: scope.call >= 0,
    });
  }

  class CallTree {
    constructor(doc, options) {
      Object.assign(this, { doc, ...vk.graphRecords(doc) });
      this.isCircuit = options.circuit ?? isCircuit(this);
      this.byId = new Map();
      this.aliases = new Map();
      this.sizes = new Map();
      const op = SOURCES[doc.source] || doc.source || 'Graph';
      this.root = vk.blankGraphNode({ id: '', name: '', op, kind: 'module', isCalled: true, isFrame: true, isCircuit: this.isCircuit });
      this.byId.set('', this.root);
      this.byPath = new Map();
    }

    build() {
      this.scopes.forEach((scope) => this.byId.set(scope.id, moduleOf(scope)));
      this.scopes.filter((scope) => scope.call >= 0).forEach((scope) => this.hang(this.byId.get(scope.id), scope.parent));
      this.leaves();
      this.nameOnlyInput();
      this.badges();
      this.hangUncalled();
      return this;
    }

    hang(node, parent) {
      const holder = this.byId.get(parent);
      node.parent = holder && holder !== node ? holder : this.root;
      node.parent.children.push(node);
      if (node.kind === 'module') this.name(node);
      if (node.kind === 'module' && !this.byPath.has(node.path)) this.byPath.set(node.path, node);
    }

    /** By its path as far as the module around it does not say it: "blocks.0"; and which call it is. */
    name(node) {
      const around = node.parent.path;
      node.plainName = around && node.path.startsWith(`${around}.`) ? node.path.slice(around.length + 1) : node.path;
      node.name = node.call > 0 && node.plainName ? `${node.plainName} (call ${node.call + 1})` : node.plainName;
    }

    leaves() {
      const { ranges, counts } = this.doc;
      for (const node of this.nodes) {
        if (ranges) node.range = vk.graphRange(ranges[node.id]);
        if (counts) node.count = counts[node.id] || 1;
        if (HELD.has(node.kind)) this.hold(node);
        else {
          this.byId.set(node.id, node);
          this.hang(node, node.scope);
        }
      }
    }

    /** "input" rather than "input 0" where there is no other. */
    nameOnlyInput() {
      for (const kind of ['input', 'output']) {
        const [only, ...more] = this.nodes.filter((node) => node.kind === kind);
        if (only && !more.length) only.name = only.name.replace(/ 0$/, '');
      }
    }

    /** A parameter, buffer or constant: no box of its own, unless this is a circuit. */
    hold(node) {
      const { id, fullName, kind, outputShapes, state, change } = node;
      const shape = outputShapes.length ? vk.shapeText(outputShapes[0]) : '';
      if (kind === 'parameter') this.sizes.set(fullName, node);
      node.badge = { id, name: lastPart(fullName), fullName, kind, shape, state, change };
    }

    badges() {
      const readers = new Map();
      for (const { from, to } of this.edges) if (from.badge) this.into(readers, from, to);
      if (!this.isCircuit) this.absorb(readers);
      this.nodes.filter((node) => node.badge && !node.absorbed).forEach((node) => this.give(node, [...(readers.get(node) || [])]));
    }

    into(readers, node, reader) {
      if (!readers.has(node)) readers.set(node, new Set());
      readers.get(node).add(reader);
    }

    give(node, readers) {
      if (this.isCircuit && readers.length) return this.asNode(node, readers[0]);
      const owners = readers.length ? readers : [this.ownerOf(node.path)];
      for (const owner of owners) {
        vk.addTo(owner, 'badges', node.badge);
        if (node.kind === 'parameter') vk.addTo(owner, 'ownNames', node.fullName);
      }
    }

    asNode(node, reader) {
      this.byId.set(node.id, node);
      node.name = node.badge.name === node.fullName && /^\d+$/.test(node.fullName) ? `${node.kind} ${node.fullName}` : node.badge.name;
      node.order = reader.order - 0.5;
      node.parent = reader.parent;
      reader.parent.children.push(node);
      if (node.kind === 'parameter') vk.addTo(node, 'ownNames', node.fullName);
    }

    /** `T` of a weight is how a Linear reads it, not a step worth a box: what read it reads the weight. */
    absorb(readers) {
      const reads = new Map();
      const readBy = new Map();
      for (const { from, to } of this.edges) {
        if (to.op === 'T') this.into(reads, to, from);
        if (from.op === 'T') this.into(readBy, from, to);
      }
      const thinned = new Set();
      for (const node of this.nodes.filter(({ op }) => op === 'T')) {
        const [sources, targets] = [[...(reads.get(node) || [])], [...(readBy.get(node) || [])]];
        if (!sources.length || !sources.every(({ badge }) => badge) || targets.length !== 1) continue;
        node.absorbed = targets[0];
        this.byId.delete(node.id);
        this.aliases.set(node.id, targets[0].id);
        thinned.add(node.parent);
        for (const source of sources) {
          readers.get(source).delete(node);
          readers.get(source).add(targets[0]);
        }
      }
      thinned.forEach((parent) => (parent.children = parent.children.filter((child) => !child.absorbed)));
    }

    /** The call of the innermost module around a path. */
    ownerOf(path) {
      for (let at = path; ; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
        if (this.byPath.has(at)) return this.byPath.get(at);
        if (!at) return this.root;
      }
    }

    /** Modules that never ran, grey and last, unless they only hold what ran (a ModuleList, a parameter's owner). */
    hangUncalled() {
      const busy = new Set();
      const note = (path) => {
        for (let at = path; at && !busy.has(at); at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) busy.add(at);
      };
      this.scopes.filter((scope) => scope.call >= 0).forEach((scope) => note(scope.path));
      this.nodes.filter((n) => n.kind === 'parameter' && n.state !== 'unused').forEach((n) => note(n.path));
      for (const scope of this.scopes.filter(({ call }) => call < 0)) {
        const node = this.byId.get(scope.id);
        if (busy.has(scope.path)) this.byId.delete(scope.id);
        else this.hangIdle(node);
      }
    }

    hangIdle(node) {
      const owner = this.ownerOf(node.path.slice(0, Math.max(0, node.path.lastIndexOf('.'))));
      node.isIdle = true;
      this.hang(node, owner.id);
      const isMine = (badge) => badge.fullName.startsWith(`${node.path}.`);
      for (let at = owner; at; at = at.parent) {
        at.badges.filter(isMine).forEach((badge) => vk.addTo(node, 'badges', badge));
        node.ownNames.push(...at.ownNames.filter((name) => name.startsWith(`${node.path}.`)));
        at.badges = at.badges.filter((badge) => !isMine(badge));
        at.ownNames = at.ownNames.filter((name) => !name.startsWith(`${node.path}.`));
      }
    }

    /** What flows: {from, to, shape, kind, change} between nodes that have a place in the tree. */
    flows() {
      return this.edges.filter(({ from, to }) => !from.absorbed && !to.absorbed && from.parent && to.parent);
    }
  }

  /** Read columns: {root, byId, flows, aliases, isCircuit, sizes, fold()}; fold puts repeats into stacks. */
  vk.graphCalls = function (doc, options = {}) {
    const tree = new CallTree(doc, options).build();
    const { root, byId, aliases, sizes } = tree;
    const fold = () => (doc.repeats || []).forEach((repeat) => vk.foldTurns(repeat, byId));
    return { root, byId, aliases, sizes, fold, flows: tree.flows(), isCircuit: tree.isCircuit };
  };
})((window.vk = window.vk || {}));
