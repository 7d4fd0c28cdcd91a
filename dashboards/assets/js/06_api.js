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
      if (value !== null && value !== undefined) url.searchParams.set(name, value);
    }
    return url.href;
  }

  async function get(path, params, { signal } = {}) {
    let response;
    try {
      response = await fetch(address(path, params), { signal });
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
    const step = take(Float64Array, header.n);
    const wall = take(Float64Array, header.n);
    const value = take(Float64Array, header.n);
    const ghosts = (header.ghosts || []).map(({ attempt, n }) => ({
      attempt,
      step: take(Float64Array, n),
      value: take(Float64Array, n),
    }));
    return { step, wall, value, ghosts, points: header.points, exact: header.exact, total: header.total };
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

  vk.api = { json, series, heatmap, address, ApiError };
})();
