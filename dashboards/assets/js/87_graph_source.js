/* Reading what the graph page shows: one small answer at each step, a graph only when another one is to be drawn. */
(function (vk) {
  'use strict';

  const KEPT = 8;
  const CALM = 1500; // ms that a live drawing stays before one known version gives way to another
  const CIRCUIT = ['node_value', 'node_grad'];

  class GraphSource {
    constructor() {
      Object.assign(this, { docs: new Map(), news: new vk.GraphNews() });
    }

    /** {list, shown, doc, at, findings, values}: what there is, what is drawn, and the values at the playhead. */
    async read({ run, view, overlay }) {
      const asked = vk.asOf({ run });
      const [list, at, findings] = await Promise.all([vk.api.json('graphs', asked), this.at(asked, overlay), this.findings(asked)]);
      this.hold(list, run, asked.until === null);
      const against = this.news.hear(run, list, asked.until === null);
      const shown = vk.graphChoice(list, view, against);
      const [doc, values] = await Promise.all([shown && this.doc(asked, shown), this.values(asked, shown)]);
      return { list, shown, doc, at, findings, values };
    }

    /** A training may change between known versions at each step: what is drawn follows at a humane pace, news at once. */
    hold(list, run, isLive) {
      const { drawn } = this;
      const rest = drawn && drawn.run === run ? drawn.since + CALM - performance.now() : 0;
      const isOther = drawn && list.current !== drawn.version;
      this.heldFor = isLive && isOther && rest > 0 && this.news.known.has(list.current) ? rest : 0;
      if (!this.heldFor && (isOther || !drawn || drawn.run !== run)) this.drawn = { run, version: list.current, since: performance.now() };
      list.drawn = this.drawn.version;
    }

    at(asked, overlay) {
      const { prefix } = vk.OVERLAYS[overlay];
      return prefix ? vk.api.json('at', { ...asked, prefix: prefix.slice(0, -1), steps: 1 }) : {};
    }

    /** Findings are a help: a graph is shown without them too. */
    async findings(asked) {
      try {
        return await vk.api.json('findings', asked);
      } catch (_) {
        return [];
      }
    }

    async doc(asked, shown) {
      const key = `${asked.run}\n${shown.key}`;
      if (!this.docs.has(key)) {
        const { form, version, tag, against, against_tag } = shown;
        const doc = await vk.api.json('graph', { ...asked, form, version: tag === undefined ? version : null, tag, against, against_tag });
        this.docs.set(key, doc);
        if (this.docs.size > KEPT) this.docs.delete(this.docs.keys().next().value);
      }
      return this.docs.get(key);
    }

    /** Values of single nodes, as the lecture's circuit diagrams show them; null where the run logs none. */
    async values({ run, until }, shown) {
      const tags = vk.tags.of(run);
      if (!shown || !shown.version || !tags || !tags.some(({ tag }) => tag.startsWith('node_value/'))) return null;
      const [value, grad] = await Promise.all(CIRCUIT.map((prefix) => vk.api.json('at', { run, until, prefix: `${prefix}/` })));
      const of = (known, prefix, id) => (known[`${prefix}/${id}`] === undefined ? undefined : Number(known[`${prefix}/${id}`]));
      const ids = new Set(Object.keys({ ...value, ...grad }).map((tag) => tag.slice(tag.indexOf('/') + 1)));
      return new Map([...ids].map((id) => [id, { value: of(value, 'node_value', id), grad: of(grad, 'node_grad', id) }]));
    }
  }
  vk.GraphSource = GraphSource;

  /** The node of a model that a finding is about, null if it has none: by id, else by path and operation, else by path. */
  vk.nodeOfFinding = function (model, finding) {
    const id = finding.node && (model.aliases && model.aliases.has(finding.node) ? model.aliases.get(finding.node) : finding.node);
    if (id && model.byId.has(id)) return model.byId.get(id);
    const path = (finding.paths || [])[0];
    if (path === undefined && !finding.node) return null;
    const nodes = [...model.byId.values()];
    const here = nodes.filter((node) => node.path === path && path !== undefined);
    const parameter = (finding.parameters || [])[0];
    return (
      here.find((node) => finding.op && node.op === finding.op && node.kind !== 'module') ||
      here.find((node) => node.kind === 'module') ||
      here[0] ||
      (parameter && nodes.find((node) => !node.children.length && node.allNames.includes(parameter))) ||
      null
    );
  };

  /** Findings pinned at a node or at what it holds. */
  vk.findingsIn = function (node, pins) {
    const own = pins.get(node.id);
    return [...(own ? own.findings : []), ...(pins.size ? node.children.flatMap((child) => vk.findingsIn(child, pins)) : [])];
  };

  const GRAVE = { error: 2, warning: 1 };

  /** Pins of findings by node: Map of id to {level, text, findings}, the gravest level of each. */
  vk.graphPins = function (model, findings) {
    const pins = new Map();
    for (const finding of findings) {
      const node = vk.nodeOfFinding(model, finding);
      if (!node) continue;
      const pin = pins.get(node.id) || { level: finding.level, text: '', findings: [] };
      if ((GRAVE[finding.level] || 0) > (GRAVE[pin.level] || 0)) pin.level = finding.level;
      pin.findings.push(finding);
      pin.text = pin.findings.map(({ sentence }) => sentence).join('\n');
      pins.set(node.id, pin);
    }
    return pins;
  };
})((window.vk = window.vk || {}));
