/* Asking at a humane pace: latest wins, one request in flight, nothing asked for a page nobody sees. */
(function (vk) {
  'use strict';

  /** Wrap async `work`: calls to the result start it at most every `gapMs` (a number, or a function giving one),
   *  one at a time, and never miss the last call.
   *  Slow work slows itself down: it rests `rest` times as long as it took. */
  vk.paced = function (gapMs, work, rest = 4) {
    const gap = typeof gapMs === 'function' ? gapMs : () => gapMs;
    let timer = null;
    let running = false;
    let askedAgain = false;
    let stopped = false;
    let mayStartAt = 0;

    function request() {
      if (running) askedAgain = true;
      else if (timer === null && !stopped) timer = setTimeout(start, Math.max(0, mayStartAt - performance.now()));
    }

    async function start() {
      timer = null;
      running = true;
      const startedAt = performance.now();
      try {
        await work();
      } finally {
        const took = performance.now() - startedAt;
        mayStartAt = startedAt + Math.max(gap(), Math.min(rest * took, 4000));
        running = false;
        if (askedAgain) {
          askedAgain = false;
          request();
        }
      }
    }

    request.stop = function () {
      stopped = true;
      clearTimeout(timer);
    };
    return request;
  };

  /** Call `refresh(changedKeys)` when one of `keys` changes while `page` is shown, and whenever `page` becomes shown. */
  vk.whileShown = function (page, keys, refresh) {
    const visit = () => {
      if (vk.store.get().page === page) refresh();
    };
    visit();
    return vk.store.on(['page', ...keys], visit);
  };

  /** Query parameters that limit an answer to what was known at the playhead. */
  vk.asOf = (params) => ({ ...params, until: vk.store.get().until });

  /** The until of the store as data attributes show it: "" while following. */
  vk.untilText = () => String(vk.store.get().until ?? '');
})((window.vk = window.vk || {}));
