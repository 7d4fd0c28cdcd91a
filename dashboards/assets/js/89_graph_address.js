/* The graph page in the address: what is drawn, compared and coloured, which node, and what was opened by hand. */
(function (vk) {
  'use strict';

  const MOST_IDS = 60; // beyond, the address would be longer than it is worth

  const { names } = vk.url.codecs;
  const some = { parse: names.parse, format: (ids) => (ids.size > MOST_IDS ? '' : names.format(ids)) };
  const minus = (a, b) => new Set([...a].filter((id) => !b.has(id)));
  const isEqual = (a, b) => a.size === b.size && [...a].every((id) => b.has(id));

  vk.graphAddress = {
    /** What is open in a model: what opens at first, and what the user opened and closed. */
    openIn(model, first) {
      const { graphOpened, graphClosed } = vk.store.get();
      const open = new Set([...first, ...graphOpened].filter((id) => model.byId.has(id)));
      graphClosed.forEach((id) => open.delete(id));
      return open;
    },

    /** Remember what the user opened and closed, as far as it differs from what opens at first. */
    keep(open, first) {
      const { graphOpened, graphClosed } = vk.store.get();
      const [opened, closed] = [minus(open, first), minus(first, open)];
      if (!isEqual(opened, graphOpened)) vk.store.set({ graphOpened: opened });
      if (!isEqual(closed, graphClosed)) vk.store.set({ graphClosed: closed });
    },
  };

  vk.onStart(() => {
    const { bind, codecs } = vk.url;
    bind('overlay', 'overlay', { parse: (text) => (vk.OVERLAYS[text] ? text : ''), format: (value) => value }, '');
    bind('graphView', 'view', codecs.text, '');
    bind('graphAgainst', 'vs', codecs.text, '');
    bind('graphNode', 'node', codecs.text, null);
    bind('graphOpened', 'gopen', some, new Set());
    bind('graphClosed', 'gclose', some, new Set());
  });
})((window.vk = window.vk || {}));
