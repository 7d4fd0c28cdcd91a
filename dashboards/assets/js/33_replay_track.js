/* The track of the replay bar: where the playhead is, what is worth a look, drag to scrub. */
(function () {
  'use strict';
  const vk = window.vk;
  const MOST_MARKS = 60;
  const CLOSE = 0.014; // share of the track

  class ReplayTrack {
    constructor() {
      this.fill = vk.el('div', { class: 'vk-track-fill' });
      this.thumb = vk.el('div', { class: 'vk-track-thumb' });
      this.marks = vk.el('div', { class: 'vk-track-marks' });
      this.slider = vk.el('div', {
        class: 'vk-track', role: 'slider', tabindex: 0, 'aria-label': 'Playhead',
        onpointerdown: (event) => this.press(event),
      }, vk.el('div', { class: 'vk-track-line' }, this.fill), this.thumb);
      this.el = vk.el('div', { class: 'vk-track-box' }, this.slider, this.marks);
      this.scrub = vk.perFrame(() => vk.playhead.set(this.wanted));
    }

    /** Share of the track, 0 ... 1, for a step. */
    share(at) {
      const [first, last] = vk.store.get().domain;
      return last > first ? Math.min(1, Math.max(0, (at - first) / (last - first))) : 1;
    }

    press(event) {
      if (event.button) return;
      this.slider.setPointerCapture(event.pointerId);
      const move = (e) => this.moveTo(e.clientX);
      const release = () => {
        this.slider.removeEventListener('pointermove', move);
        this.slider.removeEventListener('pointerup', release);
        this.slider.removeEventListener('pointercancel', release);
        this.dragging = false;
      };
      this.slider.addEventListener('pointermove', move);
      this.slider.addEventListener('pointerup', release);
      this.slider.addEventListener('pointercancel', release);
      this.dragging = true;
      this.moveTo(event.clientX);
    }

    moveTo(clientX) {
      const box = this.slider.getBoundingClientRect();
      const [first, last] = vk.store.get().domain;
      const share = Math.min(1, Math.max(0, (clientX - box.left) / box.width));
      this.wanted = Math.round(first + share * (last - first));
      this.scrub();
    }

    show() {
      const { domain: [first, last], playhead } = vk.store.get();
      const at = vk.playhead.at();
      this.slider.style.setProperty('--vk-at', String(this.share(at)));
      const said = {
        'aria-valuemin': first, 'aria-valuemax': last, 'aria-valuenow': at,
        'aria-valuetext': playhead.mode === 'following' ? `following, step ${vk.format.exact(at)}` : `step ${vk.format.exact(at)} of ${vk.format.exact(last)}`,
        'aria-disabled': String(last <= first),
      };
      for (const [name, value] of Object.entries(said)) this.slider.setAttribute(name, value);
    }

    /** One button for each place; those that would lie on one another are one. */
    showMarks() {
      const { domain: [first, last], selected } = vk.store.get();
      const shown = vk.marks.all().filter((mark) => (!mark.run || selected.has(mark.run)) && mark.at >= first && mark.at <= last);
      const places = [];
      for (const mark of shown.sort((a, b) => a.at - b.at)) {
        const before = places[places.length - 1];
        if (before && this.share(mark.at) - this.share(before.at) < CLOSE) before.labels.push(mark.label);
        else places.push({ ...mark, labels: [mark.label] });
      }
      this.marks.replaceChildren(...places.slice(0, MOST_MARKS).map((mark) => this.mark(mark)));
    }

    mark({ at, kind, labels }) {
      const more = labels.length > 4 ? [`and ${labels.length - 4} more`] : [];
      const text = [...labels.slice(0, 4), ...more].join('\n');
      return vk.el('button', {
        type: 'button', class: 'vk-track-mark', title: text, 'aria-label': `Go to ${text}`, data: { kind },
        style: { '--vk-at': String(this.share(at)) }, onclick: () => vk.playhead.set(at),
      });
    }
  }

  vk.ReplayTrack = ReplayTrack;
})();
