/* A set of runs as text for the address: their names, or, when those are long, a hash of each. Pure. */
(function () {
  'use strict';
  const vk = window.vk;
  const LONG = 2048; // characters of names after which hashes are shorter
  const HASHED = '!';

  const escape = (name) => name.replace(/[%,]|^[!~*]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);
  const names = (set) => [...set].map(escape).join(',');

  /** Numbers below 2^32 as text: sorted, each as distance from the one before, 7 bits a byte, base64url. */
  function pack(hashes) {
    const bytes = [];
    let before = 0;
    for (const h of [...hashes].sort((a, b) => a - b)) {
      let rest = h - before;
      before = h;
      for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
      bytes.push(rest);
    }
    const text = bytes.map((byte) => String.fromCharCode(byte)).join('');
    return btoa(text).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
  }

  function unpack(text) {
    const hashes = new Set();
    let [before, value, scale] = [0, 0, 1];
    for (const c of atob(text.replace(/-/g, '+').replace(/_/g, '/'))) {
      const byte = c.charCodeAt(0);
      value += (byte % 128) * scale;
      scale *= 128;
      if (byte > 127) continue;
      before += value;
      hashes.add(before);
      [value, scale] = [0, 1];
    }
    return hashes;
  }

  /**
   * Runs that were named and runs of which only the hash is known (from such a text).
   * `has`, `add` and `delete` take names.
   */
  class RunSet {
    constructor(known = [], hashes = []) {
      this.names = new Set(known);
      this.hashes = new Set(hashes);
    }

    static parse(text) {
      if (!text.startsWith(HASHED)) return new RunSet(text.split(',').filter(Boolean).map(decodeURIComponent));
      try {
        return new RunSet([], unpack(text.slice(1)));
      } catch (_) {
        return new RunSet(); // a damaged link
      }
    }

    toString() {
      const text = names(this.names);
      if (!this.hashes.size && text.length <= LONG) return text;
      return HASHED + pack(new Set([...this.hashes, ...[...this.names].map(vk.colors.hash)]));
    }

    copy() {
      return new RunSet(this.names, this.hashes);
    }

    has(name) {
      return this.names.has(name) || (this.hashes.size > 0 && this.hashes.has(vk.colors.hash(name)));
    }

    add(name) {
      this.names.add(name);
    }

    delete(name) {
      this.names.delete(name);
      this.hashes.delete(vk.colors.hash(name));
    }

    /** What is here of no run in `known` (a Map or Set of names): {names, others: how many hashes}. */
    strangers(known) {
      const strange = [...this.names].filter((name) => !known.has(name));
      if (!this.hashes.size) return { names: strange, others: 0 };
      const met = new Set([...known.keys()].map(vk.colors.hash));
      return { names: strange, others: [...this.hashes].filter((h) => !met.has(h)).length };
    }

    /** Forget what strangers() tells. */
    keepOnly(known) {
      const met = new Set([...known.keys()].map(vk.colors.hash));
      return new RunSet([...this.names].filter((name) => known.has(name)), [...this.hashes].filter((h) => met.has(h)));
    }
  }

  vk.RunSet = RunSet;
})();
