/* The scalars page: every curve of the selected runs, as cards in sections by tag prefix. */
(function () {
  'use strict';
  const vk = window.vk;
  const MOST = 60; // sections and charts of a page that need no care
  const CODE = "with vizkit.watch(model, optimizer, logdir=\"runs\"):\n    train()  # loss, learning rate and gradient norms, each step";

  class Scalars {
    constructor(el) {
      this.sections = new Map();
      this.controls = vk.scalarControls();
      this.body = vk.el('div', { class: 'vk-sections' });
      this.message = vk.el('div');
      el.append(this.controls.el, this.body, this.message);
      this.arrange = vk.perFrame(() => this.show());
      this.offs = [
        vk.store.on(['selected', 'runsLoaded'], () => this.load()),
        vk.store.on(['tagFilter', 'opened', 'closed', 'columns', 'page', 'runs', 'connection'], this.arrange),
        vk.tags.onChange(this.arrange),
      ];
      this.load();
    }

    load() {
      vk.tags.loadSelected();
      this.arrange();
    }

    show() {
      const { selected, runs, runsLoaded, tagFilter, columns, page } = vk.store.get();
      if (page !== 'scalars') return;
      this.body.style.setProperty('--vk-columns', columns || '');
      this.body.dataset.columns = columns;
      const byRun = runs.filter((r) => selected.has(r.run)).map((r) => [r.run, vk.tags.of(r.run)]);
      const known = byRun.filter(([, rows]) => rows);
      const sections = this.grouped(known, tagFilter);
      this.showSections(sections);
      if (sections.length) this.say(null);
      else if (!runsLoaded || (known.length < byRun.length && vk.tags.isLoading())) this.showSkeleton();
      else this.say(this.emptyWords());
    }

    /** The sections of these runs; the same list as before while nothing in it changed. */
    grouped(known, tagFilter) {
      const { memo } = this;
      const same = memo && memo.tagFilter === tagFilter && memo.known.length === known.length &&
        memo.known.every(([run, rows], i) => run === known[i][0] && rows === known[i][1]);
      if (!same) this.memo = { known, tagFilter, sections: vk.tagGroups.group(known, vk.tagGroups.matcher(tagFilter).test) };
      return this.memo.sections;
    }

    showSections(sections) {
      const { opened, closed, columns } = vk.store.get();
      if (this.shown && [sections, opened, closed, columns].every((part, i) => part === this.shown[i])) return;
      this.shown = [sections, opened, closed, columns];
      const wanted = new Set(sections.map(({ key }) => key));
      for (const [key, section] of this.sections) {
        if (wanted.has(key)) continue;
        section.destroy();
        this.sections.delete(key);
      }
      const charts = sections.reduce((n, { tags, vector }) => n + (vector ? 0 : Math.min(tags.length, vk.Section.PER_PAGE)), sections.length);
      const width = this.body.clientWidth || 1100;
      sections.forEach((data, i) => {
        if (!this.sections.has(data.key)) this.sections.set(data.key, new vk.Section(data.key));
        const section = this.sections.get(data.key);
        if (this.body.children[i] !== section.el) this.body.insertBefore(section.el, this.body.children[i] || null);
        section.show(data, { lazily: charts > MOST, width });
      });
    }

    say(words) {
      this.saying = this.saying === JSON.stringify(words) ? this.saying : this.write(words);
    }

    write(words) {
      if (words) vk.emptyState(this.message, words);
      else this.message.replaceChildren();
      return JSON.stringify(words);
    }

    showSkeleton() {
      this.saying = null;
      const card = () => vk.el('div', { class: 'vk-card' }, vk.el('div', { class: 'vk-skeleton', style: { height: '12px', width: '35%', margin: '10px 12px' } }), vk.el('div', { class: 'vk-skeleton', style: { height: '220px', margin: '8px 12px 24px' } }));
      this.message.replaceChildren(vk.el('div', { class: 'vk-sections', 'aria-busy': 'true' }, vk.el('div', { class: 'vk-grid' }, [1, 2, 3, 4, 5, 6].map(card))));
    }

    emptyWords() {
      const { runs, selected, tagFilter, logdir, connection, selection } = vk.store.get();
      if (connection === 'reconnecting') return { title: 'The server does not answer', body: 'Is vizkit serve still running? The page goes on by itself when it is back.' };
      if (!runs.length) return { title: 'No runs yet', body: `Watch a training and its curves appear here while it runs${logdir ? `, from ${logdir}` : ''}.`, code: `import vizkit\n${CODE}` };
      if (!selected.size && selection && selection.base === 'none' && selection.show.names.size + selection.show.hashes.size) return { title: 'The selected run is not here', body: 'It was renamed or removed, or this address is of another folder. Tick other runs in the list on the left.' };
      if (!selected.size) return { title: 'No run is selected', body: 'Tick runs in the list on the left; a double click shows only one.' };
      if (tagFilter) return { title: 'No tag matches', body: `Nothing in the ${selected.size === 1 ? 'selected run' : 'selected runs'} matches “${tagFilter}”.` };
      return { title: 'No scalars in these runs', body: 'Log a number and it becomes a curve.', code: 'run = vizkit.Run("runs/name")\nrun.log({"loss": loss}, step=step)' };
    }

    destroy() {
      this.offs.forEach((off) => off());
      this.controls.destroy();
      for (const section of this.sections.values()) section.destroy();
    }
  }

  vk.register('Scalars', Scalars);
})();
