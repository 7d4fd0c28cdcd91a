/* Reading the heatmap of a run, and telling a gradient that broke from one that never was. */
(function (vk) {
  'use strict';

  /** Where it went wrong: the steps at which the norm of all gradients is not finite; null if the run has no such series. */
  async function brokenSteps(run, range) {
    await vk.tags.load(run);
    if (!(vk.tags.of(run) || []).some(({ tag }) => tag === 'grad_norm')) return null;
    const series = await vk.api.series(vk.asOf({ run, tag: 'grad_norm', max_points: 50, ...range }));
    return [...series.step].filter((_, i) => !Number.isFinite(series.value[i]));
  }

  /** Keep the non-finite flags of columns that hold one of `steps`. */
  function keepFlags(heat, steps) {
    const isBroken = new Uint8Array(heat.columns);
    for (const step of steps) if (heat.columns) isBroken[vk.columnOf(heat, step)] = 1;
    return { ...heat, nonfinite: heat.nonfinite.map((flag, at) => flag & isBroken[at % heat.columns]) };
  }

  /** As vk.api.heatmap, known at the playhead. `range` is {x_min, x_max, columns}.
   *  A norm is NaN where a parameter had no gradient (frozen, unused) as well as where it went wrong; only then is the
   *  norm of all gradients NaN too. What merely was not there loses its flag and becomes "no data". */
  vk.readHeat = async function (run, prefix, range) {
    const { x_min, x_max } = range;
    const [heat, steps] = await Promise.all([
      vk.api.heatmap(vk.asOf({ run, prefix, ...range })),
      prefix === 'weight_norm' ? null : brokenSteps(run, { x_min, x_max }),
    ]);
    return steps ? keepFlags(heat, steps) : heat;
  };
})((window.vk = window.vk || {}));
