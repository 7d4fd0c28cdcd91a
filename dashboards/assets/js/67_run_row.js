/* One run on the overview: who, how far, how fast, how well. Built once, then only its words and lines change. */
(function (vk) {
  'use strict';

  const el = (...parts) => vk.el(...parts);
  const STATUS_WORD = { running: 'running', finished: 'finished', failed: 'failed', stalled: 'stalled' };
  const LEVEL_WORD = { bad: 'Problem', warn: 'Warning', good: 'Good', info: 'Note' };
  const LEVEL_SIGN = { bad: '!', warn: '!', good: '\u2713', info: 'i' };
  const UNKNOWN = '\u2013';

  const number = (value) => (Number.isNaN(value) || value === null || value === undefined ? UNKNOWN : vk.format.si(value));
  const exactly = (value) => (Number.isFinite(value) ? vk.format.exact(value) : String(value));

  function setNumber(node, value, unit = '') {
    node.textContent = number(value) === UNKNOWN ? UNKNOWN : `${number(value)}${unit}`;
    node.title = exactly(value);
    node.classList.toggle('vk-nonfinite', value === Infinity || value === -Infinity);
  }

  class RunRow {
    constructor(record) {
      this.run = record.run;
      this.color = vk.colors.of(this.run);
      this.element = el('article', { class: 'vk-run-row vk-loading', 'aria-label': `Run ${this.run}` });
      this.element.dataset.vkRun = this.run;
      this.element.style.setProperty('--run-color', this.color);
      this.findings = el('ul', { class: 'vk-findings', 'aria-label': 'Findings' });
      this.element.append(this.identity(), this.vital('loss'), this.vital('gradNorm'), this.numbers(), this.findings);
      this.setRecord(record);
    }

    identity() {
      this.status = el('span', { class: 'vk-status' });
      this.steps = el('span', { class: 'vk-run-steps' });
      this.eta = el('span', { class: 'vk-run-eta' });
      this.bar = el('span', { class: 'vk-progress-fill' });
      this.progress = el('span', { class: 'vk-progress', role: 'progressbar', 'aria-label': 'Progress' }, this.bar);
      const name = el('h2', { class: 'vk-run-name', title: this.run }, vk.swatch(this.run), el('span', {}, this.run));
      return el(
        'div',
        { class: 'vk-run-identity' },
        el('div', { class: 'vk-run-head' }, name, this.status),
        this.progress,
        el('div', { class: 'vk-run-line' }, this.steps, this.eta),
      );
    }

    /** Name, last value and sparkline of the loss or of the gradient norm. */
    vital(key) {
      const label = el('span', { class: 'vk-vital-label' }, key === 'loss' ? 'loss' : 'gradient norm');
      const value = el('span', { class: 'vk-vital-value' }, UNKNOWN);
      const box = el('div', { class: 'vk-vital' }, el('div', { class: 'vk-vital-head' }, label, value));
      const line = new vk.Sparkline(box, { label: key === 'loss' ? 'loss' : 'gradient norm', color: this.color });
      this[key] = { box, label, value, line };
      return box;
    }

    numbers() {
      this.cells = {};
      const cell = (key, word) => {
        this.cells[key] = el('dd', {}, UNKNOWN);
        return el('div', { class: 'vk-number' }, el('dt', {}, word), this.cells[key]);
      };
      this.metrics = el('div', { class: 'vk-metrics' });
      return el(
        'dl',
        { class: 'vk-run-numbers' },
        cell('speed', 'speed'),
        cell('samples', 'samples'),
        cell('lr', 'learning rate'),
        cell('cost', 'vizkit used'),
        this.metrics,
      );
    }

    setRecord(record) {
      this.record = record;
    }

    setStatus(isPast) {
      const word = isPast ? 'replay' : STATUS_WORD[this.record.status] || 'unknown';
      this.status.className = `vk-status vk-status-${word}`;
      this.status.replaceChildren(el('i', { class: 'vk-status-dot' }), word);
      this.status.title = this.record.started ? `Started ${vk.format.time(this.record.started)}` : '';
      this.element.dataset.vkStatus = word;
    }

    update(facts) {
      this.setStatus(facts.isPast);
      this.setProgress(facts);
      this.setVital('loss', facts.vital.loss, facts.loss);
      this.setVital('gradNorm', facts.vital.gradNorm, facts.gradNorm);
      this.setNumbers(facts);
      this.setFindings(vk.findings(facts));
      this.element.classList.remove('vk-loading');
      this.element.dataset.vkLastStep = facts.step === null ? '' : facts.step;
      this.element.dataset.vkReady = '1';
    }

    setProgress({ step, total, share, eta, isPast }) {
      const at = step === null ? 'no step yet' : `step ${vk.format.count(step)}`;
      this.steps.textContent = total ? `${at} of ${vk.format.count(total)}` : at;
      const ended = !isPast && this.record.ended ? `ended ${vk.pastWord(this.record.ended)}` : '';
      this.eta.textContent = eta === null || !Number.isFinite(eta) ? ended : `${vk.format.relative(eta)} left`;
      this.progress.hidden = share === null;
      this.bar.style.width = `${100 * (share || 0)}%`;
      this.progress.setAttribute('aria-valuenow', Math.round(100 * (share || 0)));
    }

    setVital(key, tag, series) {
      const { box, label, value, line } = this[key];
      box.classList.toggle('vk-absent', !series || !series.step.length);
      if (!series || !series.step.length) return;
      const last = series.value[series.value.length - 1];
      label.textContent = key === 'gradNorm' && tag === 'grad_norm' ? 'gradient norm' : tag;
      setNumber(value, last);
      value.textContent = Number.isNaN(last) ? 'NaN' : value.textContent;
      value.classList.toggle('vk-nonfinite', !Number.isFinite(last));
      line.draw(series.step, series.value);
    }

    /** What a run does not tell takes no room. */
    hideUnknown() {
      for (const cell of Object.values(this.cells)) cell.parentElement.hidden = cell.textContent === UNKNOWN;
    }

    setNumbers({ stepsPerSecond, samplesPerSecond, lr, cost, metrics }) {
      setNumber(this.cells.speed, stepsPerSecond, ' steps/s');
      setNumber(this.cells.samples, samplesPerSecond, ' /s');
      setNumber(this.cells.lr, lr);
      this.cells.cost.textContent = Number.isFinite(cost) ? `${(100 * cost).toFixed(1)} % of step` : UNKNOWN;
      this.metrics.replaceChildren(
        ...metrics.map(({ tag, value }) => {
          const shown = el('dd', { title: exactly(value) }, number(value));
          return el('div', { class: 'vk-number' }, el('dt', { title: tag }, tag), shown);
        }),
      );
      this.hideUnknown();
    }

    setFindings(findings) {
      const key = JSON.stringify(findings);
      if (key === this.shownFindings) return;
      this.shownFindings = key;
      this.findings.replaceChildren(
        ...findings.map(({ level, text, step, logged }) => {
          const words =
            step === null
              ? el('span', {}, text)
              : el(
                  'button',
                  { class: 'vk-link', type: 'button', title: 'Move the playhead there', onclick: () => vk.playhead.set(step) },
                  text,
                );
          return el(
            'li',
            { class: `vk-finding vk-finding-${level}`, data: { sign: LEVEL_SIGN[level] } },
            el('span', { class: 'vk-hidden' }, `${LEVEL_WORD[level]}: `),
            words,
            logged ? this.waysTo(logged) : '',
          );
        }),
      );
    }

    /** Links to where a logged finding is pinned. */
    waysTo(finding) {
      const ways = [
        finding.tags.length && ['scalars', 'chart'],
        finding.parameters.length && ['gradients', 'heatmap'],
        (finding.node || finding.paths.length) && ['graph', 'graph'],
      ].filter(Boolean);
      const link = ([page, word]) =>
        el('button', { class: 'vk-link', type: 'button', onclick: () => vk.goToFinding(finding, page) }, word);
      return el('span', { class: 'vk-finding-ways' }, ...ways.map(link));
    }

    fail(error) {
      this.element.classList.remove('vk-loading');
      this.setStatus(false);
      this.setFindings([{ level: 'bad', text: [error.message, error.hint].filter(Boolean).join('. '), step: null }]);
    }
  }
  vk.RunRow = RunRow;
})((window.vk = window.vk || {}));
