/* What is new: a version that comes while one looks is told and compared; and what a comparison says in words. */
(function (vk) {
  'use strict';

  class GraphNews {
    constructor() {
      Object.assign(this, { run: null, known: new Set() });
    }

    /** Take the list of versions of a run; return what to compare with. `isLive` while the page follows the training. */
    hear(run, list, isLive) {
      const fresh = isLive && this.run === run ? list.versions.filter(({ version }) => !this.known.has(version)) : [];
      if (this.run !== run) Object.assign(this, { run, known: new Set() });
      list.versions.forEach(({ version }) => this.known.add(version));
      const newest = fresh[fresh.length - 1];
      if (newest && newest.parent !== null) this.tell(newest);
      return vk.store.get().graphAgainst;
    }

    tell({ version, first_step: step, changes }) {
      vk.announce(`Version ${version} of the graph at step ${vk.format.exact(step)}: ${changes.slice(0, 3).join('; ')}`);
      // Off is a choice; nothing chosen means: show what is new.
      if (vk.store.get().graphAgainst === '') vk.store.set({ graphAgainst: 'previous' });
    }
  }
  vk.GraphNews = GraphNews;

  const CHANGES = ['added', 'removed', 'reshaped', 'rewired'];

  /** How many nodes that could be drawn changed in which way, and how many of them are: "2 of 3 added nodes shown". */
  function countChanges(page) {
    const { layout } = page.parts.canvas;
    const leaves = [...page.model.byId.values()].filter((node) => !node.children.length && node.change);
    const counts = Object.fromEntries(CHANGES.map((change) => [change, leaves.filter((node) => node.change === change).length]));
    const isDrawn = (node) => {
      let at = node; // a closed module that is new as a whole shows what is in it
      while (at.parent && !(layout && layout.byId.has(at.id))) at = at.parent;
      return at.change === node.change;
    };
    const words = ['added', 'removed'].map((change) => {
      const drawn = leaves.filter((node) => node.change === change && isDrawn(node)).length;
      return drawn < counts[change] ? `${drawn} of ${counts[change]} ${change} nodes shown` : '';
    });
    return { counts, shown: words.filter(Boolean).join(', ') };
  }

  /** What differs, for vk.GraphChanges: of the comparison that is drawn, else what the training noted of the version; null
   *  for nothing. */
  vk.graphDifference = function (page) {
    const { doc, shown, list } = page;
    if (doc.diff && shown.rivalName) {
      const { sentences, nodes } = doc.diff;
      return { title: `compared with ${shown.rivalName}:`, sentences, nodes, ...countChanges(page) };
    }
    const current = !shown.tag && list.versions.find(({ version }) => version === shown.version);
    if (!current || !current.changes.length || current.parent === null) return null;
    return { title: `new in version ${current.version}, after version ${current.parent}:`, sentences: current.changes, nodes: null, counts: null, shown: '' };
  };
})((window.vk = window.vk || {}));
