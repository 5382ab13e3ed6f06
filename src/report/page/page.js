'use strict';
// The problems stand in the page as JSON: [group, file, row, cell, value, message]. A group's table is made when it is
// opened, a page at a time, so that a hundred thousand problems are no burden.
(function () {
  const PAGE = 50;
  const data = JSON.parse(document.getElementById('problems').textContent);
  const groups = Array.from(document.querySelectorAll('details[data-group]'));
  const place = new Map(groups.map((group, i) => [Number(group.dataset.group), i]));
  const status = document.getElementById('status');
  const text = document.getElementById('text');
  const severity = document.getElementById('severity');
  const column = document.getElementById('column');
  const lines = groups.map(() => []);
  for (const problem of data.problems) {
    const i = place.get(problem[0]);
    if (i !== undefined) lines[i].push(problem);
  }
  const shown = groups.map((_, i) => lines[i]);
  const page = groups.map(() => 0);
  const number = new Intl.NumberFormat('en-US');

  function cell(tag, words, name) {
    const made = document.createElement(tag);
    made.textContent = words;
    if (name) made.className = name;
    return made;
  }

  function draw(i) {
    const box = groups[i].querySelector('.table');
    box.replaceChildren();
    const rows = shown[i];
    const from = page[i] * PAGE;
    const table = document.createElement('table');
    const head = table.createTHead().insertRow();
    for (const [title, name] of [['Row', 'number'], ['Cell', ''], ['Value', ''], ['What is wrong', '']]) {
      const th = cell('th', title, name);
      th.scope = 'col';
      head.append(th);
    }
    const body = table.createTBody();
    for (const [, file, row, at, value, message] of rows.slice(from, from + PAGE)) {
      const line = body.insertRow();
      const where = row === 0 ? '—' : data.files.length > 1 ? data.files[file] + ' ' + row : String(row);
      line.append(cell('td', where, 'number'), cell('td', at), cell('td', value, 'value'), cell('td', message));
    }
    const scroll = document.createElement('div');
    scroll.className = 'scroll';
    scroll.append(table);
    box.append(scroll);
    if (rows.length > PAGE) {
      const pages = document.createElement('div');
      pages.className = 'pages';
      const back = cell('button', 'Previous');
      const on = cell('button', 'Next');
      back.type = on.type = 'button';
      back.disabled = from === 0;
      on.disabled = from + PAGE >= rows.length;
      back.addEventListener('click', () => { page[i] -= 1; draw(i); });
      on.addEventListener('click', () => { page[i] += 1; draw(i); });
      const to = Math.min(from + PAGE, rows.length);
      pages.append(back, on, cell('span', number.format(from + 1) + ' to ' + number.format(to) + ' of ' + number.format(rows.length)));
      box.append(pages);
    }
    const known = Number(groups[i].dataset.count);
    if (known > lines[i].length) {
      box.append(cell('p', 'This page holds ' + number.format(lines[i].length) + ' of them; problems.csv has all ' + number.format(known) + '.', 'soft'));
    }
  }

  function filter() {
    const wanted = text.value.trim().toLowerCase();
    let found = 0;
    let open = 0;
    groups.forEach((group, i) => {
      const fits = (!severity.value || group.dataset.severity === severity.value) &&
        (!column.value || group.dataset.column === column.value);
      const whole = group.querySelector('summary').textContent.toLowerCase();
      shown[i] = !fits ? [] : !wanted || whole.includes(wanted) ? lines[i] :
        lines[i].filter((p) => (p[2] + ' ' + p[3] + ' ' + p[4] + ' ' + p[5]).toLowerCase().includes(wanted));
      page[i] = 0;
      group.hidden = shown[i].length === 0 && (!fits || wanted !== '');
      found += shown[i].length;
      if (!group.hidden) open += 1;
      if (group.open && !group.hidden) draw(i);
    });
    status.textContent = number.format(found) + (found === 1 ? ' problem in ' : ' problems in ') + open + (open === 1 ? ' group' : ' groups');
  }

  groups.forEach((group, i) => group.addEventListener('toggle', () => { if (group.open) draw(i); }));
  let waiting = 0;
  text.addEventListener('input', () => { clearTimeout(waiting); waiting = setTimeout(filter, 150); });
  severity.addEventListener('change', filter);
  column.addEventListener('change', filter);
  document.getElementById('filter').addEventListener('submit', (event) => { event.preventDefault(); filter(); });
  // A link can carry a filter: report.html#text=phone&severity=error&open=0
  const wish = new URLSearchParams(location.hash.slice(1));
  text.value = wish.get('text') || '';
  severity.value = wish.get('severity') || '';
  column.value = wish.get('column') || '';
  filter();
  const open = wish.get('open');
  if (open !== null && groups[Number(open)]) { groups[Number(open)].open = true; draw(Number(open)); }
  document.getElementById('filter').hidden = groups.length === 0;
}());
