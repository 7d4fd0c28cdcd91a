/* From the tags of the selected runs to the sections of the scalars page. Pure. */
(function () {
  'use strict';
  const vk = window.vk;
  const MAIN = 'main'; // the section of tags without a slash
  const LAST = ['perf'];

  /** Everything that matches, or an error text for a pattern that is none. */
  function matcher(pattern) {
    if (!pattern) return { test: () => true, error: null };
    try {
      const regex = new RegExp(pattern, 'i');
      return { test: (text) => regex.test(text), error: null };
    } catch (error) {
      return { test: () => true, error: `Not a regular expression: ${error.message.split(': ').pop().toLowerCase()}` };
    }
  }

  /**
   * Sections of cards: [{key, name, vector, tags: [{tag, name, runs}]}]. byRun is a list of
   * [run, rows of /api/v1/tags]; vectors (one tag per parameter) come last and in layer order.
   */
  function group(byRun, matches) {
    const sections = new Map();
    const cards = new Map(); // tag -> its card, or null where it does not match
    for (const [run, rows] of byRun) {
      for (const row of rows) {
        let card = cards.get(row.tag);
        if (card === undefined) {
          card = matches(row.tag) ? { tag: row.tag, runs: [], position: row.position || 0, ...place(row) } : null;
          cards.set(row.tag, card);
          if (card) sectionOf(sections, card).tags.push(card);
        }
        if (card) card.runs.push(run);
      }
    }
    const list = [...sections.values()].sort(inOrder);
    for (const section of list) section.tags.sort(section.vector ? byPosition : byName);
    return list;
  }

  function place({ tag, group: vector }) {
    if (vector) return { key: vector, section: vector.replace(/\/?\*$/, '/'), vector: true, name: tag.slice(vector.length - 1) };
    const slash = tag.indexOf('/');
    if (slash < 0) return { key: MAIN, section: MAIN, vector: false, name: tag };
    return { key: tag.slice(0, slash), section: tag.slice(0, slash + 1), vector: false, name: tag.slice(slash + 1) };
  }

  function sectionOf(sections, { key, section, vector }) {
    if (!sections.has(key)) sections.set(key, { key, name: section, vector, tags: [] });
    return sections.get(key);
  }

  const rank = ({ key, vector }) => (vector ? 3 : LAST.includes(key) ? 2 : key === MAIN ? 0 : 1);
  const { compare } = new Intl.Collator('en', { numeric: true });
  const inOrder = (a, b) => rank(a) - rank(b) || compare(a.key, b.key);
  const byName = (a, b) => compare(a.tag, b.tag);
  const byPosition = (a, b) => a.position - b.position || byName(a, b);

  vk.tagGroups = { group, matcher };
})();
