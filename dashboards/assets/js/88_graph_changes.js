/* What differs, in words: of the version shown, or of a comparison. A click on a sentence shows its nodes. */
(function (vk) {
  'use strict';

  const FEW = 3;
  const COUNTS = [['added', '+'], ['removed', '\u2212'], ['reshaped', '\u25ad'], ['rewired', '\u21c4']];

  class GraphChanges {
    /** `on` is {mark(ids), compare(sentence)}. */
    constructor(on) {
      Object.assign(this, { on, isLong: false });
      this.el = vk.el('section', { class: 'vk-graph-changes', 'aria-label': 'Changes', hidden: true });
    }

    /** {title, sentences, nodes (ids for each, or null where they are not drawn), counts, shown}. */
    show(changes) {
      this.el.hidden = !changes;
      const key = JSON.stringify(changes);
      if (!changes || key === this.key) return void (this.key = key);
      if (this.title !== changes.title) this.isLong = false;
      Object.assign(this, { key, changes, title: changes.title });
      this.build();
      return undefined;
    }

    build() {
      const { title, sentences, counts, shown } = this.changes;
      const some = this.isLong ? sentences : sentences.slice(0, FEW);
      const rest = sentences.length - FEW;
      const more =
        rest > 0
          ? vk.el('li', {}, vk.el('button', { type: 'button', class: 'vk-link-button', 'aria-expanded': String(this.isLong), onclick: () => this.toggle() }, this.isLong ? 'fewer' : `${rest} more`))
          : '';
      this.el.replaceChildren(
        vk.el('span', { class: 'vk-changes-title' }, title),
        counts ? this.counts(counts) : '',
        shown ? vk.el('span', { class: 'vk-muted' }, shown) : '',
        vk.el('ul', {}, sentences.length ? some.map((text, i) => this.sentence(text, i)) : vk.el('li', { class: 'vk-muted' }, 'no difference'), more),
      );
    }

    toggle() {
      this.isLong = !this.isLong;
      this.build();
      this.el.querySelector('[aria-expanded]').focus();
    }

    counts(counts) {
      const some = COUNTS.filter(([change]) => counts[change]);
      return vk.el('span', { class: 'vk-changes-counts' }, some.map(([change, sign]) => vk.el('span', { data: { change } }, `${sign} ${counts[change]} ${change}`)));
    }

    sentence(text, place) {
      const { nodes } = this.changes;
      const act = () => (nodes ? this.on.mark(nodes[place]) : this.on.compare(text));
      return vk.el('li', {}, vk.el('button', { type: 'button', class: 'vk-change', title: 'Show it in the graph', onclick: act }, text));
    }
  }
  vk.GraphChanges = GraphChanges;
})((window.vk = window.vk || {}));
