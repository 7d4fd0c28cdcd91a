/* Reading the heatmap of a run, and telling a gradient that broke from one that never was. */
(function (vk) {
  'use strict';

  /** Where it went wrong: stretches [first, last] of steps at which the norm of all gradients is not finite; null if the
   *  run has no such series. A thinned series keeps the ends of each stretch. */
  async function brokenStretches(run, range) {
    await vk.tags.load(run);
    if (!(vk.tags.of(run) || []).some(({ tag }) => tag === 'grad_norm')) return null;
    const { step, value } = await vk.api.series(vk.asOf({ run, tag: 'grad_norm', max_points: 600, ...range }));
    const stretches = [];
    for (let i = 0; i < step.length; i++) {
      if (Number.isFinite(value[i])) continue;
      if (i > 0 && !Number.isFinite(value[i - 1])) stretches[stretches.length - 1][1] = step[i];
      else stretches.push([step[i], step[i]]);
    }
    return stretches;
  }

  /** Keep the non-finite flags inside the stretches, but not of rows that never had a value and lacked one before too. */
  function keepFlags(heat, stretches) {
    const { columns } = heat;
    const isBroken = new Uint8Array(columns);
    if (columns) stretches.forEach(([first, last]) => isBroken.fill(1, vk.columnOf(heat, first), vk.columnOf(heat, last) + 1));
    const hasValue = heat.names.map((_, row) => heat.value.subarray(row * columns, (row + 1) * columns).some(Number.isFinite));
    const wasAbsent = heat.names.map(
      (_, row) => !hasValue[row] && isBroken.some((flag, c) => !flag && heat.nonfinite[row * columns + c]),
    );
    const nonfinite = heat.nonfinite.map((flag, at) => flag & isBroken[at % columns] & !wasAbsent[Math.floor(at / columns)]);
    return { ...heat, nonfinite };
  }

  /** As vk.api.heatmap, known at the playhead. `range` is {x_min, x_max, columns}.
   *  A norm is NaN where a parameter had no gradient (frozen, unused) as well as where it went wrong; only then is the
   *  norm of all gradients NaN too. What merely was not there loses its flag and becomes "no data". */
  vk.readHeat = async function (run, prefix, range) {
    const { x_min, x_max } = range;
    const [heat, stretches] = await Promise.all([
      vk.api.heatmap(vk.asOf({ run, prefix, ...range })),
      prefix === 'weight_norm' ? null : brokenStretches(run, { x_min, x_max }),
    ]);
    return stretches ? keepFlags(heat, stretches) : heat;
  };
})((window.vk = window.vk || {}));
