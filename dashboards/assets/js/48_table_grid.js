/* What the grid of the runs page is told: looks, and a definition for each column. */
(function () {
  'use strict';
  const vk = window.vk;
  const WIDTHS = 'vizkit-table-widths';
  const SPREAD = 132; // px that "0.9665 ± 0.66" needs

  let widths = null; // what was dragged, kept in this browser: column id -> px

  function remembered() {
    try {
      return JSON.parse(localStorage.getItem(WIDTHS)) || {};
    } catch (_) {
      return {};
    }
  }

  function resized({ finished, source, column }) {
    if (!finished || source === 'api' || !column) return;
    widths[column.getColId()] = Math.round(column.getActualWidth());
    try {
      localStorage.setItem(WIDTHS, JSON.stringify(widths));
    } catch (_) { /* this tab only */ }
  }

  const options = (engine) => ({
    theme: vk.agTheme(engine),
    defaultColDef: { resizable: true, sortable: true, suppressHeaderMenuButton: true, comparator: () => 0 },
    getRowId: ({ data }) => (data.names ? `\u0000${data.key}` : data.run),
    getRowClass: ({ data }) => (data && data.names ? 'vk-group-row' : ''),
    rowHeight: 32, headerHeight: 30, groupHeaderHeight: 24, animateRows: false, ensureDomOrder: true,
    suppressMovableColumns: vk.media.phone.matches, suppressDragLeaveHidesColumns: true, suppressNoRowsOverlay: true,
  });

  /** What a cell holds as far as AG Grid must know: text that changes when the cell must be drawn again. */
  const essence = (column) => ({ data }) => data && JSON.stringify(data.names ? data.summary[column.id] : column.value(data));

  function widthOf(column, isGrouped) {
    const least = isGrouped && column.kind === 'metric' ? SPREAD : column.width;
    return widths[column.id] || Math.max(least, Math.min(190, 34 + 7 * column.header.length));
  }

  /** Column definitions in three bands. Sorting is ours: the grid only keeps what was clicked. */
  function definitions(columns, isGrouped) {
    if (!widths) widths = remembered();
    const { tableSort } = vk.store.get();
    const sortOf = (id) => (tableSort === id ? 'asc' : tableSort === `-${id}` ? 'desc' : null);
    const define = (column) => ({
      colId: column.id, headerName: column.header, headerTooltip: column.header, width: widthOf(column, isGrouped), minWidth: 56,
      sort: sortOf(column.id), sortable: isGrouped || Boolean(vk.tableRows.sortBy(column)), cellRenderer: vk.tableCells.ValueCell, cellRendererParams: { column }, valueGetter: essence(column),
      cellClass: column.numeric ? 'vk-number-cell' : '', headerClass: column.numeric ? 'vk-number-head' : '',
    });
    const of = (kind) => columns.filter((column) => column.kind === kind).map(define);
    const band = (headerName, children) => (children.length ? [{ headerName, groupId: `group ${headerName}`, marryChildren: true, children }] : []);
    const name = {
      colId: 'run', headerName: 'run', width: widths.run || (vk.media.phone.matches ? 200 : 280), minWidth: 120, pinned: 'left', lockPosition: 'left', sort: sortOf('run'),
      cellRenderer: vk.tableCells.NameCell, valueGetter: ({ data }) => data && (data.run || data.key + data.isFolded),
    };
    return [{ headerName: '', groupId: 'group name', children: [name] }, ...band('run', of('fact')), ...band('metrics', of('metric')), ...band('config', of('config'))];
  }

  vk.tableGrid = { options, definitions, resized };
})();
