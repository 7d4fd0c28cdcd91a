/* Which graph is drawn: the module tree, what really ran, or one logged by name; and what it is compared with. */
(function (vk) {
  'use strict';

  const TAG = 'tag:';
  const VERSION = 'v:';
  const SOURCES = {
    export: 'torch.export', torchscript: 'TorchScript', fx: 'torch.fx', inductor: 'torch.compile', onnx: 'ONNX', tensorflow: 'TensorFlow', keras: 'Keras',
    caffe: 'Caffe', dynamic: 'as it ran',
  };
  vk.graphSources = SOURCES;

  const loggedAs = (list, view) => list.logged.find(({ tag }) => view === TAG + tag);

  /** Whether a loop ran more often at one step than at another; only then rolling up tells more than it hides. */
  const hasLoops = (list) => list.versions.some(({ topologies }) => topologies > 1);

  /** What there is to draw, best first, of an answer of /api/v1/graphs. */
  function views(list) {
    const forms = hasLoops(list) ? ['rolled', 'calls'] : ['calls', 'rolled'];
    const ran = list.versions.length ? forms : [];
    return [...ran, ...(list.tree ? ['modules'] : []), ...list.logged.map(({ tag }) => TAG + tag)];
  }

  /** The version that `version` came out of; of the first one the version that ran before it last. */
  function before(list, version) {
    const current = list.versions.find((one) => one.version === version);
    if (current && current.parent !== null) return current.parent;
    const ran = list.turns.version.filter((number) => number > 0);
    return ran.reverse().find((number) => number !== version) ?? null;
  }

  function rival(list, against, shown) {
    if (!shown || shown.view === 'modules') return {};
    const logged = against.startsWith(TAG) && loggedAs(list, against);
    if (logged && shown.tag !== logged.tag) return { against_tag: logged.tag, rivalKey: logged.key, rivalName: logged.tag };
    const number = against === 'previous' ? before(list, shown.version) : against.startsWith(VERSION) ? Number(against.slice(VERSION.length)) : null;
    const other = list.versions.find(({ version }) => version === number);
    if (!other || other.version === shown.version) return {};
    return { against: other.version, rivalKey: other.key, rivalName: `version ${other.version}` };
  }

  /** What to draw of what there is: {view, form, version, tag, against, against_tag, rivalName, key}, null for nothing. A
   *  view that is not there at the playhead gives way to the best that is. */
  vk.graphChoice = function (list, wanted, against) {
    const there = views(list);
    const view = there.includes(wanted) ? wanted : there[0];
    if (!view) return null;
    if (view === 'modules') return { view, key: `modules ${list.tree_key}` };
    const logged = loggedAs(list, view);
    const drawn = list.drawn ?? list.current;
    const current = list.versions.find(({ version }) => version === drawn);
    const shown = logged ? { view, form: 'calls', tag: logged.tag, own: logged.key } : { view, form: view, version: drawn, own: current && [current.key, current.look] };
    Object.assign(shown, rival(list, against, shown));
    return { ...shown, key: JSON.stringify([shown.form, shown.own, shown.rivalKey]) };
  };

  const option = (value, word) => vk.el('option', { value }, word);
  const nameOf = ({ tag, source }) => (SOURCES[source] && source !== 'dynamic' ? `${tag} (${SOURCES[source]})` : tag);

  function viewOptions(list) {
    const ran = list.versions.length ? [option('rolled', 'Rolled up'), option('calls', 'Every call')] : [];
    const tree = list.tree ? [option('modules', 'Modules')] : [];
    const logged = list.logged.map((one) => option(TAG + one.tag, nameOf(one)));
    return [...ran, ...tree, logged.length ? vk.el('optgroup', { label: 'Logged by name' }, logged) : null];
  }

  function againstOptions(list, shown) {
    const versions = list.versions.filter(({ version }) => version !== shown.version).map(({ version }) => option(VERSION + version, `version ${version}`));
    const logged = list.logged.filter(({ tag }) => tag !== shown.tag).map((one) => option(TAG + one.tag, nameOf(one)));
    return [
      option('', 'nothing'),
      list.versions.length > 1 ? option('previous', 'the version before') : null,
      versions.length ? vk.el('optgroup', { label: 'Versions' }, versions) : null,
      logged.length ? vk.el('optgroup', { label: 'Logged by name' }, logged) : null,
    ];
  }

  const select = (label, onchange) => vk.el('select', { class: 'vk-input', 'aria-label': label, onchange });

  /** The two pickers; they write `graphView` and `graphAgainst` of the store. */
  class GraphPickers {
    constructor() {
      this.view = select('What is drawn', () => vk.store.set({ graphView: this.view.value }));
      this.against = select('Compare with', () => vk.store.set({ graphAgainst: this.against.value || 'off' }));
      this.view.title = 'Rolled up: each operation of a module once, with how often it ran. Every call: as often as it ran.';
      this.viewBox = vk.el('label', { class: 'vk-labelled' }, 'draw', this.view);
      this.againstBox = vk.el('label', { class: 'vk-labelled' }, 'compare with', this.against);
    }

    update(list, shown) {
      const key = JSON.stringify([list.versions.map(({ version }) => version), list.logged.map(({ tag }) => tag), list.tree, shown && [shown.version, shown.tag]]);
      if (key !== this.key) {
        this.view.replaceChildren(...viewOptions(list).filter(Boolean));
        this.against.replaceChildren(...(shown ? againstOptions(list, shown).filter(Boolean) : []));
      }
      this.key = key;
      const { graphAgainst } = vk.store.get();
      this.view.value = shown ? shown.view : '';
      this.against.value = graphAgainst === 'off' ? '' : graphAgainst;
      if (this.against.selectedIndex < 0) this.against.value = '';
      this.viewBox.hidden = !shown || this.view.options.length < 2;
      this.againstBox.hidden = !shown || shown.view === 'modules' || this.against.options.length < 2;
    }
  }
  vk.GraphPickers = GraphPickers;
})((window.vk = window.vk || {}));
