/* The address is the view: every choice is in the query string, a copied link shows the same. */
(function () {
  'use strict';
  const vk = window.vk;
  const bindings = []; // {params, read(query), write(query)}
  let reading = false;
  let started = false;

  const list = (set) => [...set].map((name) => name.replace(/[%,]/g, encodeURIComponent)).join(',');
  const unlist = (text) => new Set(text.split(',').filter(Boolean).map(decodeURIComponent));
  const short = (x) => String(Number(x.toPrecision(9)));
  const put = (query, param, value) =>
    (value === null || value === undefined || value === '' ? query.delete(param) : query.set(param, value));

  /* How values look in the address: {parse(text), format(value)}. */
  const codecs = {
    text: { parse: (t) => t, format: (v) => v },
    names: { parse: unlist, format: list },
    flag: { parse: (t) => t === '1', format: (v) => (v ? '1' : '0') },
    word: (...words) => ({ parse: (t) => (words.includes(t) ? t : words[0]), format: (v) => v }),
    number: (low, high) => ({ parse: (t) => clamp(Number(t), low, high), format: short }),
  };

  function clamp(x, low, high) {
    if (Number.isNaN(x)) throw new RangeError('not a number');
    return Math.min(high, Math.max(low, x));
  }

  function add(keys, binding) {
    bindings.push(binding);
    vk.store.on(keys, write);
    if (started) binding.read(new URLSearchParams(location.search));
  }

  /**
   * Keep a store key in the query string under `param`; the default is never written. Pages call
   * this for keys that they add to the store.
   */
  function bind(key, param, { parse, format }, initial = vk.store.get()[key]) {
    if (!(key in vk.store.get())) vk.store.set({ [key]: initial });
    add([key], {
      params: [param],
      read(query) {
        let value = initial;
        try {
          if (query.has(param)) value = parse(query.get(param));
        } catch (_) { /* a damaged link shows the default */ }
        vk.store.set({ [key]: value });
      },
      write(query) {
        const value = vk.store.get()[key];
        put(query, param, value === null || format(value) === (initial === null ? null : format(initial)) ? null : format(value));
      },
    });
  }

  const playheadBinding = {
    params: ['at', 'speed'],
    read(query) {
      const at = query.has('at') ? Number(query.get('at')) : NaN;
      const speed = Number(query.get('speed')) || 1;
      vk.store.set({
        playhead: Number.isFinite(at)
          ? { mode: 'paused', at, speed }
          : { mode: 'following', at: null, speed },
      });
    },
    write(query) {
      const { mode, at, speed } = vk.store.get().playhead;
      put(query, 'at', mode === 'following' ? null : String(Math.floor(at)));
      put(query, 'speed', speed === 1 ? null : String(speed));
    },
  };

  const zoomCodec = {
    parse(text) {
      const [x0, x1] = text.split('..').map(Number);
      return x0 < x1 ? [x0, x1] : null;
    },
    format: (zoom) => `${short(zoom[0])}..${short(zoom[1])}`,
  };

  function read() {
    reading = true;
    const query = new URLSearchParams(location.search);
    bindings.forEach((binding) => binding.read(query));
    vk.store.set({ page: vk.router.pageOf(location.pathname) });
    reading = false;
  }

  /** The query string of the view: what nobody bound as it came, then the bindings in their order. */
  function search() {
    const query = new URLSearchParams(location.search);
    for (const { params } of bindings) params.forEach((param) => query.delete(param));
    bindings.forEach((binding) => binding.write(query));
    const out = query.toString().replace(/%2C/g, ',').replace(/%2F/g, '/').replace(/%3A/g, ':').replace(/%7E/g, '~').replace(/%21/g, '!');
    return out ? `?${out}` : '';
  }

  /* Browsers refuse more than some 200 replaceState calls in half a minute: only when idle. */
  const writeSoon = vk.whenIdle(() => {
    const query = search();
    if (query !== location.search) history.replaceState(null, '', location.pathname + query + location.hash);
  }, 150);
  const write = () => reading || !started || writeSoon();

  vk.router = {
    pages: [], // {key, path, title}
    pageOf(pathname) {
      const path = `/${pathname.slice(vk.base().length).replace(/\/+$/, '')}`;
      const page = this.pages.find((p) => p.path === path) || this.pages[0];
      return page ? page.key : 'overview';
    },
    href(key) {
      const page = this.pages.find((p) => p.key === key);
      return vk.base() + page.path.slice(1) + search();
    },
    /** Show a page; the one before is one click on the back button away. */
    go(key) {
      if (key === vk.store.get().page) return;
      history.replaceState(null, '', location.pathname + search());
      history.pushState(null, '', this.href(key));
      vk.store.set({ page: key });
    },
  };

  function start() {
    vk.router.pages = JSON.parse(document.getElementById('vk-pages').dataset.vkPages)
      .map(([key, path, title]) => ({ key, path, title }));
    add(['selection'], vk.selection.binding);
    add(['playhead'], playheadBinding);
    bind('filter', 'filter', codecs.text);
    bind('groupBy', 'group', codecs.text, null);
    bind('tagFilter', 'tag', codecs.text);
    bind('axis', 'axis', codecs.word('step', 'relative', 'wall'));
    bind('smoothing', 'smooth', codecs.number(0, 0.999));
    bind('logY', 'log', codecs.flag);
    bind('columns', 'cols', codecs.number(0, 6));
    bind('zoom', 'zoom', zoomCodec);
    bind('opened', 'open', codecs.names);
    bind('closed', 'close', codecs.names);
    bind('focusChoice', 'focus', codecs.text, '');
    bind('themeChoice', 'theme', codecs.word('auto', 'light', 'dark'), vk.theme.remembered());
    started = true;
    read();
    addEventListener('popstate', read);
  }

  vk.url = { bind, add, put, codecs, search, start };
  vk.onStart(start);
})();
