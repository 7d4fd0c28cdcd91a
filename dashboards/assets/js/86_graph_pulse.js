/* The pulse of a running training: tells within the blink in which a step arrives, not with the next list of runs. */
(function (vk) {
  'use strict';

  const USUAL = ['loss', 'grad_norm'];

  class GraphPulse {
    /** `beat` is called when a run that is followed got new steps. */
    constructor(beat) {
      Object.assign(this, { beat, run: null, off: null });
    }

    /** Follow `run`; null follows none. */
    async follow(run) {
      if (run === this.run) return;
      this.stop();
      const tag = run && this.tagOf(run);
      if (!tag) return;
      this.run = run;
      try {
        const { total } = await vk.api.json('series', { run, tag, max_points: 4 });
        if (this.run !== run || this.off) return;
        this.off = vk.hub.subscribe(run, tag, total, { data: () => this.beat(), reset: () => this.again() });
      } catch (_) {
        this.run = null; // asked again at the next news of the run
      }
    }

    /** A series of the run that is logged at each step, most likely. */
    tagOf(run) {
      const tags = (vk.tags.of(run) || []).filter(({ group }) => !group).map(({ tag }) => tag);
      return USUAL.find((tag) => tags.includes(tag)) || tags[0];
    }

    again() {
      const { run } = this;
      this.stop();
      this.beat();
      this.follow(run);
    }

    stop() {
      if (this.off) this.off();
      Object.assign(this, { run: null, off: null });
    }
  }
  vk.GraphPulse = GraphPulse;
})((window.vk = window.vk || {}));
