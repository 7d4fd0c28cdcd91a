/* The worker that lays out levels of the graph, so that the page stays smooth. Its address says where the page is. */
'use strict';
const parts = ['level', 'ranks', 'layering', 'solve'];
importScripts('../vendor/dagre.min.js', ...parts.map((part) => `../js/81_graph_${part}.js`));

const solver = new vk.GraphSolver(self.dagre);

/** Answer {id, spec} with the levels of the solved tree. */
self.onmessage = ({ data: { id, spec } }) => {
  const before = solver.computed;
  try {
    solver.solve(spec);
    self.postMessage({ id, levels: [...solver.levels(spec)], computed: solver.computed - before });
  } catch (error) {
    self.postMessage({ id, error: String(error) });
  }
};
