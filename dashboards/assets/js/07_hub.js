/* One websocket for the tab. New points come as binary frames; the next frame is only sent after
   this one was acknowledged, from requestAnimationFrame, so a slow tab coalesces on the server
   instead of queueing here. A hidden tab asks for silence and reads on when it is shown again. */
(function () {
  'use strict';
  const vk = window.vk;
  const subscriptions = new Map(); // id -> {id, run, tag, next, last, told, listener}
  const messageListeners = new Map(); // type -> Set
  const FIRST_RETRY = 250;
  const LAST_RETRY = 5000;
  let socket = null;
  let nextId = 1;
  let retry = FIRST_RETRY;

  const send = (message) => {
    if (socket && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  };

  function connect() {
    const url = new URL(`${vk.base()}ws`, location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    socket.onopen = opened;
    socket.onmessage = ({ data }) => (typeof data === 'string' ? message(JSON.parse(data)) : frame(data));
    socket.onclose = closed;
  }

  function opened() {
    retry = FIRST_RETRY;
    vk.store.set({ connection: 'live' });
    if (document.hidden) send({ op: 'pause' });
    for (const subscription of [...subscriptions.values()]) resume(subscription);
    emit('open', {});
  }

  /* The server compares `last`, the step and wall time of the last point that came: it may have
     another series by now. What has none to compare reads its window again. */
  function resume(subscription) {
    if (subscription.told && !subscription.last) subscription.listener.reset();
    else ask(subscription);
  }

  function ask(subscription) {
    const { id, run, tag, next, last } = subscription;
    subscription.told = socket && socket.readyState === WebSocket.OPEN;
    send({ op: 'subscribe', id, run, tag, from: next, ...(last && { last }) });
  }

  function closed() {
    vk.store.set({ connection: 'reconnecting' });
    setTimeout(connect, retry * (0.7 + 0.6 * Math.random()));
    retry = Math.min(retry * 2, LAST_RETRY);
  }

  function message(data) {
    if (data.type === 'hello') vk.store.set({ logdir: data.logdir || '' });
    if (data.type === 'progress') vk.store.set({ progress: data.done || data.indexed >= data.total ? null : data });
    if (data.type === 'reset') {
      const subscription = subscriptions.get(data.id);
      if (subscription) subscription.listener.reset();
    }
    emit(data.type, data);
  }

  function emit(type, data) {
    for (const fn of messageListeners.get(type) || []) fn(data);
  }

  /** u32 nblocks, u32 0 | per block: u32 id, u32 count, f64 start, f64[count] step, wall, value. */
  function frame(buffer) {
    const view = new DataView(buffer);
    let offset = 8;
    for (let blocks = view.getUint32(0, true); blocks > 0; blocks -= 1) {
      const id = view.getUint32(offset, true);
      const count = view.getUint32(offset + 4, true);
      const start = view.getFloat64(offset + 8, true);
      const column = (k) => new Float64Array(buffer, offset + 16 + 8 * count * k, count);
      deliver(subscriptions.get(id), start, column(0), column(1), column(2));
      offset += 16 + 24 * count;
    }
    requestAnimationFrame(() => send({ op: 'ack' }));
  }

  /** Ordinals say what is new: a repeated stretch is cut off, a gap means reading anew. */
  function deliver(subscription, start, step, wall, value) {
    if (!subscription) return;
    const known = subscription.next - start;
    if (known < 0) {
      subscription.next = start + step.length;
      subscription.listener.reset();
      return;
    }
    if (known >= step.length && step.length) return;
    subscription.next = start + step.length;
    subscription.last = [step[step.length - 1], wall[step.length - 1]];
    subscription.listener.data(start + known, step.subarray(known), wall.subarray(known), value.subarray(known));
  }

  /**
   * Get the points of a series from ordinal `from` on: listener.data(start, step, wall, value) with
   * Float64Arrays, listener.reset() when the window must be read again. Returns the end of it.
   */
  function subscribe(run, tag, from, listener) {
    const id = nextId;
    nextId += 1;
    const subscription = { id, run, tag, next: from, last: null, told: false, listener };
    subscriptions.set(id, subscription);
    ask(subscription);
    return () => {
      if (subscriptions.delete(id)) send({ op: 'unsubscribe', id });
    };
  }

  /** Call fn(message) for each text message of a type; 'open' comes after every (re)connection. */
  function onMessage(type, fn) {
    if (!messageListeners.has(type)) messageListeners.set(type, new Set());
    messageListeners.get(type).add(fn);
    return () => messageListeners.get(type).delete(fn);
  }

  vk.hub = { subscribe, onMessage, subscriptions: () => subscriptions.size };
  vk.onStart(connect);
  document.addEventListener('visibilitychange', () => send({ op: document.hidden ? 'pause' : 'resume' }));
})();
