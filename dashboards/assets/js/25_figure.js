/* A composition as a plotly figure: its axes on the page, all of it in images to keep, and for what
   our own lines are measured against. */
(function () {
  'use strict';
  const vk = window.vk;
  const NAMED = 12; // lines in the legend of a picture
  const MARGIN = { l: 54, r: 12, t: 8, b: 24 };

  function trace(line) {
    return {
      type: 'scatter', mode: 'lines', x: line.x, y: line.y, hoverinfo: 'skip', opacity: line.opacity,
      line: { color: line.color, width: line.width, dash: line.dash || 'solid', simplify: false },
    };
  }

  /** Axis texts: SI beyond thousands on x; plain, then powers of ten, on y. */
  function axes(plan, { logY, width, height }) {
    const line = { gridcolor: vk.theme.token('--vk-grid'), zeroline: false, linecolor: vk.theme.token('--vk-border'), ticks: '', fixedrange: true, autorange: false };
    const range = plan.axis.type === 'date' ? plan.x.map((ms) => new Date(ms).toISOString().slice(0, -1)) : plan.x;
    return {
      xaxis: { ...line, type: plan.axis.type, range, nticks: Math.max(3, Math.round(width / (plan.axis.type === 'date' ? 64 : 90))), showline: true, exponentformat: 'SI', minexponent: 4, separatethousands: true, showgrid: false, ...(plan.axis.type === 'date' ? { tickformatstops: TIME_TICKS } : {}) },
      yaxis: { ...line, type: logY ? 'log' : 'linear', range: plan.y, nticks: Math.max(3, Math.round(height / 38)), exponentformat: 'power', minexponent: 4, ...logTicks(logY, plan.y) },
    };
  }

  /** Within two decades 1, 2 and 5 (all digits within half a one), beyond that powers of ten. */
  function logTicks(logY, [low, high]) {
    if (!logY) return {};
    const decades = high - low;
    if (decades > 2) return { dtick: Math.max(1, Math.ceil(decades / 5)), minexponent: 3 };
    return { dtick: decades < 0.5 ? 'D1' : 'D2', tickformat: '~g' };
  }

  /** Times of day and dates in one line; plotly's own take two. */
  const TIME_TICKS = [
    { dtickrange: [null, 1000], value: '%H:%M:%S.%L' },
    { dtickrange: [1000, 60000], value: '%H:%M:%S' },
    { dtickrange: [60000, 86400000], value: '%H:%M' },
    { dtickrange: [86400000, 'M1'], value: '%-d %b' },
    { dtickrange: ['M1', null], value: '%b %Y' },
  ];

  /** Shaded stretches of y with a word, such as the healthy band of a ratio. */
  function bandShapes(bands) {
    const color = vk.theme.token('--vk-green');
    return (bands || []).map(({ y0, y1 }) => ({
      type: 'rect', xref: 'paper', x0: 0, x1: 1, yref: 'y', y0, y1, layer: 'below', line: { width: 0 }, fillcolor: color, opacity: 0.1,
    }));
  }

  function bandNames(bands, logY) {
    return (bands || []).filter((band) => band.label).map(({ y1, label }) => ({
      xref: 'paper', x: 1, xanchor: 'right', yref: 'y', y: logY ? Math.log10(y1) : y1, yanchor: 'top',
      text: label, showarrow: false, font: { size: 11, color: vk.theme.token('--vk-green') },
    }));
  }

  function layout(plan, spec) {
    return {
      ...axes(plan, spec),
      width: spec.width + MARGIN.l + MARGIN.r,
      height: spec.height + MARGIN.t + MARGIN.b,
      margin: { ...MARGIN, pad: 0 },
      paper_bgcolor: 'rgba(0,0,0,0)', plot_bgcolor: 'rgba(0,0,0,0)',
      font: { family: vk.theme.token('--vk-font'), size: 11, color: vk.theme.token('--vk-muted') },
      showlegend: false, hovermode: false, dragmode: false, uirevision: 'vk',
      shapes: bandShapes(spec.bands), annotations: bandNames(spec.bands, spec.logY),
    };
  }

  /** Names in the legend of a picture: the first few lines, and how many more there are. */
  function legend(lines) {
    const named = new Set();
    return lines.map((line) => {
      const name = line.id.split('\u0000')[0];
      if (line.opacity !== 1 || named.has(name)) return { name, showlegend: false };
      named.add(name);
      return { name, showlegend: named.size <= NAMED };
    });
  }

  function areaTraces({ x, low, high, color }, logY) {
    const edge = { type: 'scatter', mode: 'lines', x, showlegend: false, hoverinfo: 'skip', line: { width: 0, color } };
    const shown = (y) => (logY ? Array.from(y, (v) => 10 ** v) : y);
    return [{ ...edge, y: shown(low) }, { ...edge, y: shown(high), fill: 'tonexty', fillcolor: `${color}29` }];
  }

  /** The figure of a chart to keep: with title, legend, opaque ground, and the non-finite flags. */
  function picture(plan, spec, title) {
    const names = legend(plan.lines);
    const data = plan.areas.flatMap((area) => areaTraces(area, spec.logY));
    plan.lines.forEach((line, i) => data.push({ ...trace(line), ...names[i] }));
    data.push({
      type: 'scatter', mode: 'markers', showlegend: false, x: plan.flags.map((f) => f.x),
      y: plan.flags.map((f) => unlog(f.value === Infinity ? plan.y[1] : plan.y[0], spec.logY)),
      marker: { symbol: plan.flags.map((f) => (f.value === -Infinity ? 'triangle-down' : 'triangle-up')), size: 8, color: plan.flags.map((f) => f.color) },
      cliponaxis: false,
    });
    const base = layout(plan, { ...spec, width: 900, height: 420 });
    const more = plan.curves.length > NAMED ? `, ${plan.curves.length} runs, ${NAMED} named` : '';
    return {
      data,
      layout: {
        ...base, width: 1000, height: 560, margin: { l: 64, r: 24, t: 48, b: 88 },
        title: { text: `${title}${more}`, x: 0.02, font: { size: 16, color: vk.theme.token('--vk-text') } },
        xaxis: { ...base.xaxis, title: { text: plan.axis.name } },
        showlegend: names.some(({ showlegend }) => showlegend), legend: { orientation: 'h', y: -0.18 },
        paper_bgcolor: vk.theme.token('--vk-surface'), plot_bgcolor: vk.theme.token('--vk-surface'),
      },
    };
  }

  const unlog = (y, logY) => (logY ? 10 ** y : y);

  vk.figure = { MARGIN, layout, picture, data: (plan) => plan.lines.map(trace), config: { staticPlot: true, responsive: false, displayModeBar: false } };
})();
