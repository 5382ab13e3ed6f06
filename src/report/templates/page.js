'use strict';
// Without this script the page shows everything. It filters: a group fits by kind, level and column, and by text if its
// heading or one of its lines has it; every count on the page follows.
(function () {
  const form = document.getElementById('filter');
  if (!form) return;
  const number = new Intl.NumberFormat('en-US');
  const inputs = ['text', 'kind', 'level', 'column'].map((id) => document.getElementById(id)).filter(Boolean);
  const value = (id) => { const input = document.getElementById(id); return input ? input.value : ''; };
  const status = document.getElementById('status');
  const shown = document.getElementById('shown');
  const columnsShown = document.getElementById('columns-shown');
  const words = { shown: shown.textContent, columns: columnsShown ? columnsShown.textContent : '' };
  const lower = (node) => node.textContent.toLowerCase();
  const groups = Array.from(document.querySelectorAll('details.group')).map((node) => ({
    node,
    kind: node.dataset.kind,
    level: node.dataset.level,
    column: node.dataset.column,
    all: Number(node.dataset.count),
    count: node.querySelector('.count'),
    rest: node.querySelector('.rest'),
    head: (lower(node.querySelector('summary')) + ' ' + Array.from(node.querySelectorAll('.field, .code'), lower).join(' ')),
    lines: Array.from(node.querySelectorAll('tbody tr')).map((line) => {
      const named = Array.from(line.querySelectorAll('.rows li:not(.soft)'), lower);
      const own = Array.from(line.cells).filter((cell) => cell.dataset.label !== 'Rows').map(lower).join(' ');
      return { node: line, all: Number(line.dataset.count), own, named };
    }),
  }));
  const columnLines = Array.from(document.querySelectorAll('.columns tbody tr')).map((node) => ({ node, column: node.dataset.column, own: lower(node) }));
  const options = ['kind', 'level', 'column'].flatMap((id) => {
    const select = document.getElementById(id);
    return select ? Array.from(select.options).map((option) => ({ id, option, words: option.textContent })) : [];
  });

  // How many problems of a group have the text; its lines are shown accordingly.
  function search(group, wanted) {
    const whole = !wanted || group.head.includes(wanted);
    let found = 0;
    for (const line of group.lines) {
      const has = whole || line.own.includes(wanted) ? line.all : line.named.filter((row) => row.includes(wanted)).length;
      line.node.hidden = has === 0;
      found += has;
    }
    if (group.rest) group.rest.hidden = !whole;
    return whole ? group.all : found;
  }

  function counted(n, noun) { return number.format(n) + ' ' + noun + (n === 1 ? '' : 's'); }

  function filter() {
    const wanted = value('text').trim().toLowerCase();
    const wish = { kind: value('kind'), level: value('level'), column: value('column') };
    const isFree = !wanted && !wish.kind && !wish.level && !wish.column;
    const fits = (group, but) => ['kind', 'level', 'column'].every((id) => id === but || !wish[id] || group[id] === wish[id]);
    const sums = { error: 0, warning: 0 };
    const touched = new Set();
    let kinds = 0;
    for (const group of groups) {
      group.found = search(group, wanted);
      const has = fits(group) && group.found > 0;
      group.node.hidden = !has;
      group.count.textContent = number.format(group.found);
      if (has) {
        kinds += 1;
        sums[group.level] += group.found;
        touched.add(group.column);
      }
    }
    for (const { id, option, words } of options) {
      const of = groups.filter((group) => fits(group, id) && (!option.value || group[id] === option.value));
      option.textContent = words + ' (' + number.format(of.reduce((sum, group) => sum + group.found, 0)) + ')';
    }
    let columns = 0;
    for (const line of columnLines) {
      const has = isFree || (line.column && touched.has(line.column)) || (wanted && line.own.includes(wanted) && (!wish.column || wish.column === line.column));
      line.node.hidden = !has;
      columns += has ? 1 : 0;
    }
    const parts = [];
    if (sums.error) parts.push(counted(sums.error, 'error'));
    if (sums.warning) parts.push(counted(sums.warning, 'warning'));
    shown.textContent = isFree ? words.shown : parts.join(' and ') || 'none';
    if (columnsShown) columnsShown.textContent = isFree ? words.columns : counted(columns, 'line') + ' of ' + number.format(columnLines.length);
    const all = sums.error + sums.warning;
    status.textContent = counted(all, 'problem') + ' of ' + counted(kinds, 'kind') + (isFree ? '' : ' shown');
  }

  let waiting = 0;
  document.getElementById('text').addEventListener('input', () => { clearTimeout(waiting); waiting = setTimeout(filter, 150); });
  inputs.slice(1).forEach((input) => input.addEventListener('change', filter));
  form.addEventListener('submit', (event) => { event.preventDefault(); filter(); });
  form.addEventListener('reset', () => setTimeout(filter));
  addEventListener('beforeprint', () => groups.forEach((group) => { group.node.open = true; }));
  // A link can carry a filter: report.html#text=phone&level=error&kind=date.invalid&column=Signed
  const wish = new URLSearchParams(location.hash.slice(1));
  for (const input of inputs) input.value = wish.get(input.id) || '';
  filter();
  form.hidden = false;
}());
