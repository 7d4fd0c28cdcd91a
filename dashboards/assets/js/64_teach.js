/* What a page says when it has nothing to show: why, and the lines of code that fill it. */
(function (vk) {
  'use strict';

  const WATCH = 'import vizkit\nwith vizkit.watch(model, optimizer):';
  const TEACHINGS = {
    runs: { title: 'No runs yet', body: 'Wrap your training loop in one line and it appears here, live.', code: WATCH },
    gradients: {
      title: 'This run carries no gradient norms',
      body:
        "A run that TensorBoard's writers or a bare vizkit.Run logged holds only what they were handed. " +
        "Wrap the training loop in vizkit.watch and every parameter's norm is logged.",
      code: WATCH,
    },
    graph: {
      title: 'This run carries no graph',
      body:
        "A run that TensorBoard's writers or a bare vizkit.Run logged holds only what they were handed. " +
        'Wrap the training loop in vizkit.watch and what each step runs appears here; or log a graph by name; or open a file: ' +
        'vizkit graph FILE.',
      code: `${WATCH}\n\nrun.log({"graph": vizkit.Graph(model, example_inputs)})`,
    },
    selection: { title: 'No run selected', body: 'Tick a run in the list to see it here.' },
  };

  vk.teach = function (el, what) {
    if (el.dataset.vkTeaches === what) return;
    el.dataset.vkTeaches = what;
    vk.emptyState(el, TEACHINGS[what]);
  };

  vk.unteach = function (el) {
    delete el.dataset.vkTeaches;
    el.replaceChildren();
  };

  /** Say what went wrong and what to do, in place of what would be there. */
  vk.showError = function (el, error) {
    delete el.dataset.vkTeaches;
    el.replaceChildren(
      vk.el(
        'div',
        { class: 'vk-error', role: 'alert' },
        vk.el('strong', {}, error.message || 'Something went wrong'),
        error.hint ? vk.el('span', {}, error.hint) : '',
      ),
    );
  };

  /** "2 h ago" */
  vk.pastWord = (timestamp) => {
    const ago = vk.format.ago(timestamp);
    return ago === 'now' ? 'just now' : `${ago} ago`;
  };

  vk.skeletonRows = function (count) {
    const rows = Array.from({ length: count }, () => vk.el('div', { class: 'vk-skeleton vk-skeleton-row' }));
    return vk.el('div', { class: 'vk-skeletons', 'aria-hidden': 'true' }, ...rows);
  };
})((window.vk = window.vk || {}));
