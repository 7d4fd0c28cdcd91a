/* The columns of the table of runs: what each is called, how it reads a row, how it is written. Pure.
   Ids: "status", "config:lr", "last:loss", "min:loss", "max:loss". */
(function () {
  'use strict';
  const vk = window.vk;
  const MOST_CONFIG = 10; // of what is shown without being asked
  const MOST_METRICS = 6;
  const WORDS = { last: 'last', min: 'lowest', max: 'highest' };
  const NOT_FINITE = { NaN: NaN, Infinity, '-Infinity': -Infinity, Inf: Infinity, '-Inf': -Infinity, '+Inf': Infinity };

  const FACTS = [
    { id: 'status', header: 'status', width: 104, value: (row) => row.status },
    { id: 'started', header: 'started', width: 108, numeric: true, value: (row) => row.started, words: (t) => ago(t), exact: (t) => vk.format.time(t) },
    { id: 'duration', header: 'duration', width: 104, numeric: true, value: duration, words: (s) => vk.format.relative(s), exact: (s) => `${s.toFixed(1)} s` },
    { id: 'steps', header: 'steps', width: 88, numeric: true, value: (row) => row.last_step },
    { id: 'points', header: 'points', width: 88, numeric: true, value: (row) => row.points },
  ];

  /** Seconds; the server's rows do not say when a run ended, the list of runs does. */
  function duration({ run, status, started }) {
    const { ended } = vk.runs.byName(run) || {};
    const until = status === 'running' ? Date.now() / 1000 : ended;
    return Number.isFinite(until) && Number.isFinite(started) ? Math.max(0, until - started) : null;
  }

  const ago = (t) => {
    const since = vk.format.ago(t);
    return since === 'now' ? 'just now' : `${since} ago`;
  };

  const number = (value) => (typeof value === 'string' && value in NOT_FINITE ? NOT_FINITE[value] : value);

  /** What stands in a cell for a value of unknown kind. */
  const words = (value) => {
    if (value === null || value === undefined) return '';
    if (typeof value === 'number') return Number.isInteger(value) && Math.abs(value) < 1e6 ? String(value) : vk.format.si(value, 4);
    return typeof value === 'object' ? JSON.stringify(value) : String(value);
  };
  /** Four digits also where the last are zeros, so that a column of numbers lines up. */
  const digits = (value) => {
    if (typeof value !== 'number' || Number.isInteger(value)) return words(value);
    return Math.abs(value) >= 1e-3 && Math.abs(value) < 1e4 ? value.toPrecision(4) : words(value);
  };
  const exact = (value) => (typeof value === 'number' ? vk.format.exact(value) : words(value));

  /** The column of an id. `kinds`: config key -> "number" | "text" | "bool". */
  function column(id, kinds = new Map()) {
    const fact = FACTS.find((each) => each.id === id);
    if (fact) return { kind: 'fact', words, exact, ...fact };
    const cut = id.indexOf(':');
    const [kind, name] = [id.slice(0, cut), id.slice(cut + 1)];
    if (kind === 'config') {
      return { id, kind, name, header: name, width: 100, numeric: kinds.get(name) === 'number', value: (row) => vk.columns.lookUp(row.config, name), words, exact };
    }
    if (!(kind in WORDS)) return null; // a damaged link
    return {
      id, kind: 'metric', name, header: kind === 'last' ? name : `${name} ${WORDS[kind]}`, width: 104, numeric: true, words: digits, exact,
      value: (row) => number(((row.metrics || {})[name] || {})[kind]),
    };
  }

  const isPlain = ({ tag }) => !/^(perf|grad_norm|weight_norm|update_ratio|grad_nonfinite|activation_\w+|forward_ms|backward_ms|memory_bytes|node_value|node_grad)\//.test(tag) && tag.split('/').length <= 2;
  const depth = ({ tag }) => (tag.includes('/') ? 1 : 0);

  /** What is shown until somebody chooses: facts, the metrics that most runs have, and config. */
  function usual({ config, metrics }) {
    const few = metrics.filter(isPlain).sort((a, b) => b.runs - a.runs || depth(a) - depth(b) || (a.tag < b.tag ? -1 : 1)).slice(0, MOST_METRICS);
    const telling = [...config].sort((a, b) => (a.distinct > 1 ? 0 : 1) - (b.distinct > 1 ? 0 : 1)).slice(0, MOST_CONFIG);
    return ['status', 'started', 'duration', 'steps', ...few.map(({ tag }) => `last:${tag}`), ...config.filter((c) => telling.includes(c)).map(({ key }) => `config:${key}`)];
  }

  /** Everything that can be shown: [{id, label, note}]. */
  function choices({ config, metrics }) {
    const runs = (n) => `${vk.format.count(n)} ${n === 1 ? 'run' : 'runs'}`;
    return [
      ...FACTS.map(({ id, header }) => ({ id, label: header, note: '' })),
      ...config.map(({ key, runs: n }) => ({ id: `config:${key}`, label: key, note: `config, ${runs(n)}` })),
      ...metrics.flatMap(({ tag, runs: n }) => Object.keys(WORDS).map((kind) => ({ id: `${kind}:${tag}`, label: kind === 'last' ? tag : `${tag} ${WORDS[kind]}`, note: kind === 'last' ? `metric, ${runs(n)}` : '' }))),
    ];
  }

  /** The columns to show, in order: those chosen, without config that all runs agree on if asked so. */
  function shown(known, chosen, differsOnly, total) {
    const kinds = new Map(known.config.map(({ key, kind }) => [key, kind]));
    const same = new Set(known.config.filter(({ distinct, runs }) => distinct <= 1 && runs >= total).map(({ key }) => `config:${key}`));
    const ids = (chosen || usual(known)).filter((id) => !differsOnly || !same.has(id));
    return [...new Set(ids)].map((id) => column(id, kinds)).filter(Boolean);
  }

  vk.tableColumns = { usual, choices, shown };
})();
