/* The rows of the sidebar: as many as are in view, whatever the number of runs. */
(function () {
  'use strict';
  const vk = window.vk;
  const ROW = 40; // px, as in 30_sidebar.css
  const MORE = 6; // rows drawn above and below the view

  class RunList {
    constructor() {
      this.runs = [];
      this.rows = new Map(); // run -> {el, ...parts}
      this.inner = vk.el('div', { class: 'vk-side-rows', role: 'list', 'aria-label': 'Runs' });
      this.el = vk.el('div', { class: 'vk-side-list', tabindex: -1 }, this.inner);
      this.update = vk.perFrame(() => this.draw());
      this.el.addEventListener('scroll', this.update, { passive: true });
      this.resize = new ResizeObserver(this.update);
      this.resize.observe(this.el);
    }

    show(runs) {
      this.runs = runs;
      this.inner.style.height = `${runs.length * ROW}px`;
      this.draw();
    }

    draw() {
      const first = Math.max(0, Math.floor(this.el.scrollTop / ROW) - MORE);
      const last = Math.min(this.runs.length, Math.ceil((this.el.scrollTop + this.el.clientHeight) / ROW) + MORE);
      const wanted = new Set();
      for (let i = first; i < last; i += 1) {
        const run = this.runs[i];
        wanted.add(run.run);
        const row = this.rows.get(run.run) || this.make(run.run);
        this.fill(row, run, i);
      }
      for (const [name, { el }] of this.rows) {
        if (wanted.has(name)) continue;
        el.remove();
        this.rows.delete(name);
      }
    }

    make(name) {
      const box = vk.el('input', { type: 'checkbox', class: 'vk-side-box', onchange: () => vk.selection.choose(name, box.checked) });
      const title = vk.el('span', { class: 'vk-side-name' });
      const dot = vk.el('span', { class: 'vk-dot' });
      const status = vk.el('span');
      const age = vk.el('span', { class: 'vk-side-age' });
      const only = vk.el('button', {
        type: 'button', class: 'vk-side-only', 'aria-label': `Show only ${name}`, title: 'Show only this run (or double click)',
        onclick: (event) => {
          event.preventDefault();
          vk.selection.only(name);
        },
      }, 'only');
      const label = vk.el('label', { class: 'vk-side-run', ondblclick: (event) => event.target !== only && vk.selection.only(name) },
        box, vk.el('span', { class: 'vk-side-text' }, title, vk.el('span', { class: 'vk-side-sub' }, dot, status, age)), only);
      const el = vk.el('div', { role: 'listitem', class: 'vk-side-row', data: { vkRun: name } }, label);
      const row = { el, box, title, dot, status, age };
      this.rows.set(name, row);
      this.inner.append(el);
      return row;
    }

    /** Only what changed is written, so that a push never disturbs a click in progress. */
    fill(row, run, i) {
      const put = (node, key, value) => node[key] === value || (node[key] = value);
      const move = `translateY(${i * ROW}px)`;
      put(row.el.style, 'transform', move);
      row.el.setAttribute('aria-posinset', i + 1);
      row.el.setAttribute('aria-setsize', this.runs.length);
      const color = vk.colors.of(run.run);
      if (row.color !== color) row.el.style.setProperty('--vk-run', (row.color = color));
      put(row.box, 'checked', vk.store.get().selected.has(run.run));
      put(row.box.dataset, 'dash', vk.colors.dash(run.run));
      put(row.title, 'textContent', run.run === '.' ? '. (the folder itself)' : run.run);
      put(row.dot.dataset, 'status', run.status);
      put(row.status, 'textContent', run.status);
      put(row.age, 'textContent', ageOf(run));
      put(row.el, 'title', `${run.run}\n${run.status}, started ${vk.format.time(run.started)}\n${vk.format.exact(run.points)} points, step ${vk.format.exact(run.last_step)}`);
    }

    destroy() {
      this.resize.disconnect();
    }
  }

  function ageOf(run) {
    if (run.status === 'running') return `step ${vk.format.exact(run.last_step)}`;
    const since = vk.format.ago(run.ended || run.started);
    return since === 'now' ? 'just now' : `${since} ago`;
  }

  vk.RunList = RunList;
})();
