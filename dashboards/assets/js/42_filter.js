/* The filter of runs, shared by the sidebar and the table: a regular expression over names, decided
   here, or after "=" an expression over config and metrics, decided by the server. */
(function () {
  'use strict';
  const vk = window.vk;
  const PAUSE = 200; // ms after the last key before the server is asked
  const AGAIN = 3000; // ms between two questions while metrics move

  const isExpression = (text) => text.trimStart().startsWith('=');
  const expression = (text) => text.trimStart().slice(1).trim();

  /** What a regular expression leaves: {test, error}; a broken one leaves everything. */
  const regex = (text) => vk.tagGroups.matcher(text);

  let answer = { text: null, names: null }; // of the last expression that the server took
  let asking = null;
  let askedAt = 0;

  const state = (patch) => {
    const next = { error: '', hint: '', busy: false, ...patch };
    const now = vk.store.get().filterState;
    if (Object.keys(next).some((key) => next[key] !== now[key])) vk.store.set({ filterState: next });
  };

  const publish = (filtered) => {
    const { filtered: before } = vk.store.get();
    const same = before.length === filtered.length && filtered.every((row, i) => row === before[i]);
    if (!same) vk.store.set({ filtered });
  };

  /** The runs that are left, from what is known now. While the server thinks, the last answer stays. */
  function narrow() {
    const { runs, filter } = vk.store.get();
    if (!isExpression(filter)) {
      const { test, error } = regex(filter);
      publish(filter ? runs.filter(({ run }) => test(run)) : runs);
      state({ error: error || '' });
    } else if (!expression(filter)) {
      publish(runs);
      state({});
    } else if (answer.names) {
      publish(runs.filter(({ run }) => answer.names.has(run)));
    } else {
      publish(runs);
    }
  }

  function cancel() {
    askSoon.cancel();
    askAgain.cancel();
    if (asking) asking.abort();
    asking = null;
  }

  async function ask() {
    const text = expression(vk.store.get().filter);
    if (asking) asking.abort();
    const mine = (asking = new AbortController());
    askedAt = performance.now();
    try {
      const { runs } = await vk.api.json('match', { filter: text }, { signal: mine.signal });
      answer = { text, names: new Set(runs) };
      state({});
    } catch (error) {
      if (error.name === 'AbortError') return;
      answer = { text, names: null };
      state({ error: error.message, hint: error.status === 400 ? '' : error.hint });
    }
    if (asking === mine) asking = null;
    narrow();
  }

  const askSoon = vk.whenIdle(ask, PAUSE);
  const askAgain = vk.whenIdle(() => asking || ask(), AGAIN);

  function typed() {
    cancel();
    const { filter } = vk.store.get();
    if (isExpression(filter) && expression(filter)) {
      state({ busy: true });
      if (expression(filter) !== answer.text) askSoon();
      else state({});
    } else {
      answer = { text: null, names: null };
    }
    narrow();
  }

  /** Runs moved on: names are decided at once, values after a while. */
  function moved() {
    const { filter, filterState } = vk.store.get();
    narrow();
    const settled = isExpression(filter) && expression(filter) && !filterState.busy && !filterState.error;
    if (settled && !asking && performance.now() - askedAt > AGAIN) askAgain();
  }

  vk.filter = {
    regex,
    isExpression,
    /** As parameters of /api/v1/table and /api/v1/match. */
    params() {
      const { filter } = vk.store.get();
      if (isExpression(filter)) return { filter: expression(filter) || null };
      return { search: filter && !regex(filter).error ? filter : null };
    },
  };

  vk.onStart(() => {
    vk.store.on(['filter'], typed);
    vk.store.on(['runs'], moved);
    typed();
  });
})();
