/* Pins: small buttons along the top edge of a drawing, each for what was found at a place; hover or focus tells
   it, a click moves the playhead there. */
(function () {
  'use strict';
  const vk = window.vk;
  const CLOSE = 12; // px; pins that would lie on one another are one
  const SIGNS = { error: '!', warning: '!', info: 'i' };
  const MOST_SAID = 4;

  class Pins {
    /** `parent` holds them and is positioned; `name` says what they are pinned to. */
    constructor(parent, name) {
      this.el = vk.el('div', { class: 'vk-pins', role: 'group', 'aria-label': `Findings in ${name}`, hidden: true });
      this.tip = vk.el('div', { class: 'vk-tip vk-pin-tip', role: 'tooltip', hidden: true });
      parent.append(this.el);
    }

    /** Show [{x, finding}], x in CSS pixels from `left`, those within `width` only. */
    show(places, { left, top, width, stem = 0 }) {
      const pins = this.joined(places.filter(({ x }) => x >= -1 && x <= width + 1));
      Object.assign(this.el.style, { left: `${left}px`, top: `${top}px` });
      this.el.style.setProperty('--vk-stem', `${stem}px`);
      const key = JSON.stringify(pins.map(({ findings }) => findings.map(({ run, step, sentence }) => [run, step, sentence])));
      if (key !== this.key) this.build(pins, key);
      pins.forEach(({ x }, i) => this.el.children[i].style.setProperty('left', `${x.toFixed(1)}px`));
    }

    /** Others than before: those that only moved keep their elements, and so pointer and focus. */
    build(pins, key) {
      this.key = key;
      this.hide();
      this.el.hidden = !pins.length;
      this.el.replaceChildren(...pins.map((pin) => this.pin(pin)));
    }

    /** Show what is known of the curves of a chart. */
    showOn({ plan, spec, overlay, card }) {
      const { l, t } = vk.figure.MARGIN;
      const places = pinsOf(plan, spec.want.axis).map(({ x, finding }) => ({ x: overlay.pxX(x), finding }));
      const at = { left: card.plot.offsetLeft + l, top: card.plot.offsetTop + t - 4 };
      this.show(places, { ...at, width: overlay.width, stem: overlay.height - 10 });
    }

    joined(places) {
      const pins = [];
      for (const { x, finding } of [...places].sort((a, b) => a.x - b.x)) {
        const before = pins[pins.length - 1];
        if (before && x - before.x < CLOSE) before.findings.push(finding);
        else pins.push({ x, findings: [finding] });
      }
      return pins;
    }

    pin({ findings }) {
      const level = vk.gravest(findings);
      const said = findings.slice(0, MOST_SAID).map(words);
      if (findings.length > MOST_SAID) said.push(`and ${findings.length - MOST_SAID} more`);
      const show = (event) => this.tell(event.currentTarget, findings);
      return vk.el('button', {
        type: 'button', class: 'vk-pin', data: { level }, 'aria-label': said.join(' '),
        onclick: () => vk.playhead.set(findings[0].step),
        onpointerenter: show, onfocus: show, onpointerleave: () => this.hide(), onblur: () => this.hide(),
      }, SIGNS[level]);
    }

    tell(button, findings) {
      const more = findings.length - MOST_SAID;
      this.tip.replaceChildren(
        ...findings.slice(0, MOST_SAID).flatMap((finding) => [
          vk.el('div', { class: 'vk-pin-head', data: { level: finding.level } }, `${vk.findingName(finding)} @ ${vk.format.exact(finding.step)}`,
            vk.el('span', { class: 'vk-muted' }, finding.run)),
          vk.el('div', { class: 'vk-pin-words' }, finding.sentence),
        ]),
        more > 0 ? vk.el('div', { class: 'vk-muted' }, `and ${more} more`) : '');
      this.tip.hidden = false;
      document.body.append(this.tip);
      const at = button.getBoundingClientRect();
      const { width, height } = this.tip.getBoundingClientRect();
      const below = at.bottom + 6 + height < innerHeight;
      this.tip.style.left = `${Math.max(8, Math.min(innerWidth - width - 8, at.left - 20))}px`;
      this.tip.style.top = `${below ? at.bottom + 6 : Math.max(8, at.top - 6 - height)}px`;
    }

    hide() {
      this.tip.hidden = true;
      this.tip.remove();
    }

    destroy() {
      this.hide();
      this.el.remove();
    }
  }

  const words = (finding) => `${vk.findingName(finding)} at step ${vk.format.exact(finding.step)} of ${finding.run}: ${finding.sentence}`;

  /** Where a curve has a step on its axis; null where it does not reach. */
  function placeOf({ points, from, to, x }, step) {
    let low = from;
    let high = to - 1;
    if (high < low || points.step[high] < step) return null;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (points.step[middle] < step) low = middle + 1;
      else high = middle;
    }
    return x(low);
  }

  /** Places [{x, finding}] of what is known of a chart's curves, x in the numbers of its axis. */
  function pinsOf(plan, axis) {
    const known = vk.knownFindings();
    if (!known.length || plan.groups !== undefined) return [];
    const places = [];
    for (const curve of plan.curves) {
      for (const finding of known) {
        if (finding.run !== curve.series.run || !finding.tags.includes(curve.series.tag)) continue;
        const x = axis === 'step' ? finding.step : placeOf(curve, finding.step);
        if (x !== null) places.push({ x, finding });
      }
    }
    return places;
  }

  vk.Pins = Pins;
})();
