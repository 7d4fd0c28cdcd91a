/* One row of the list of runs, and one of a group. They are used again for other runs while one
   scrolls, so every handler asks the row what it shows; only what changed is written, so that a push
   never disturbs a click in progress. */
(function () {
  'use strict';
  const vk = window.vk;
  const put = (node, key, value) => node[key] === value || (node[key] = value);

  /** A click on a button in the row is not a click on the row. */
  const button = (attrs, act, ...children) => vk.el('button', {
    type: 'button', tabindex: -1, ...attrs, onclick: (event) => {
      event.preventDefault();
      act(event.currentTarget);
    },
  }, children);

  const line = () => vk.el('span', { class: 'vk-side-line' });

  /** Words of a run below its name. */
  function ageOf(run) {
    if (run.status === 'running') return `step ${vk.format.exact(run.last_step)}`;
    const since = vk.format.ago(run.ended || run.started);
    return since === 'now' ? 'just now' : `${since} ago`;
  }

  const TAIL = 7; // characters at the end that are never cut: names of a sweep differ there

  /** Write a name into `el` so that CSS cuts it where it is too long: its folder first, then its middle. */
  vk.writeName = (el, name) => {
    if (el.textContent === name) return;
    const base = name.lastIndexOf('/') + 1;
    const cut = name.length - base > 2 * TAIL ? name.length - TAIL : name.length;
    el.classList.add('vk-cut-name');
    el.replaceChildren(...[name.slice(0, base), name.slice(base, cut), name.slice(cut)].map((part) => vk.el('span', null, part)));
  };

  const nameParts = () => ({ title: vk.el('span', { class: 'vk-side-name' }), sub: vk.el('span', { class: 'vk-side-sub' }) });

  vk.runListRow = () => {
    let run = null;
    const box = vk.el('input', { type: 'checkbox', class: 'vk-side-box', tabindex: -1, onchange: () => vk.selection.choose(run.run, box.checked) });
    const { title, sub } = nameParts();
    const dot = vk.el('span', { class: 'vk-dot' });
    const status = vk.el('span');
    const age = vk.el('span', { class: 'vk-side-age' });
    sub.append(dot, status, age);
    const color = () => vk.colorChoice.choose(swatch, run.run, run.run, vk.colors.of(run.run));
    const swatch = button({ class: 'vk-side-swatch' }, color, line());
    const only = button({ class: 'vk-side-only', title: 'Show only this run (or double click)' }, () => vk.selection.only(run.run), 'only');
    const label = vk.el('label', { class: 'vk-side-run', ondblclick: ({ target }) => target.closest('button') || vk.selection.only(run.run) },
      box, swatch, vk.el('span', { class: 'vk-side-text' }, title, sub), only);
    const el = vk.el('div', { role: 'row', class: 'vk-side-row' }, vk.el('div', { role: 'gridcell' }, label));
    const row = { kind: 'run', el, color };

    row.fill = ({ run: now, depth }) => {
      const name = now.run;
      if (!run || run.run !== name) {
        el.dataset.vkRun = name;
        vk.writeName(title, name === '.' ? '. (the folder itself)' : name);
        only.setAttribute('aria-label', `Show only ${name}`);
        swatch.setAttribute('aria-label', `Colour of ${name}`);
        swatch.title = 'Change the colour';
      }
      const on = vk.store.get().selected.has(name);
      const hue = vk.colors.of(name);
      if (row.hue !== hue) el.style.setProperty('--vk-run', (row.hue = hue));
      if (row.on !== on) el.setAttribute('aria-selected', String((row.on = on)));
      if (row.depth !== depth) el.setAttribute('aria-level', (row.depth = depth) || 1);
      put(el.dataset, 'depth', String(depth || 0));
      put(box, 'checked', on);
      put(el.dataset, 'dash', vk.colors.dash(name));
      put(age, 'textContent', ageOf(now));
      if (run === now) return;
      run = now;
      put(dot.dataset, 'status', now.status);
      put(status, 'textContent', now.status);
      put(el, 'title', `${name}\n${now.status}, started ${vk.format.time(now.started)}\n${vk.format.exact(now.points)} points, step ${vk.format.exact(now.last_step)}`);
    };
    return row;
  };

  /** Fold or unfold a group of the list. */
  vk.foldGroup = (key, on) => {
    const folded = new Set(vk.store.get().folded);
    if (on) folded.add(key);
    else folded.delete(key);
    vk.store.set({ folded });
  };

  vk.runListGroup = () => {
    let item = null;
    const box = vk.el('input', {
      type: 'checkbox', class: 'vk-side-box', tabindex: -1,
      onchange: () => vk.selection.many(item.group.names, box.checked),
    });
    const { title, sub } = nameParts();
    const color = () => vk.colorChoice.choose(swatch, item.group.key, item.group.label, vk.colors.ofGroup(item.group.key));
    const swatch = button({ class: 'vk-side-swatch', title: 'Change the colour' }, color, line());
    const fold = button({ class: 'vk-side-fold' }, () => vk.foldGroup(item.group.key, !item.folded), vk.icon('chevron', 14));
    const only = button({ class: 'vk-side-only', title: 'Show only this group' }, () => vk.selection.onlyThese(item.group.names), 'only');
    const label = vk.el('label', { class: 'vk-side-run' }, box, swatch, vk.el('span', { class: 'vk-side-text' }, title, sub), only);
    const el = vk.el('div', { role: 'row', class: 'vk-side-row vk-side-group', 'aria-level': 1 }, vk.el('div', { role: 'gridcell' }, fold, label));
    const row = { kind: 'group', el, color };

    row.fill = (now) => {
      item = now;
      const { key, label: words, names } = now.group;
      const hue = vk.colors.ofGroup(key);
      if (row.hue !== hue) el.style.setProperty('--vk-run', (row.hue = hue));
      put(el.dataset, 'vkGroup', key);
      vk.writeName(title, words.length > 20 && now.group.value !== null ? now.group.value : words);
      put(el, 'title', words);
      put(sub, 'textContent', `${vk.format.exact(now.on)} of ${vk.format.exact(names.length)} ${names.length === 1 ? 'run' : 'runs'}`);
      put(box, 'checked', now.on === names.length);
      put(box, 'indeterminate', now.on > 0 && now.on < names.length);
      el.setAttribute('aria-selected', String(now.on === names.length));
      el.setAttribute('aria-expanded', String(!now.folded));
      fold.setAttribute('aria-label', `${now.folded ? 'Show' : 'Fold'} the runs of ${words}`);
      only.setAttribute('aria-label', `Show only ${words}`);
      swatch.setAttribute('aria-label', `Colour of ${words}`);
    };
    return row;
  };
})();
