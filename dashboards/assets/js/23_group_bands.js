/* What groups of runs do together on one tag: read for the window in view, anew at most once a
   second while they grow, at once for what a hand does. */
(function () {
  'use strict';
  const vk = window.vk;
  const LIVE_GAP = 1000; // ms between two readings while runs grow
  const MARGIN = 64; // columns left of a zoom, from which the average has forgotten where it began

  class GroupBands {
    /** `changed` is called when something else is to be drawn. */
    constructor(tag, changed) {
      Object.assign(this, { tag, changed });
      this.answers = []; // as vk.api.bands, with label, color and points
      this.key = null; // of the window that the answers are
      this.whole = null; // [x0, x1] of everything, by axis
      this.error = null;
      this.readAt = 0;
    }

    /** Take the groups to show, [{key, label, color, runs}]; runs: the set that has the tag. */
    setGroups(groups, runs) {
      this.groups = groups.map((group) => ({ ...group, runs: group.runs.filter((run) => runs.has(run)) })).filter((group) => group.runs.length);
      const key = JSON.stringify(this.groups.map((group) => [group.key, group.runs]));
      if (key !== this.groupsKey) this.key = null;
      this.groupsKey = key;
      const looks = new Map(groups.map((group) => [group.key, group]));
      this.answers = this.answers.filter((answer) => looks.has(answer.key));
      for (const answer of this.answers) Object.assign(answer, { label: looks.get(answer.key).label, color: looks.get(answer.key).color });
    }

    /* The playhead is a step; over time its place is another one for each run. */
    isUnknowable() {
      const { axis, until } = vk.store.get();
      return axis !== 'step' && until !== null;
    }

    version() {
      let points = 0;
      for (const { runs } of this.groups) for (const run of runs) points += (vk.runs.byName(run) || {}).points || 0;
      return points;
    }

    keyOf(want) {
      return JSON.stringify([want.axis, want.zoom, want.until, this.groupsKey]);
    }

    isPending(want) {
      return !this.error && this.key !== this.keyOf(want);
    }

    /** Read what is not there: another window at once, the same one grown at most once a second. */
    refresh(want, columns) {
      Object.assign(this, { want: { ...want }, columns });
      if (!this.groups || !this.groups.length || this.isUnknowable()) return;
      if (this.key !== this.keyOf(want)) this.read(want, columns);
      else if (this.readVersion !== this.version()) this.readSoon();
    }

    readSoon() {
      if (this.waiting || document.hidden) return;
      this.waiting = setTimeout(() => {
        this.waiting = 0;
        this.read(this.want, this.columns);
      }, Math.max(0, this.readAt + LIVE_GAP - performance.now()));
    }

    async read(want, columns) {
      const key = this.keyOf(want);
      if (this.reading === key && this.abort) return;
      this.giveUp();
      const abort = (this.abort = new AbortController());
      this.reading = key;
      this.readAt = performance.now();
      this.readVersion = this.version();
      try {
        const groups = this.groups.map(({ key: name, runs }) => ({ key: name, runs }));
        const found = await vk.api.bands(this.tag, groups, this.params(want, columns), abort);
        if (abort !== this.abort) return;
        this.take(found, want, key);
      } catch (error) {
        if (error.name === 'AbortError') return;
        this.error = error;
      }
      this.abort = null;
      this.changed();
    }

    take(found, want, key) {
      const looks = new Map(this.groups.map((group) => [group.key, group]));
      this.answers = found.filter(({ key: name }) => looks.has(name)).map((answer) => ({
        ...answer, label: looks.get(answer.key).label, color: looks.get(answer.key).color, runs: looks.get(answer.key).runs,
      }));
      this.key = key;
      this.error = null;
      if (!want.zoom && want.until === null) this.whole = { axis: want.axis, extent: extentOf(this.answers) };
    }

    params({ axis, zoom, until, smoothing }, columns) {
      if (!zoom) return { axis, until, columns };
      const margin = smoothing > 0 ? MARGIN : 0;
      const x_min = zoom[0] - ((zoom[1] - zoom[0]) * margin) / columns;
      return { axis, until, x_min, x_max: zoom[1], columns: columns + margin };
    }

    /** First and last x of everything, also while the playhead is in the middle. */
    extent({ axis }) {
      if (this.whole && this.whole.axis === axis) return this.whole.extent;
      return axis === 'step' ? vk.store.get().domain : extentOf(this.answers);
    }

    ends() {
      return this.answers.filter((answer) => answer.n).map((answer) => answer.x[answer.n - 1]);
    }

    /** As vk.ChartSources has it. */
    state() {
      if (this.isUnknowable()) return { problem: 'At a step of the past groups are drawn over steps only: choose the step axis', isDrawable: false };
      const isDrawable = this.answers.some(({ n }) => n > 0);
      if (this.error && !isDrawable) return { problem: vk.sayProblem(this.error), isDrawable };
      if (this.groups && !this.groups.length) return { problem: 'No group has this tag', isDrawable: false };
      const isEmpty = this.key !== null && !isDrawable;
      return { problem: isEmpty ? 'No points yet' : null, isDrawable };
    }

    retry() {
      if (!this.error || !this.want) return;
      this.error = null;
      this.read(this.want, this.columns);
    }

    giveUp() {
      if (this.abort) this.abort.abort();
      this.abort = null;
    }

    destroy() {
      this.giveUp();
      clearTimeout(this.waiting);
    }
  }

  function extentOf(answers) {
    let [low, high] = [Infinity, -Infinity];
    for (const { n, x } of answers) {
      if (!n) continue;
      low = Math.min(low, x[0]);
      high = Math.max(high, x[n - 1]);
    }
    return low <= high ? [low, high] : [0, 1];
  }

  vk.GroupBands = GroupBands;
})();
