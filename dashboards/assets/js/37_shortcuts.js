/* The keyboard: one table of keys, read by the listener and by the list that `?` shows. */
(function () {
  'use strict';
  const vk = window.vk;
  const SEQUENCE = 900; // ms between `g` and the letter of a page

  const findTag = () => {
    vk.router.go('scalars');
    vk.focusSoon('vk-tag-filter');
  };

  /** [keys, words, what they do]; `keys` as in KeyboardEvent.key, Shift and Ctrl in front. */
  const TABLE = [
    ['Find', [
      ['Ctrl+k', 'Search pages, runs, tags', () => vk.palette.toggle()],
      ['/', 'Filter runs', () => vk.sidebar.find()],
      ['t', 'Filter tags', findTag],
      ['[', 'Show or hide the runs', () => vk.sidebar.toggle()],
    ]],
    ['Go to', [
      ['g o', 'Overview', () => vk.router.go('overview')],
      ['g t', 'Runs, as a table', () => vk.router.go('runs')],
      ['g s', 'Scalars', () => vk.router.go('scalars')],
      ['g r', 'Gradients', () => vk.router.go('gradients')],
      ['g g', 'Graph', () => vk.router.go('graph')],
    ]],
    ['Replay', [
      [' ', 'Play or pause', () => vk.playhead.toggle()],
      ['ArrowLeft', 'One step back', () => vk.playhead.step(-1)],
      ['ArrowRight', 'One step forward', () => vk.playhead.step(1)],
      ['Shift+ArrowLeft', 'Fast back', () => vk.playhead.step(-vk.playhead.stride())],
      ['Shift+ArrowRight', 'Fast forward', () => vk.playhead.step(vk.playhead.stride())],
      ['Home', 'To the start', () => vk.playhead.start()],
      ['End', 'Follow live', () => vk.playhead.follow()],
    ]],
    ['In the list of runs', [
      ['ArrowUp ArrowDown', 'Move; Shift takes along', null],
      ['Space', 'Show or hide the run', null],
      ['Enter', 'Show only this run', null],
      ['c', 'Change its colour', null],
    ]],
    ['Charts', [
      ['l', 'Logarithmic y', () => vk.store.set({ logY: !vk.store.get().logY })],
      ['0', 'Reset zoom', () => vk.store.set({ zoom: null })],
    ]],
    ['Graph', [
      ['ArrowUp ArrowDown', 'Along the data flow; in the list, row by row', null],
      ['ArrowLeft ArrowRight', 'To the side; in the list, close and open', null],
      ['Enter', 'Open; in the search, the next one found', null],
      ['+ -', 'Zoom', null],
    ]],
    ['In the graph', [
      ['ArrowUp ArrowDown', 'Along the data; left and right beside', null],
      ['Enter', 'Open or close', null],
      ['+ -', 'Zoom; 0 fits', null],
    ]],
    ['Here', [
      ['?', 'This list', () => vk.help.toggle()],
      ['Escape', 'Back', () => leave()],
    ]],
  ];
  const ACTIONS = new Map(TABLE.flatMap(([, rows]) => rows.filter(([, , run]) => run).map(([keys, , run]) => [keys, run])));

  /** Esc closes what is open, else it leaves the field that has the focus. */
  function leave() {
    if (vk.escape()) return;
    if (document.activeElement && document.activeElement !== document.body) document.activeElement.blur();
    if (vk.store.get().sheetOpen) vk.sidebar.close();
  }

  const isTyping = (el) => el.isContentEditable || /^(TEXTAREA|SELECT)$/.test(el.tagName) || (el.tagName === 'INPUT' && !/^(checkbox|radio|range|button)$/.test(el.type));
  const usesSpace = (el) => Boolean(el.closest('button, a, summary, [role="button"], [role="option"], input, [role="treeitem"], [role="grid"], [role="treegrid"]'));
  const usesArrows = (el) => Boolean(el.closest('input, [role="radio"], [role="tree"], [role="menu"], [role="listbox"], [role="grid"], [role="treegrid"]'));

  function nameOf(event) {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (event.ctrlKey || event.metaKey) return `Ctrl+${key}`;
    return event.shiftKey && event.key.length > 1 ? `Shift+${key}` : key;
  }

  let prefix = '';
  let prefixUntil = 0;

  function press(event) {
    if (event.defaultPrevented || event.altKey || event.isComposing) return;
    const { target } = event;
    const name = nameOf(event);
    const modal = document.querySelector('.vk-veil');
    if (name !== 'Escape' && name !== 'Ctrl+k' && (isTyping(target) || modal)) return;
    if (name === ' ' && usesSpace(target)) return;
    if (/Arrow|Home|End/.test(name) && usesArrows(target)) return;
    const full = event.timeStamp < prefixUntil ? `${prefix} ${name}` : name;
    prefixUntil = 0;
    const action = ACTIONS.get(full) || ACTIONS.get(name);
    if (action) {
      event.preventDefault();
      action();
    } else if (name === 'g') {
      prefix = 'g';
      prefixUntil = event.timeStamp + SEQUENCE;
    }
  }

  const KEY_NAMES = { ' ': 'Space', ArrowLeft: '←', ArrowRight: '→', ArrowUp: '↑', ArrowDown: '↓', Escape: 'Esc', 'Ctrl+k': 'Ctrl+K' };
  const keyCaps = (keys) => {
    const parts = keys === ' ' ? [' '] : keys.split(keys.includes(' ') ? ' ' : '+');
    if (keys === 'Ctrl+k') return [vk.el('kbd', null, 'Ctrl'), vk.el('kbd', null, 'K')];
    return parts.map((part) => vk.el('kbd', null, KEY_NAMES[part] || part));
  };

  let open = null;
  vk.help = {
    toggle() {
      if (open) {
        open.close();
        return;
      }
      const group = ([title, rows]) => vk.el('section', null, vk.el('h3', null, title),
        vk.el('dl', null, rows.map(([keys, words]) => [vk.el('dt', null, keyCaps(keys)), vk.el('dd', null, words)])));
      open = vk.dialog([
        vk.el('div', { class: 'vk-help-head' }, vk.el('h2', null, 'Keyboard'), vk.iconButton('close', 'Close', () => open.close())),
        vk.el('div', { class: 'vk-help-groups' }, TABLE.map(group)),
        vk.el('p', { class: 'vk-help-foot' }, 'On a chart: drag to zoom, double click to reset, click to keep the table, + and − to zoom.'),
      ], { label: 'Keyboard shortcuts', className: 'vk-help', onClose: () => { open = null; } });
    },
  };

  vk.onStart(() => addEventListener('keydown', press));
})();
