/* Files that could not be read whole: told where one asks whether all is well, with what to do. */
(function (vk) {
  'use strict';

  const REFRESH_MS = 2000;
  const el = (...parts) => vk.el(...parts);

  function line({ path, message }) {
    const name = path.split('/').slice(-2).join('/');
    return el('li', {}, el('code', { title: path }, name), `: ${message}`);
  }

  class FileProblems {
    constructor() {
      this.heading = el('h2', {});
      this.list = el('ul', {});
      const advice = 'Everything else in these files is shown. Nothing needs to be done for other runs.';
      this.element = el(
        'section',
        { class: 'vk-card vk-file-problems', role: 'status', 'aria-label': 'Files with problems' },
        this.heading,
        this.list,
        el('p', { class: 'vk-muted' }, advice),
      );
      this.element.hidden = true;
      this.refresh = vk.paced(
        () => REFRESH_MS,
        () => this.read(),
      );
    }

    async read() {
      try {
        this.show(await vk.api.json('problems', {}));
      } catch {
        /* The page says itself that the server is gone. */
      }
    }

    show(problems) {
      this.element.hidden = !problems.length;
      this.element.dataset.vkProblems = problems.length;
      this.heading.textContent = problems.length === 1 ? 'One file could not be read whole' : `${problems.length} files could not be read whole`;
      this.list.replaceChildren(...problems.slice(0, 20).map(line));
    }
  }

  vk.FileProblems = FileProblems;
})((window.vk = window.vk || {}));
