/* When charts draw: a frame has ten milliseconds for all of them, visible ones only, in turn; a chart
   that takes long rests in proportion, and nothing is drawn in a hidden tab. Also the one place that
   loads plotly.js, which nothing needs before the first chart is in view. */
(function () {
  'use strict';
  const vk = window.vk;
  const BUDGET = 10; // ms per frame
  const HEAVY = 6; // ms of one drawing from which on a chart rests
  const REST = 4; // times as long as it took
  const LONGEST_REST = 500; // ms
  const dirty = new Set();
  const stats = { draws: 0, full: 0, fast: 0, frames: 0 };
  let asked = false;

  function ask() {
    if (asked || document.hidden) return;
    asked = true;
    requestAnimationFrame(tick);
  }

  function tick() {
    asked = false;
    stats.frames += 1;
    const start = performance.now();
    let now = start;
    for (const chart of dirty) {
      if (now < (chart.restsUntil || 0)) continue;
      dirty.delete(chart);
      if (!chart.visible) continue; // it is marked again when it comes into view
      chart.draw();
      const before = now;
      now = performance.now();
      chart.restsUntil = now - before > HEAVY ? now + Math.min(LONGEST_REST, REST * (now - before)) : 0;
      stats.draws += 1;
      if (now - start > BUDGET) break;
    }
    if (dirty.size) ask();
  }

  /**
   * Draw `chart` (an object with visible and draw()) soon. Marked twice, it is drawn once. `atOnce`
   * is for what a hand does: it does not wait for the chart's rest to end.
   */
  function mark(chart, { atOnce = false } = {}) {
    if (atOnce) chart.restsUntil = 0;
    dirty.add(chart);
    ask();
  }

  document.addEventListener('visibilitychange', () => dirty.size && ask());

  let plotly = null;
  /** Resolves to window.Plotly, loading our pinned bundle once. */
  vk.plotly = () => {
    if (!plotly) plotly = window.Plotly ? Promise.resolve(window.Plotly) : loadPlotly();
    return plotly;
  };

  function loadPlotly() {
    const meta = document.querySelector('meta[name="vizkit-plotly"]');
    return new Promise((resolve, reject) => {
      document.head.append(vk.el('script', {
        src: meta ? meta.content : vk.asset('vendor/plotly-cartesian.min.js'),
        onload: () => resolve(window.Plotly),
        onerror: () => reject(new Error('plotly.js did not load')),
      }));
    });
  }

  /* Pages with charts: let it come while Dash is still loading. */
  if (/\/(scalars|gradients)\/?$/.test(location.pathname)) {
    const meta = document.querySelector('meta[name="vizkit-plotly"]');
    if (meta) document.head.append(vk.el('link', { rel: 'preload', as: 'script', href: meta.content }));
  }

  vk.schedule = { mark, stats, forget: (chart) => dirty.delete(chart) };
})();
