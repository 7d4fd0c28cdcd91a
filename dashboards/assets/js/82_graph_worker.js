/* Levels laid out elsewhere: in a worker; without one, small levels by the library here, large ones by our own hand. */
(function (vk) {
  'use strict';

  const PATIENCE_MS = 4000;
  const SLOW = 'too slow';

  class GraphLayouts {
    constructor() {
      this.solver = new vk.GraphSolver();
      this.waiting = new Map();
      this.next = 0;
    }

    /** Sizes and levels of a tree of specs; at once (true) where they are known or easy, else a promise. */
    solve(spec) {
      if (this.solver.solve(spec, true)) return true;
      return this.ask(spec).then(() => this.solver.solve(spec));
    }

    async ask(spec) {
      try {
        const { levels } = await this.inWorker(bare(spec));
        levels.forEach(([key, level]) => this.solver.keep(key, level));
      } catch (error) {
        this.stop();
        this.isBroken = error.message !== SLOW;
        this.solver.dagre = this.isBroken ? await library() : null;
      }
    }

    inWorker(spec) {
      if (this.isBroken || typeof Worker === 'undefined') return Promise.reject(new Error('no worker'));
      if (!this.worker) this.start();
      const id = this.next++;
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => this.answer({ id, error: SLOW }), PATIENCE_MS);
        this.waiting.set(id, { resolve, reject, timer });
        this.worker.postMessage({ id, spec });
      });
    }

    start() {
      this.worker = new Worker(vk.asset('worker/graph_layout.js'));
      this.worker.onmessage = ({ data }) => this.answer(data);
      this.worker.onerror = (event) => {
        event.preventDefault();
        [...this.waiting.keys()].forEach((id) => this.answer({ id, error: event.message || 'the worker failed' }));
      };
    }

    answer({ id, error, levels, computed }) {
      const asked = this.waiting.get(id);
      if (!asked) return;
      this.waiting.delete(id);
      clearTimeout(asked.timer);
      if (error) return asked.reject(new Error(error));
      this.solver.computed += computed;
      asked.resolve({ levels });
    }

    stop() {
      if (this.worker) this.worker.terminate();
      this.worker = null;
    }
  }

  /** Only what a worker needs and can be sent. */
  function bare({ width, height, least, kids, edges, loops, gap, entry, exit }) {
    return kids ? { least, kids: kids.map(bare), edges, loops, gap, entry, exit } : { width, height };
  }

  /** dagre on this thread, or null where it cannot be had. */
  function library() {
    return new Promise((resolve) => {
      if (window.dagre) return resolve(window.dagre);
      const script = vk.el('script', { src: vk.asset('vendor/dagre.min.js') });
      script.onload = () => resolve(window.dagre || null);
      script.onerror = () => resolve(null);
      document.head.append(script);
    });
  }

  vk.GraphLayouts = GraphLayouts;
  /** One for the page, so that what was laid out once is known everywhere. */
  vk.graphLayouts = () => (vk.graphLayouts.one = vk.graphLayouts.one || new GraphLayouts());
})((window.vk = window.vk || {}));
