/* The playhead: following | playing(speed) | paused(at). Live is replay with the playhead at the
   end: `store.until` is null while following and the playhead's step otherwise.

   The playhead is a step on every axis, so that each page and each request means the same by it.
   At speed 1 a replay goes as fast as the run was logged (steps of the domain over the seconds they
   took), but never faster than ten seconds for the whole. */
(function () {
  'use strict';
  const vk = window.vk;
  const SHORTEST = 10; // seconds for the whole domain at speed 1
  const SPEEDS = [0.25, 0.5, 1, 2, 4, 8, 16, 32, 64];
  let lastFrame = null;
  let position = 0; // exact place while playing; the store holds whole steps

  const get = () => vk.store.get().playhead;
  const clamp = (at) => {
    const [first, last] = vk.store.get().domain;
    return Math.min(last, Math.max(first, at));
  };

  function put(patch) {
    vk.store.set({ playhead: { ...get(), ...patch } });
  }

  function duration() {
    const spans = vk.runs.selected().map((r) => ((r.status === 'running' ? Date.now() / 1000 : r.ended) || r.started) - r.started);
    return Math.max(SHORTEST, ...spans.filter(Number.isFinite));
  }

  /** Steps per second at the chosen speed. */
  function rate() {
    const [first, last] = vk.store.get().domain;
    return (Math.max(1, last - first) / duration()) * get().speed;
  }

  function tick(now) {
    if (get().mode !== 'playing') {
      lastFrame = null;
      return;
    }
    if (lastFrame !== null) position += ((now - lastFrame) / 1000) * rate();
    lastFrame = now;
    if (position >= vk.store.get().domain[1]) {
      follow();
      return;
    }
    if (Math.floor(position) !== get().at) put({ at: Math.floor(position) });
    requestAnimationFrame(tick);
  }

  /** Stop at a step. */
  function set(at) {
    position = clamp(at);
    put({ mode: 'paused', at: Math.round(position) });
  }

  /** Go on from here; from the end or from live, from the start. */
  function play() {
    const { mode, at } = get();
    const [first, last] = vk.store.get().domain;
    if (mode === 'playing' || last <= first) return;
    position = mode === 'following' || at >= last ? first : at;
    put({ mode: 'playing', at: Math.floor(position) });
    lastFrame = null;
    requestAnimationFrame(tick);
  }

  const pause = () => put({ mode: 'paused', at: get().at === null ? vk.store.get().domain[1] : get().at });
  const follow = () => put({ mode: 'following', at: null });

  /** Move by n steps; past the end it follows again. */
  function step(n) {
    const [, last] = vk.store.get().domain;
    const from = get().at === null ? last : get().at;
    if (from + n >= last && n > 0) follow();
    else set(from + n);
  }

  vk.playhead = {
    SPEEDS,
    set,
    play,
    pause,
    follow,
    step,
    toggle: () => (get().mode === 'playing' ? pause() : play()),
    start: () => set(vk.store.get().domain[0]),
    speed: (speed) => put({ speed }),
    /** A stride for Shift+arrows: a fiftieth of the whole. */
    stride: () => Math.max(1, Math.round((vk.store.get().domain[1] - vk.store.get().domain[0]) / 50)),
    /** Where the playhead is in numbers, also while following. */
    at: () => (get().at === null ? vk.store.get().domain[1] : get().at),
  };

  /** What is worth a look, on the replay bar: {at, label, kind: 'nonfinite' | ..., run} by source. */
  const marks = new Map();
  const markListeners = new Set();
  const tell = vk.perFrame(() => markListeners.forEach((fn) => fn()));
  vk.marks = {
    put(source, list) {
      if (list && list.length) marks.set(source, list);
      else marks.delete(source);
      tell();
    },
    all: () => [...marks.values()].flat(),
    onChange(fn) {
      markListeners.add(fn);
      return () => markListeners.delete(fn);
    },
  };

  vk.store.on(['playhead'], ({ playhead }) => vk.store.set({ until: playhead.mode === 'following' ? null : playhead.at }));

  /** ?replay=RUN plays that run alone from its start once it is known. */
  function replayFromAddress() {
    const query = new URLSearchParams(location.search);
    const run = query.get('replay');
    if (run === null) return;
    const off = vk.store.on(['runs'], ({ runs }) => {
      if (!runs.some((r) => r.run === run)) return;
      off();
      vk.selection.only(run);
      setTimeout(() => {
        follow();
        play();
      });
    });
  }
  vk.onStart(replayFromAddress);
})();
