(function () {
  'use strict';
  const vk = window.vk;
  vk.sidebar = { toggle() {} };
  for (const name of ['Sidebar', 'ReplayBar', 'Scalars', 'Overview', 'Gradients', 'Graph']) if (!vk.classes[name]) vk.register(name, class {});
})();
