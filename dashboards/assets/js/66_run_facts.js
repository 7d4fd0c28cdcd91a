/* What the overview knows of one run at the playhead: fetched once, then plain numbers. */
(function (vk) {
  'use strict';

  const SPARK_POINTS = 240;
  const SHARE = 'perf/vizkit_share';
  /** Series of parameters, modules and nodes of the graph: they tell of parts, not of how the run is doing. */
  const OF_PARTS =
    /^(grad_norm|weight_norm|update_ratio|grad_nonfinite|node_value|node_grad|activation_\w+|(forward|backward)_ms|memory_bytes)\//;
  const METRIC = /(acc|f1|auc|iou|bleu|rouge|perplexity|ppl|error|val)/i;

  function firstMatch(tags, patterns) {
    for (const pattern of patterns) {
      const tag = tags.find((candidate) => pattern.test(candidate));
      if (tag) return tag;
    }
    return null;
  }

  /** The tags that tell how a run is doing, whoever wrote it. */
  vk.vitalTags = function (tags) {
    const plain = tags.filter((tag) => !OF_PARTS.test(tag));
    const loss = firstMatch(plain, [/^loss$/i, /^train.*loss$/i, /(^|\/)train.*loss/i, /loss$/i, /loss/i]);
    const gradNorm = firstMatch(plain, [/^grad_norm$/, /(^|\/)grad(ient)?_?norm$/i, /grad.*norm/i]);
    const lr = firstMatch(plain, [/^lr$/i, /^lr\//i, /learning.?rate/i, /(^|[/_-])lr([/_-]|$)/i]);
    const metrics = plain.filter((tag) => METRIC.test(tag) && ![loss, gradNorm, lr].includes(tag)).slice(0, 3);
    return { loss, gradNorm, lr, metrics };
  };

  /** Steps per second over the last quarter of what is known: true time, pauses and evaluation included. */
  function pace(series) {
    if (!series || series.step.length < 4) return NaN;
    const last = series.step.length - 1;
    const from = Math.floor(0.75 * last);
    return (series.step[last] - series.step[from]) / (series.wall[last] - series.wall[from]);
  }

  /** Median of the last quarter: a single slow step says nothing. */
  function usual(series) {
    if (!series || !series.value.length) return NaN;
    const late = Array.from(series.value.slice(Math.floor(0.75 * series.value.length))).sort((a, b) => a - b);
    return late[Math.floor(late.length / 2)];
  }

  function valuesUnder(at, prefix) {
    const found = Object.entries(at).filter(([tag]) => tag.startsWith(prefix));
    return found.map(([tag, value]) => ({ tag, value: Number(value) }));
  }

  async function seriesOf(run, tag) {
    return tag ? vk.api.series(vk.asOf({ run, tag, max_points: SPARK_POINTS })) : null;
  }

  const errors = new Map(); // run -> promise of why it failed

  function errorOf({ run, status }) {
    if (status !== 'failed') return null;
    if (!errors.has(run))
      errors.set(
        run,
        vk.api.json('run', { run }).then(
          (details) => details.error || null,
          () => null,
        ),
      );
    return errors.get(run);
  }

  function lastStep(...all) {
    const ends = all.filter((series) => series && series.step.length).map((series) => series.step[series.step.length - 1]);
    return ends.length ? Math.max(...ends) : null;
  }

  function progress(record, step, stepsPerSecond, isPast) {
    const total = record.total_steps || null;
    const isMoving = isPast || record.status === 'running';
    const left = total && step !== null && isMoving && stepsPerSecond > 0 ? Math.max(0, total - step - 1) / stepsPerSecond : null;
    return { total, share: total && step !== null ? Math.min(1, (step + 1) / total) : null, eta: left };
  }

  /** Everything a run's row shows, as known at the playhead. */
  vk.runFacts = async function (record) {
    const run = record.run;
    const at = await vk.api.json('at', vk.asOf({ run }));
    const vital = vk.vitalTags(Object.keys(at));
    const [loss, gradNorm, lr, share, error] = await Promise.all([
      seriesOf(run, vital.loss),
      seriesOf(run, vital.gradNorm),
      seriesOf(run, vital.lr),
      seriesOf(run, SHARE in at ? SHARE : null),
      errorOf(record),
    ]);
    const isPast = vk.store.get().until !== null;
    const step = isPast ? lastStep(loss, gradNorm) : record.last_step;
    const stepsPerSecond = pace(loss || gradNorm);
    return {
      record,
      vital,
      loss,
      gradNorm,
      error,
      step,
      isPast,
      logged: vk.knownFindings(run),
      stepsPerSecond,
      ...progress(record, step, stepsPerSecond, isPast),
      samplesPerSecond: Number(at['perf/samples_per_s']),
      cost: usual(share),
      stepMs: Number(at['perf/step_ms']),
      lr: vital.lr ? Number(at[vital.lr]) : NaN,
      peakLr: lr ? lr.value.reduce((most, value) => (value > most ? value : most), 0) : NaN,
      metrics: vital.metrics.map((tag) => ({ tag, value: Number(at[tag]) })),
      // A bias in front of a normalisation gets no gradient by construction: it says nothing about vanishing.
      norms: valuesUnder(at, 'grad_norm/')
        .filter(({ tag }) => !tag.endsWith('bias'))
        .map(({ value }) => value),
      ratios: valuesUnder(at, 'update_ratio/').map(({ value }) => value),
    };
  };
})((window.vk = window.vk || {}));
