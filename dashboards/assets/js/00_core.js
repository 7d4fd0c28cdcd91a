/* The ground of the front end: window.vk, the base path, and how Dash components mount our classes. */
(function () {
  'use strict';
  const vk = (window.vk = window.vk || {});
  const components = (window.vizkit = window.vizkit || {});

  /** Dash's own configuration; assets run before the renderer, so it is read on first use. */
  vk.config = () => {
    if (!vk._config) vk._config = JSON.parse(document.getElementById('_dash-config').textContent);
    return vk._config;
  };

  /** Path below which the app is served, with a slash at its end ("/" or "/user/me/proxy/8097/"). */
  vk.base = () => vk.config().requests_pathname_prefix || '/';
  vk.asset = (path) => `${vk.base()}assets/${path}`;

  /** Classes by component name; a test or a page may look one up. */
  vk.classes = {};
  /** Living instances by component name. */
  vk.mounted = {};

  /**
   * Make `vizkit.<name>` a Dash component that mounts `cls` into a div.
   * The class gets (el, props); it may have destroy(). With a `page` prop it is built on the first
   * visit of that page and hidden while another one is shown.
   */
  vk.register = (name, cls) => {
    vk.classes[name] = cls;
    components[name] = (props) => {
      const ref = window.React.useRef(null);
      window.React.useEffect(() => mount(name, ref.current, props), []);
      return window.React.createElement('div', {
        id: props.id,
        ref,
        className: props.className,
        'data-vk-component': name,
        'data-vk-page': props.page,
      });
    };
  };

  function mount(name, el, props) {
    let instance = null;
    let off = null;
    const build = () => {
      if (!instance) instance = vk.mounted[name] = new vk.classes[name](el, props);
    };
    vk.start();
    if (props.page) off = followPage(el, props.page, build);
    else build();
    return () => {
      if (off) off();
      if (instance && instance.destroy) instance.destroy();
      delete vk.mounted[name];
      el.replaceChildren();
    };
  }

  function followPage(el, page, build) {
    const show = () => {
      const here = vk.store.get().page === page;
      el.hidden = !here;
      if (here) build();
    };
    show();
    return vk.store.on(['page'], show);
  }

  const starters = [];
  let started = false;
  /** Run `fn` once, when the first component mounts (the document and Dash are ready then). */
  vk.onStart = (fn) => (started ? fn() : starters.push(fn));
  vk.start = () => {
    if (started) return;
    started = true;
    starters.forEach((fn) => fn());
  };

  /** Call `fn` at most once per frame, however often it is asked for. */
  vk.perFrame = (fn) => {
    let asked = false;
    return () => {
      if (asked) return;
      asked = true;
      requestAnimationFrame(() => {
        asked = false;
        fn();
      });
    };
  };

  /** Call `fn` once `ms` after the last ask. `.cancel()` forgets it. */
  vk.whenIdle = (fn, ms) => {
    let timer = 0;
    const ask = (...args) => {
      clearTimeout(timer);
      timer = setTimeout(() => fn(...args), ms);
    };
    ask.cancel = () => clearTimeout(timer);
    return ask;
  };

  vk.media = {
    phone: window.matchMedia('(max-width: 767px)'),
    dark: window.matchMedia('(prefers-color-scheme: dark)'),
    still: window.matchMedia('(prefers-reduced-motion: reduce)'),
    touch: window.matchMedia('(pointer: coarse)'),
  };
})();
