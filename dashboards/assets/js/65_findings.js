/* What is wrong with a run, in words, from the few numbers the overview has. Pure functions; thresholds stand here. */
(function (vk) {
  'use strict';

  const LIMITS = {
    vanished: 1e-7, // a gradient norm below this moves no float32 weight
    depthDrop: 1e-4, // earliest against latest quarter of the layers
    explosion: 100, // global gradient norm against its own median
    ratioHigh: 1e-2, // median update/weight ratio; around 1e-3 is usual (CS231n notes, "Neural Networks Part 3")
    ratioLow: 1e-5,
    annealed: 0.01, // below this share of its peak the learning rate itself makes updates tiny
    cost: 0.1, // vizkit's share of the step time, and
    costMs: 1, // milliseconds a step: from both on watch(budget=0.1) backs off, below nobody feels it
  };
  vk.findingLimits = LIMITS;

  const LEVELS = { error: 'bad', warning: 'warn', info: 'info' };
  const finding = (level, text, step = null) => ({ level, text, step });
  const count = (n, noun) => `${n} ${noun}${n === 1 ? '' : 's'}`;

  function median(values) {
    const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
    return sorted.length ? sorted[Math.floor(sorted.length / 2)] : NaN;
  }

  function firstNonFinite(series, noun) {
    if (!series) return [];
    const at = series.value.findIndex((value) => !Number.isFinite(value));
    if (at < 0) return [];
    const what = Number.isNaN(series.value[at]) ? 'NaN' : 'infinite';
    return [finding('bad', `${noun} became ${what} at step ${vk.format.count(series.step[at])}`, series.step[at])];
  }

  function exploding(series) {
    if (!series || series.value.length < 8) return [];
    const usual = median(Array.from(series.value));
    const last = series.value[series.value.length - 1];
    if (!(last > LIMITS.explosion * usual)) return [];
    return [finding('warn', `Gradients explode: norm ${vk.sixDigits(last)}, ${vk.format.si(last / usual)} times its median`)];
  }

  /** `norms`: gradient norm of each weight in layout order. */
  function vanishing(norms) {
    const trained = norms.filter(Number.isFinite);
    if (!trained.length) return [];
    const silent = trained.filter((norm) => norm === 0).length;
    const tiny = trained.filter((norm) => norm > 0 && norm < LIMITS.vanished).length;
    const findings = [];
    if (silent)
      findings.push(finding('warn', `${count(silent, 'weight')} of ${trained.length} get no gradient at all (norm exactly 0)`));
    if (tiny)
      findings.push(
        finding('warn', `Gradients vanish in ${tiny} of ${count(trained.length, 'weight')} (norm below ${LIMITS.vanished})`),
      );
    return findings.length ? findings : fadingWithDepth(trained);
  }

  function fadingWithDepth(norms) {
    const quarter = Math.floor(norms.length / 4);
    if (quarter < 1) return [];
    const drop = median(norms.slice(0, quarter)) / median(norms.slice(-quarter));
    if (!(drop < LIMITS.depthDrop)) return [];
    return [
      finding(
        'warn',
        `Gradients fade towards the input: the first layers get ${vk.format.si(1 / drop)} times less than the last`,
      ),
    ];
  }

  function updates({ ratios, lr, peakLr }) {
    const usual = median(ratios.filter((ratio) => ratio > 0));
    if (usual > LIMITS.ratioHigh)
      return [finding('warn', `Updates are large: median update/weight ratio ${vk.sixDigits(usual)}, usual is about 1e-3`)];
    if (usual < LIMITS.ratioLow && !(lr < LIMITS.annealed * peakLr))
      return [finding('warn', `Updates are tiny: median update/weight ratio ${vk.sixDigits(usual)}, usual is about 1e-3`)];
    return [];
  }

  function ending(facts) {
    const { record, isPast } = facts;
    if (isPast) return [];
    if (record.status === 'failed') return [finding('bad', `Failed${facts.error ? `: ${facts.error}` : ' without a message'}`)];
    if (record.status !== 'stalled') return [];
    return [finding('warn', 'No sign of life: stopped, killed or waiting')];
  }

  function cost({ cost: share, stepMs }) {
    return share > LIMITS.cost && share * stepMs > LIMITS.costMs
      ? [finding('warn', `vizkit uses ${(100 * share).toFixed(1)} % of the step time; raise every=`)]
      : [];
  }

  function allWell(facts) {
    if (!facts.loss && !facts.gradNorm) return [finding('info', 'No loss and no gradients among its tags')];
    return [
      finding(
        'good',
        facts.norms.length ? 'Loss and gradients look healthy' : 'Loss is finite; this run carries no gradient norms',
      ),
    ];
  }

  /** What the training itself logged, with what it is about: `logged` has tags, parameters, node and paths. */
  const logged = (all) =>
    all.map((each) => ({
      ...finding(LEVELS[each.level] || 'info', `Step ${vk.format.count(each.step)}: ${each.sentence}`, each.step),
      logged: each,
    }));

  /** Findings of a run, gravest first; never empty. `facts` comes from vk.runFacts. */
  vk.findings = function (facts) {
    const own = facts.logged || [];
    const says = (tag) => own.some(({ tags }) => tags.includes(tag)); // in better words
    const found = [
      ...ending(facts),
      ...logged(own),
      ...(says('loss') ? [] : firstNonFinite(facts.loss, 'Loss')),
      ...(says('loss') || says('grad_norm') ? [] : firstNonFinite(facts.gradNorm, 'Gradient norm')),
      ...exploding(facts.gradNorm),
      ...vanishing(facts.norms),
      ...updates(facts),
      ...cost(facts),
    ];
    return found.length ? found : allWell(facts);
  };
})((window.vk = window.vk || {}));
