/* Where a chart's curves come from: a series for each run, or, while runs are grouped, one reading of
   bands for all groups. */
(function () {
  'use strict';
  const vk = window.vk;
  const COLUMNS = 400; // of a band

  const keyOf = ({ run, tag }) => `${run}\u0000${tag}`;
  const sayProblem = ({ message, hint }) => [message, hint].filter(Boolean).join('. ');

  class Sources {
    /** `changed` is called when something else is to be drawn. */
    constructor(changed) {
      this.changed = changed;
      this.entries = []; // {given, series}
      this.bands = null;
    }

    /** Show other series; those that stay keep their data. */
    setSeries(list) {
      const before = new Map(this.entries.map((entry) => [keyOf(entry.given), entry]));
      this.entries = list.map((given) => {
        const kept = before.get(keyOf(given));
        before.delete(keyOf(given));
        return kept ? Object.assign(kept, { given }) : { given, series: new vk.ChartSeries(given, this.changed) };
      });
      for (const { series } of before.values()) series.destroy();
      const budget = vk.pointsBudget(list.length);
      for (const { given, series } of this.entries) {
        series.label = given.label;
        series.afford(budget);
      }
    }

    /** Show these groups of runs ([{key, label, color, runs}]), or the runs with null. */
    setGroups(groups) {
      if (groups) {
        for (const { series } of this.entries) series.close();
        if (!this.bands) this.bands = new vk.GroupBands((this.entries[0] || { given: {} }).given.tag, this.changed);
        this.bands.setGroups(groups, new Set(this.entries.map(({ given }) => given.run)));
      } else if (this.bands) {
        this.bands.destroy();
        this.bands = null;
      }
    }

    open(want) {
      if (this.bands) this.bands.refresh(want, COLUMNS);
      else for (const { series } of this.entries) series.open();
    }

    close() {
      if (this.bands) this.bands.giveUp();
      for (const { series } of this.entries) series.close();
    }

    /** Runs moved on: listen to those that did, read groups anew. */
    heed(want) {
      if (this.bands) this.bands.refresh(want, COLUMNS);
      else for (const { series } of this.entries) series.heed();
    }

    /** Read what this window needs beyond what is there. */
    refine(want) {
      if (this.bands) this.bands.refresh(want, COLUMNS);
      else for (const { series } of this.entries) series.refine(want);
    }

    retry() {
      for (const { series } of this.entries) series.retry();
      if (this.bands) this.bands.retry();
    }

    /** What a composition needs of the sources. */
    specify() {
      return {
        groups: this.bands,
        series: this.entries.map(({ given, series }) => ({
          series, color: given.color || vk.colors.of(given.run), dash: given.dash || vk.colors.dash(given.run),
        })),
      };
    }

    /** {problem: words or null, isDrawable: whether there is a curve}. */
    state() {
      if (this.bands) return this.bands.state();
      let [failed, empty, drawable] = [0, 0, false];
      for (const { series } of this.entries) {
        if (series.state === 'failed') failed += 1;
        else if (series.state === 'ready' && !series.points.n) empty += 1;
        drawable = drawable || series.points.n > 0;
      }
      const n = this.entries.length;
      const problem = n && failed === n ? sayProblem(this.entries[0].series.error) : n && empty === n ? 'No points yet' : null;
      return { problem, isDrawable: drawable };
    }

    /** Nothing is on its way. */
    isComplete() {
      return Boolean(this.bands) || this.entries.every(({ series }) => series.state === 'ready' || series.state === 'failed');
    }

    runs() {
      return this.entries.length;
    }

    given() {
      return this.entries.map(({ given }) => given);
    }

    destroy() {
      if (this.bands) this.bands.destroy();
      for (const { series } of this.entries) series.destroy();
    }
  }

  /** The line of a plan that shows a curve: its smoothed one where there is one. */
  vk.lineOf = (plan, { series }) => {
    if (!series) return null;
    const id = keyOf(series);
    return plan.lines.find((line) => line.id === `${id}:smooth`) || plan.lines.find((line) => line.id === `${id}:raw`) || null;
  };

  vk.ChartSources = Sources;
  vk.sayProblem = sayProblem;
})();
