/* The replay bar, on every page: quiet while it follows, in the accent colour once it is moved, so
   that nobody mistakes the past for the present. */
(function () {
  'use strict';
  const vk = window.vk;

  class ReplayBar {
    constructor(el) {
      this.el = el;
      this.track = new vk.ReplayTrack();
      this.playButton = vk.iconButton('play', 'Play', () => vk.playhead.toggle(), { class: 'vk-icon-button vk-play', 'aria-keyshortcuts': 'Space' });
      this.speed = this.speedSelect();
      this.text = vk.el('div', { class: 'vk-replay-text' });
      this.followButton = vk.el('button', { type: 'button', class: 'vk-follow', 'aria-keyshortcuts': 'End', onclick: () => vk.playhead.follow() });
      const wide = { class: 'vk-icon-button vk-not-phone' };
      el.classList.add('vk-replay');
      el.setAttribute('role', 'group');
      el.setAttribute('aria-label', 'Replay');
      el.append(
        vk.el('div', { class: 'vk-replay-buttons' },
          vk.iconButton('toStart', 'To the start (Home)', () => vk.playhead.start(), wide),
          vk.iconButton('stepBack', 'One step back (Left)', () => vk.playhead.step(-1), wide),
          this.playButton,
          vk.iconButton('stepForward', 'One step forward (Right)', () => vk.playhead.step(1), wide),
          vk.iconButton('toEnd', 'To the end (End)', () => vk.playhead.follow(), wide)),
        this.speed, this.text, this.track.el, this.followButton);
      this.show = vk.perFrame(() => this.draw());
      this.offs = [
        vk.store.on(['playhead', 'domain', 'runs', 'selected', 'connection'], this.show),
        vk.store.on(['domain', 'selected'], () => this.track.showMarks()),
        vk.marks.onChange(() => this.track.showMarks()),
      ];
      this.draw();
    }

    speedSelect() {
      const options = vk.playhead.SPEEDS.map((speed) => vk.el('option', { value: String(speed) }, `${speed}×`));
      return vk.el('select', {
        class: 'vk-speed vk-not-phone', 'aria-label': 'Speed', title: '1× is as fast as it was logged, ten seconds at least',
        onchange: (event) => vk.playhead.speed(Number(event.target.value)),
      }, options);
    }

    draw() {
      const { playhead, domain: [first, last] } = vk.store.get();
      const following = playhead.mode === 'following';
      const live = vk.runs.isLive();
      const nothing = last <= first;
      this.el.dataset.mode = playhead.mode;
      this.el.dataset.vkMode = playhead.mode;
      for (const button of this.el.querySelectorAll('.vk-replay-buttons button')) button.disabled = nothing;
      this.showPlay(playhead.mode === 'playing');
      if (document.activeElement !== this.speed) this.speed.value = String(playhead.speed);
      this.showText(following, live, nothing, last);
      this.followButton.hidden = nothing;
      this.showFollow(following, live);
      this.track.show();
    }

    showPlay(playing) {
      if (this.playing === playing) return;
      this.playing = playing;
      const label = playing ? 'Pause' : 'Play';
      this.playButton.replaceChildren(vk.icon(playing ? 'pause' : 'play'));
      this.playButton.setAttribute('aria-label', label);
      this.playButton.title = `${label} (Space)`;
    }

    showText(following, live, nothing, last) {
      const exact = vk.format.exact;
      const parts = nothing ? ['no steps yet'] : ['step ', vk.el('b', null, exact(following && live ? liveStep() : vk.playhead.at())), ...(following ? [] : [vk.el('span', { class: 'vk-muted' }, ` of ${exact(last)}`)])];
      this.text.replaceChildren(...parts);
      this.text.dataset.vkStep = vk.playhead.at();
    }

    showFollow(following, live) {
      const words = following ? (live ? 'Following live' : 'At the end') : live ? 'Follow live' : 'To the end';
      if (this.words === words) return;
      this.words = words;
      this.followButton.replaceChildren(vk.el('span', { class: 'vk-dot', data: { status: live ? 'running' : 'finished' } }), words);
      this.followButton.setAttribute('aria-pressed', String(following));
    }

    destroy() {
      this.offs.forEach((off) => off());
    }
  }

  /** The newest step of the runs that are live; others may reach further. */
  const liveStep = () => Math.max(...vk.runs.selected().filter((r) => r.status === 'running').map((r) => r.last_step));

  vk.register('ReplayBar', ReplayBar);
})();
