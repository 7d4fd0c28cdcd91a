(function () {
  'use strict';
  const vk = window.vk;
  vk.sidebar = { toggle() {} };
  for (const name of ['Sidebar', 'ReplayBar', 'Overview', 'Gradients', 'Graph']) if (!vk.classes[name]) vk.register(name, class {});
})();
