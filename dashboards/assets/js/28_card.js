/* The frame of a chart: title, buttons, plot area, footer; and keeping a chart as a file. */
(function () {
  'use strict';
  const vk = window.vk;

  /** Units that tags imply; what is not here has none. */
  const UNITS = [[/(^|[_/])ms$/, 'ms'], [/samples_per_s$/, 'samples/s'], [/per_s$/, '1/s'], [/share$/, 'share of step'], [/(^|[_/])(seconds|sec)$/, 's'], [/bytes$/, 'B']];
  vk.unitOf = (tag) => (UNITS.find(([pattern]) => pattern.test(tag)) || [])[1] || '';

  /** The small square that stands for a run everywhere. */
  vk.swatch = (run, color = vk.colors.of(run), dash = vk.colors.dash(run)) =>
    vk.el('span', { class: 'vk-swatch', data: { dash }, style: { '--vk-run': color } });

  class Card {
    /** actions: {logY(), fit(), wide(), save(kind)}. */
    constructor(el, { title, unit, height }, actions) {
      this.el = el;
      this.actions = actions;
      el.classList.add('vk-card');
      this.logButton = vk.iconButton('log', 'Logarithmic y axis', actions.logY, { 'aria-pressed': 'false' });
      this.wideButton = vk.iconButton('wide', 'Full width', actions.wide, { 'aria-pressed': 'false' });
      this.plot = vk.el('div', { class: 'vk-plot', tabindex: 0, role: 'img', 'aria-label': title, style: { height: `${height}px` } });
      this.figure = vk.el('div', { class: 'vk-figure' });
      this.skeleton = vk.el('div', { class: 'vk-skeleton vk-plot-skeleton', 'aria-hidden': 'true' });
      this.plot.append(this.figure, this.skeleton);
      this.axisName = vk.el('span', { class: 'vk-axis-name' });
      this.note = vk.el('span', { class: 'vk-note' });
      el.append(
        vk.el('header', { class: 'vk-card-head' },
          vk.el('h3', { title }, title), unit && vk.el('span', { class: 'vk-unit' }, unit),
          vk.el('div', { class: 'vk-card-buttons' },
            this.logButton,
            vk.iconButton('fit', 'Reset zoom', actions.fit),
            this.wideButton,
            vk.iconButton('download', 'Save as…', (event) => this.openMenu(event.currentTarget), { 'aria-haspopup': 'menu' }))),
        this.plot,
        vk.el('footer', { class: 'vk-card-foot' }, this.axisName, this.note));
    }

    openMenu(button) {
      const entries = [['png', 'PNG image'], ['svg', 'SVG image'], ['csv', 'CSV, every point']];
      vk.menu(button, entries.map(([kind, label]) => ({ label, run: () => this.actions.save(kind) })));
    }

    pressed({ logY, wide }) {
      this.logButton.setAttribute('aria-pressed', String(logY));
      this.wideButton.setAttribute('aria-pressed', String(wide));
      this.el.classList.toggle('vk-wide', wide);
    }

    /** Say what is drawn: "1.2 M points, min/max shown, 3 NaN". */
    describe(plan, { title, runs, smoothing, band }) {
      const parts = plan.groups === undefined ? wordsOf(plan) : groupWords(plan, band);
      if (smoothing > 0) parts.push(smoothingWords(plan));
      this.say(parts.join(', '), plan.nonfinite > 0);
      this.note.title = [parts.join(', '), plan.groups === undefined && `${vk.format.exact(plan.points)} points`, ...explain(plan, smoothing)].filter(Boolean).join('\n');
      if (this.axisName.textContent !== plan.axis.name) this.axisName.textContent = plan.axis.name;
      this.plot.setAttribute('aria-label', `${title}, ${runs} ${runs === 1 ? 'run' : 'runs'}, ${parts.join(', ')}, up to step ${plan.lastStep}. Plus and minus zoom.`);
    }

    say(text, warn = false) {
      if (this.note.textContent !== text) this.note.textContent = text;
      this.note.classList.toggle('vk-warn', warn);
    }

    /** Replace the plot by a sentence, or show it again with null. */
    problem(text) {
      if (this.sentence) this.sentence.remove();
      this.sentence = text ? vk.el('div', { class: 'vk-plot-problem', role: 'status' }, text) : null;
      if (text) this.plot.append(this.sentence);
    }

    ready() {
      this.skeleton.remove();
    }
  }

  function wordsOf(plan) {
    const { count } = vk.format;
    const nan = plan.flags.filter((flag) => Number.isNaN(flag.value)).length;
    return [
      `${count(plan.points)} ${plan.points === 1 ? 'point' : 'points'}`,
      !plan.exact && 'min/max shown',
      nan && `${count(nan)} NaN`,
      plan.nonfinite > nan && `${count(plan.nonfinite - nan)} Inf`,
    ].filter(Boolean);
  }

  function groupWords(plan, band) {
    const { count } = vk.format;
    return [
      `${count(plan.groups)} ${plan.groups === 1 ? 'group' : 'groups'}`, (vk.BAND_KINDS[band] || vk.BAND_KINDS.std).label,
      plan.nonfinite && `${count(plan.nonfinite)} NaN or Inf left out`,
    ].filter(Boolean);
  }

  /** The average runs over the points that are drawn: where they are fewer than all, that is said. */
  const smoothingWords = (plan) => (plan.exact || plan.groups !== undefined ? 'smoothed' : 'smoothed as drawn');

  function explain(plan, smoothing) {
    if (!(smoothing > 0)) return [];
    const over = plan.groups !== undefined ? 'of the lines and edges drawn' : plan.exact ? 'of all points' : 'of the points drawn, not of all';
    const raw = plan.many && plan.groups === undefined ? '; with so many runs the raw lines are left out' : '';
    return [`Smoothed: moving average ${over}, weight of the past ${smoothing.toFixed(2)}${raw}`];
  }

  const fileName = (title, kind) => `${title.replace(/[^\p{L}\p{N}._-]+/gu, '_')}.${kind}`;

  function download(name, href) {
    const link = vk.el('a', { href, download: name });
    document.body.append(link);
    link.click();
    link.remove();
  }

  async function saveImage(figure, title, kind) {
    const Plotly = await vk.plotly();
    const { width, height } = figure.layout;
    const href = await Plotly.toImage(figure, { format: kind, width, height, scale: kind === 'png' ? 2 : 1 });
    download(fileName(title, kind), href);
  }

  /** Every point of each series: one run is a plain export, several get a column for the run. */
  async function saveCsv(list, title) {
    const address = ({ run, tag }) => vk.api.address('export', { run, tag, format: 'csv' });
    if (list.length === 1) {
      download(fileName(title, 'csv'), address(list[0]));
      return;
    }
    const out = [];
    for (const one of list) {
      const lines = (await (await fetch(address(one))).text()).trimEnd().split(/\r?\n/);
      if (!out.length) out.push(`run,tag,${lines[0]}`);
      const start = [one.run, one.tag].map((text) => `"${text.replace(/"/g, '""')}"`).join(',');
      for (const line of lines.slice(1)) out.push(`${start},${line}`);
    }
    const href = URL.createObjectURL(new Blob([`${out.join('\n')}\n`], { type: 'text/csv' }));
    download(fileName(title, 'csv'), href);
    setTimeout(() => URL.revokeObjectURL(href), 10000);
  }

  vk.ChartCard = Card;
  vk.save = { image: saveImage, csv: saveCsv };
})();
