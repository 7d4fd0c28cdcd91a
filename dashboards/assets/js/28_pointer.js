/* Pointing at a chart: a crosshair on all cards, a table of values, drag or Ctrl+wheel to zoom, click
   to pin. */
(function () {
  'use strict';
  const vk = window.vk;
  const DRAG = 5; // px before a press becomes a drag
  const listeners = new Set();
  let shared = null; // x in the units of the store's zoom, or null

  /** Show the crosshair on every card at x. */
  function share(x) {
    shared = x;
    listeners.forEach((fn) => fn(x));
  }

  class Pointer {
    constructor(chart) {
      this.chart = chart;
      this.plot = chart.card.plot;
      this.tip = vk.el('div', { class: 'vk-tip', role: 'tooltip', hidden: true });
      this.listeners = {
        pointermove: (event) => this.move(event),
        pointerleave: () => this.leave(),
        pointerdown: (event) => this.press(event),
        mousedown: (event) => event.preventDefault(), // the focus stays where it is
        wheel: (event) => this.wheel(event),
        dblclick: () => vk.store.set({ zoom: null }),
        keydown: (event) => this.key(event),
      };
      for (const [type, fn] of Object.entries(this.listeners)) this.plot.addEventListener(type, fn, { passive: false });
      this.onShare = (x) => this.showCross(x);
      listeners.add(this.onShare);
      this.update = vk.perFrame(() => this.show());
    }

    /** The chart was drawn anew under the pointer. */
    refresh() {
      if (this.active) this.update();
    }

    place(event) {
      const box = this.plot.getBoundingClientRect();
      const { l, t } = vk.figure.MARGIN;
      return [event.clientX - box.left - l, event.clientY - box.top - t];
    }

    move(event) {
      if (!this.chart.plan || this.pinned) return;
      const [px, py] = this.place(event);
      const { overlay } = this.chart;
      if (this.from !== undefined && event.buttons) {
        if (Math.abs(px - this.from) > DRAG) this.dragging = true;
        if (this.dragging) overlay.showDrag(clamp(this.from, overlay.width), clamp(px, overlay.width));
      }
      this.px = px;
      this.py = py;
      this.update();
    }

    leave() {
      if (this.pinned || this.from !== undefined) return;
      this.px = undefined;
      this.update();
    }

    press(event) {
      if (event.button || !this.chart.plan) return;
      if (this.pinned) {
        this.unpin();
        return;
      }
      [this.from] = this.place(event);
      this.dragging = false;
      if (event.pointerType !== 'touch') this.plot.setPointerCapture(event.pointerId);
      const release = (up) => {
        removeEventListener('pointerup', release);
        removeEventListener('pointercancel', release);
        this.release(up, event.pointerType);
      };
      addEventListener('pointerup', release);
      addEventListener('pointercancel', release);
    }

    release(event, kind) {
      const { overlay } = this.chart;
      const [px] = this.place(event);
      const { from, dragging } = this;
      this.from = undefined;
      overlay.showDrag(null);
      if (event.type === 'pointercancel') return;
      if (dragging && kind !== 'touch') this.zoom(clamp(from, overlay.width), clamp(px, overlay.width));
      else if (!dragging) this.pin(event);
    }

    zoom(a, b) {
      const { overlay } = this.chart;
      const bounds = [Math.min(a, b), Math.max(a, b)].map((px) => vk.compose.fromAxis(this.chart.plan.axis, overlay.atPx(px)));
      vk.store.set({ zoom: bounds });
    }

    /** Ctrl and the wheel, which is also a pinch on a touchpad, zoom around the pointer. */
    wheel(event) {
      if (!(event.ctrlKey || event.metaKey) || !this.chart.plan) return;
      event.preventDefault();
      const [px] = this.place(event);
      const factor = Math.exp(Math.max(-100, Math.min(100, event.deltaY)) * 0.004);
      this.zoom(px - px * factor, px + (this.chart.overlay.width - px) * factor);
    }

    /** + and - zoom around the middle, so that zooming needs no mouse. */
    key(event) {
      const factor = { '+': 0.5, '=': 0.5, '-': 2 }[event.key];
      if (!factor || !this.chart.plan || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      const { width } = this.chart.overlay;
      this.zoom(width / 2 - (width / 2) * factor, width / 2 + (width / 2) * factor);
    }

    /** Keep the table where it is, to scroll and copy; a click or Esc lets go. */
    pin(event) {
      [this.px, this.py] = this.place(event);
      this.show();
      if (this.tip.hidden) return;
      this.pinned = true;
      this.tip.dataset.pinned = '';
      this.offEscape = vk.onEscape(() => this.unpin());
      this.outside = (e) => this.tip.contains(e.target) || this.plot.contains(e.target) || this.unpin();
      setTimeout(() => addEventListener('pointerdown', this.outside));
    }

    unpin() {
      if (!this.pinned) return;
      this.pinned = false;
      delete this.tip.dataset.pinned;
      this.offEscape();
      removeEventListener('pointerdown', this.outside);
      this.px = undefined;
      this.show();
    }

    show() {
      const { overlay, plan } = this.chart;
      const inside = plan && this.px !== undefined && this.px >= -2 && this.px <= overlay.width + 2;
      if (!inside) {
        this.tip.hidden = true;
        if (this.active) {
          share(null);
          this.chart.point(null);
        }
        this.active = false;
        return;
      }
      this.active = true;
      const x = overlay.atPx(this.px);
      share(vk.compose.fromAxis(plan.axis, x));
      const flag = overlay.flagAt(this.px, this.py);
      const rows = vk.tip.rowsAt(plan, x);
      for (const row of rows) row.distance = this.distance(row);
      const nearest = rows.reduce((best, row) => (row.distance < best.distance ? row : best), rows[0]);
      const shown = vk.tip.chosen(rows, this.pinned);
      overlay.showPicks(shown.map((row) => this.pickOf(row)).filter(Boolean));
      this.chart.point(plan.many && nearest ? nearest.curve : null);
      this.fill(shown, { flag, nearest, total: rows.length, where: this.where(shown[0]) });
    }

    /** Groups share one place on the axis, which is named once. */
    where(row) {
      if (!row || row.at === undefined) return null;
      const { axis } = this.chart.spec.want;
      const { exact, relative, time } = vk.format;
      return axis === 'step' ? `step ${exact(row.at)}` : axis === 'wall' ? time(row.at) : relative(row.at);
    }

    shownY(y) {
      return this.chart.spec.logY ? Math.log10(y) : y;
    }

    distance({ y }) {
      const px = Math.abs(this.chart.overlay.pxY(this.shownY(y)) - this.py);
      return Number.isFinite(px) ? px : Infinity;
    }

    pickOf({ curve, x, y }) {
      const at = this.shownY(y);
      return Number.isFinite(at) ? { x, y: at, color: curve.color } : null;
    }

    showCross(x) {
      const { overlay, plan } = this.chart;
      if (!plan || !this.chart.visible) return;
      overlay.vertical(overlay.cross, x === null ? null : vk.compose.toAxis(plan.axis, x));
      if (x === null || !this.active) overlay.showPicks([]);
    }

    fill(shown, about) {
      this.tip.hidden = !shown.length;
      if (!shown.length) return;
      this.tip.replaceChildren(...vk.tip.content(shown, about));
      if (!this.tip.isConnected) document.body.append(this.tip);
      this.position();
    }

    /** Beside the pointer, inside the window. */
    position() {
      const box = this.plot.getBoundingClientRect();
      const { l, t } = vk.figure.MARGIN;
      const tip = this.tip.getBoundingClientRect();
      const x = box.left + l + this.px;
      const left = x + 14 + tip.width < innerWidth - 8 ? x + 14 : x - 14 - tip.width;
      const top = Math.min(box.top + t + this.py + 14, innerHeight - tip.height - 8);
      this.tip.style.left = `${Math.max(8, left)}px`;
      this.tip.style.top = `${Math.max(8, top)}px`;
    }

    destroy() {
      this.unpin();
      listeners.delete(this.onShare);
      for (const [type, fn] of Object.entries(this.listeners)) this.plot.removeEventListener(type, fn);
      this.tip.remove();
      if (this.active) share(null);
    }
  }

  const clamp = (px, width) => Math.min(width, Math.max(0, px));

  vk.ChartPointer = Pointer;
  vk.crosshair = { share, at: () => shared };
})();
