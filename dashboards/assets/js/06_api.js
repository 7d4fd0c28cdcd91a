/* Reading from the server: JSON, and binary columns without a copy. */
(function () {
  'use strict';
  const vk = window.vk;

  /** What went wrong, in words, and `hint`: what to do. `status` is 0 when nothing answered. */
  class ApiError extends Error {
    constructor(message, hint, status) {
      super(message);
      this.name = 'ApiError';
      this.hint = hint || '';
      this.status = status;
    }
  }

  function address(path, params) {
    const url = new URL(`${vk.base()}api/v1/${path}`, location.href);
    for (const [name, value] of Object.entries(params || {})) {
      const all = Array.isArray(value) ? value : [value];
      for (const one of all) if (one !== null && one !== undefined) url.searchParams.append(name, one);
    }
    return url.href;
  }

  const get = (path, params, options) => ask(address(path, params), options);

  /** Send a JSON body; for questions too long for an address. */
  const post = (path, body, options) => ask(address(path), {
    ...options, method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body, withoutNull),
  });
  const withoutNull = (_, value) => (value === null ? undefined : value);

  async function ask(url, { signal, method, headers, body } = {}) {
    let response;
    try {
      response = await fetch(url, { signal, method, headers, body });
    } catch (error) {
      if (error.name === 'AbortError') throw error;
      throw new ApiError('The server does not answer', 'Is `vizkit serve` still running?', 0);
    }
    if (response.ok) return response;
    const problem = await response.json().catch(() => ({}));
    throw new ApiError(problem.error || `HTTP ${response.status}`, problem.hint, response.status);
  }

  const json = async (path, params, options) => (await get(path, params, options)).json();

  /** Split `u32 length, u32 0 | JSON padded to a multiple of 8 | columns` into header and reader. */
  function frame(buffer) {
    const length = new DataView(buffer).getUint32(0, true);
    const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
    let offset = 8 + Math.ceil(length / 8) * 8;
    const take = (Type, n) => {
      const column = new Type(buffer, offset, n);
      offset += n * Type.BYTES_PER_ELEMENT;
      return column;
    };
    return { header, take };
  }

  async function binary(path, params, options) {
    const response = await get(path, { ...params, format: 'binary' }, options);
    return frame(await response.arrayBuffer());
  }

  /**
   * The points of a series as Float64Arrays, step-sorted, non-finite ones in place.
   * params: run, tag, max_points, x_min, x_max, until, axis.
   */
  async function series(params, options) {
    const { header, take } = await binary('series', params, options);
    return window_(header, take);
  }

  function window_({ n, ghosts, points, exact, total }, take) {
    const step = take(Float64Array, n);
    const wall = take(Float64Array, n);
    const value = take(Float64Array, n);
    const earlier = (ghosts || []).map((ghost) => ({
      attempt: ghost.attempt,
      step: take(Float64Array, ghost.n),
      wall: take(Float64Array, ghost.n),
      value: take(Float64Array, ghost.n),
    }));
    return { step, wall, value, ghosts: earlier, points, exact, total };
  }

  /**
   * The windows of many series, [[run, tag], ...], in one request and in their order; null for one
   * that is not there. params: max_points, x_min, x_max, until, axis.
   */
  async function windows(pairs, params, options) {
    const response = await post('windows', { series: pairs, ...params }, options);
    const { header, take } = frame(await response.arrayBuffer());
    const found = new Map(header.series.map((one) => [keyOf(one.run, one.tag), window_(one, take)]));
    return pairs.map(([run, tag]) => found.get(keyOf(run, tag)) || null);
  }

  const keyOf = (run, tag) => `${run}\u0000${tag}`;
  const COLUMNS = ['x', 'mean', 'std', 'low', 'high', 'median', 'count'];

  /**
   * What the runs of each group do together: [{key, n, runs, x, mean, std, low, high, median, count}].
   * groups: [{key, runs}]; params: x_min, x_max, until, axis, columns.
   */
  async function bands(tag, groups, params, options) {
    const response = await post('bands', { tag, groups, ...params }, options);
    const { header, take } = frame(await response.arrayBuffer());
    return header.groups.map((group) => {
      const columns = COLUMNS.map((name) => [name, take(Float64Array, group.n)]);
      return { ...group, ...Object.fromEntries(columns) };
    });
  }

  /**
   * Layers by steps: {names, rows, columns, step, value, nonfinite}; value and nonfinite are
   * row-major, NaN means no data, nonfinite is 1 where a NaN or Inf was seen.
   */
  async function heatmap(params, options) {
    const { header, take } = await binary('heatmap', params, options);
    const step = take(Float64Array, header.columns);
    const value = take(Float32Array, header.rows * header.columns);
    const nonfinite = take(Uint8Array, header.rows * header.columns);
    return { ...header, step, value, nonfinite };
  }

  vk.api = { json, post, series, windows, bands, heatmap, address, ApiError };
})();
