/* Overview: one row per selected run, "is it healthy?" at a glance, at the playhead. */
(function (vk) {
  'use strict';

  const PAGE = 'overview';
  const REFRESH_MS = 500;
  const REPLAY_MS = 120;
  const MOST = 40; // rows; what more runs have to tell a table tells better

  class Overview {
    constructor(root) {
      this.root = root;
      this.rows = new Map();
      this.summary = vk.el('p', { class: 'vk-page-summary', role: 'status' });
      this.list = vk.el('div', { class: 'vk-run-list' });
      this.more = vk.el('p', { class: 'vk-muted vk-overview-more', role: 'status' });
      this.empty = vk.el('div', { class: 'vk-page-empty' });
      this.problems = new vk.FileProblems();
      this.details = vk.el('div', { class: 'vk-run-details' });
      root.classList.add('vk-page-body');
      root.append(
        vk.el('header', { class: 'vk-page-head' }, vk.el('h1', {}, 'Overview'), this.summary),
        this.empty,
        this.list,
        this.more,
        this.problems.element,
        this.details,
      );
      this.runDetails = new vk.RunDetails(this.details);
      this.seen = new IntersectionObserver((entries) => entries.forEach((entry) => this.setSeen(entry)), { rootMargin: '200px' });
      this.off = vk.whileShown(PAGE, ['runs', 'runsLoaded', 'selected', 'looks', 'until', 'theme', 'findings'], () => this.sync());
    }

    destroy() {
      this.off();
      this.seen.disconnect();
      this.rows.forEach((entry) => entry.refresh.stop());
    }

    sync() {
      const { runs, selected, runsLoaded } = vk.store.get();
      if (!runsLoaded) return this.list.replaceChildren(vk.skeletonRows(3));
      const chosen = runs.filter((record) => selected.has(record.run));
      const records = chosen.slice(0, MOST);
      this.showEmpty(runs, records);
      this.showMore(chosen.length);
      this.dropRows(new Set(records.map((record) => record.run)));
      records.forEach((record) => this.syncRow(record));
      this.placeRows(records);
      this.runDetails.update(records);
      this.problems.refresh();
      this.summary.textContent = this.summarise(chosen);
      this.root.dataset.vkRows = records.length;
    }

    showEmpty(runs, records) {
      this.empty.hidden = records.length > 0;
      if (records.length) return;
      if (runs.length)
        vk.emptyState(this.empty, { title: 'No run selected', body: 'Tick a run in the list to see how it is doing.' });
      else vk.teach(this.empty, 'runs');
    }

    /** Say what is left out, and where it is. */
    showMore(n) {
      this.more.hidden = n <= MOST;
      if (this.shownOf === n || n <= MOST) return;
      this.shownOf = n;
      this.more.replaceChildren(
        `The newest ${MOST} of ${vk.format.exact(n)} selected runs. `,
        vk.el('button', { type: 'button', class: 'vk-link-button', onclick: () => vk.router.go('runs') }, 'All of them in the table'),
      );
    }

    dropRows(kept) {
      for (const [run, entry] of this.rows) {
        if (kept.has(run)) continue;
        entry.refresh.stop();
        this.seen.unobserve(entry.row.element);
        this.rows.delete(run);
      }
    }

    /** Ask for fresh facts only when the run moved on, ended, changed colour, or the playhead moved. */
    syncRow(record) {
      const { until } = vk.store.get();
      const color = vk.colors.of(record.run);
      let entry = this.rows.get(record.run);
      if (!entry || entry.row.color !== color) entry = this.newRow(record);
      entry.row.setRecord(record);
      const version = until === null ? [record.points, record.last_step, record.status] : [until];
      const key = JSON.stringify([...version, vk.knownFindings(record.run).length]);
      if (key === entry.key) return;
      entry.key = key;
      if (entry.isSeen) entry.refresh();
    }

    newRow(record) {
      const former = this.rows.get(record.run);
      if (former) former.refresh.stop();
      const row = new vk.RunRow(record);
      const entry = { row, key: '', isSeen: Boolean(former && former.isSeen) };
      const gap = () => (vk.store.get().until === null ? REFRESH_MS : REPLAY_MS);
      entry.refresh = vk.paced(gap, () => this.fill(entry));
      this.rows.set(record.run, entry);
      this.seen.observe(row.element);
      return entry;
    }

    setSeen({ target, isIntersecting }) {
      const entry = this.rows.get(target.dataset.vkRun);
      if (!entry || entry.row.element !== target) return;
      entry.isSeen = isIntersecting;
      if (isIntersecting && entry.key !== entry.drawnKey) entry.refresh();
    }

    async fill(entry) {
      const key = entry.key;
      try {
        const facts = await vk.runFacts(entry.row.record);
        entry.row.update(facts);
        entry.drawnKey = key;
        entry.row.element.dataset.vkUntil = vk.untilText();
        this.root.dataset.vkReady = '1';
      } catch (error) {
        entry.row.fail(error);
      }
    }

    placeRows(records) {
      const elements = records.map((record) => this.rows.get(record.run).row.element);
      const isInPlace =
        elements.length === this.list.children.length && elements.every((element, i) => this.list.children[i] === element);
      if (!isInPlace) this.list.replaceChildren(...elements);
    }

    summarise(records) {
      const { until } = vk.store.get();
      if (until !== null)
        return `${records.length} ${records.length === 1 ? 'run' : 'runs'} as known at step ${vk.format.exact(until)}`;
      const words = ['running', 'stalled', 'failed', 'finished'].map((status) => {
        const n = records.filter((record) => record.status === status).length;
        return n ? `${n} ${status}` : '';
      });
      return words.filter(Boolean).join(', ');
    }
  }

  vk.register('Overview', Overview);
})((window.vk = window.vk || {}));
