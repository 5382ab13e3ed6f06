'use strict';
// Without this script every form works: it sends the page, and the page comes back. With it a form sends itself, and only what has
// changed on the page is replaced. Nothing is kept here: what the server says is what is shown.
(function () {
  const PARTS = ['status', 'notice', 'columns', 'chosen', 'problems', 'foot'];
  const byId = (id) => document.getElementById(id);
  let latest = 0;
  // How things stand, as it was last heard, and whether that was while a page was on its way.
  let now = null;
  let missed = false;

  for (const node of document.querySelectorAll('.scripted')) node.hidden = false;

  const detailsKey = (node) => node.id || node.dataset.key;

  // A field in which somebody types is not taken away under the hands.
  function isBusy(part) {
    const active = document.activeElement;
    return active && part.contains(active) && active.matches('input:not([type="checkbox"]):not([type="hidden"]), textarea') &&
      active.value !== active.defaultValue;
  }

  function put(text, { mine }) {
    const page = new DOMParser().parseFromString(text, 'text/html');
    if (!page.getElementById('columns')) { location.reload(); return; }
    const focused = document.activeElement && document.activeElement.id;
    const finds = Array.from(document.querySelectorAll('input[data-finds]')).map((input) => [input.id, input.value]);
    for (const id of PARTS) {
      const old = byId(id);
      const fresh = page.getElementById(id);
      if (!old || !fresh || (!mine && isBusy(old)) || old.innerHTML === fresh.innerHTML) {
        if (old && fresh) copyAttributes(old, fresh);
        continue;
      }
      const changed = id === 'chosen' && old.querySelector('h2') && fresh.querySelector('h2').textContent !== old.querySelector('h2').textContent;
      if (!changed) {
        const open = new Map(Array.from(old.querySelectorAll('details')).map((node) => [detailsKey(node), node.open]));
        for (const node of fresh.querySelectorAll('details')) {
          const key = detailsKey(node);
          // What a change opens is open; what somebody opened or closed stays so.
          if (open.has(key) && !(mine && key === 'pick')) node.open = id === 'chosen' ? open.get(key) || node.open : open.get(key);
        }
      }
      const top = old.scrollTop;
      old.replaceChildren(...Array.from(fresh.childNodes, (node) => document.importNode(node, true)));
      copyAttributes(old, fresh);
      old.scrollTop = changed ? 0 : top;
    }
    document.title = page.title;
    for (const node of document.querySelectorAll('.scripted')) node.hidden = false;
    for (const [id, value] of finds) { const input = byId(id); if (input && value && !mine) { input.value = value; find(input); } }
    const active = document.activeElement;
    if (focused && (!active || active === document.body)) {
      // What had the focus may be gone, be disabled now or stand in a part that has closed: then what is nearest to it.
      const again = byId(focused);
      const closed = again && again.closest('details:not([open])');
      const near = again && again.closest('#foot') && byId('mapping');
      for (const node of [again, closed && closed.firstElementChild, near && near.firstElementChild, byId('chosen-title')]) {
        if (node) node.focus({ preventScroll: true });
        if (node && document.activeElement === node) break;
      }
    }
  }

  function copyAttributes(old, fresh) {
    for (const { name, value } of Array.from(fresh.attributes)) if (name === 'class' || name.startsWith('data-')) old.setAttribute(name, value);
  }

  async function load(request, mine) {
    const turn = ++latest;
    document.body.setAttribute('aria-busy', 'true');
    try {
      const answer = await fetch(request);
      const text = await answer.text();
      // A newer one is under way: its answer counts.
      if (turn !== latest) return;
      if (!answer.ok) { say(text, true); return; }
      if (mine && answer.url !== location.href) history.pushState(null, '', answer.url);
      put(text, { mine });
    } catch (error) {
      say('The workbench does not answer any more. Run partner-sync map again; what was saved is kept.', true);
    } finally {
      if (turn === latest) {
        document.body.removeAttribute('aria-busy');
        if (missed) follow();
      }
    }
  }

  function say(words, refused) {
    const line = document.createElement('p');
    line.className = refused ? 'notice refused' : 'notice';
    line.textContent = words;
    byId('notice').replaceChildren(line);
  }

  function send(form, button) {
    const data = new FormData(form);
    if (button && button.name) data.append(button.name, button.value);
    load(new Request(form.action, { method: 'POST', body: new URLSearchParams(data), credentials: 'same-origin' }), true);
  }

  document.addEventListener('submit', (event) => {
    event.preventDefault();
    send(event.target, event.submitter);
  });

  document.addEventListener('change', (event) => {
    const form = event.target.closest('form[data-live]');
    if (form && form.checkValidity()) send(form, null);
  });

  document.addEventListener('click', (event) => {
    const link = event.target.closest('a[data-live]');
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0) {
      event.preventDefault();
      load(new Request(link.href), true).then(() => {
        // Where the parts stand below each other, the column is further down.
        if (link.matches('.column') && matchMedia('(max-width: 44rem)').matches) byId('chosen').scrollIntoView();
      });
      return;
    }
    const option = event.target.closest('select[size] option');
    // In a list of fields that is open, a click chooses; with keys Enter does.
    if (option && option.closest('#pick-form')) send(option.closest('form'), null);
  });

  // Type to find: options that do not have all the words are taken out of the list.
  const found = (option, words) => { const text = (option.textContent + ' ' + option.value).toLowerCase(); return words.every((word) => text.includes(word)); };

  function find(input) {
    const list = byId(input.dataset.finds);
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let first = null;
    for (const group of list.querySelectorAll('optgroup')) {
      let some = false;
      for (const option of group.children) {
        const fits = found(option, words);
        option.hidden = option.disabled = !fits;
        if (fits) { some = true; first = first || option; }
      }
      group.hidden = !some;
    }
    if (words.length && first) list.value = first.value;
  }

  document.addEventListener('input', (event) => { if (event.target.dataset.finds) find(event.target); });

  document.addEventListener('keydown', (event) => {
    const target = event.target;
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (target.dataset && target.dataset.finds && event.key === 'ArrowDown') { event.preventDefault(); byId(target.dataset.finds).focus(); return; }
    if (target.matches('select[size]') && event.key === 'Enter') { event.preventDefault(); target.form.requestSubmit(); return; }
    if (target.matches('a.column') && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
      const all = Array.from(document.querySelectorAll('a.column'));
      const next = all[all.indexOf(target) + (event.key === 'ArrowDown' ? 1 : -1)];
      if (next) { event.preventDefault(); next.focus(); }
      return;
    }
    if (target.matches('input, select, textarea')) return;
    if (event.key === '/') {
      const input = byId('find');
      if (input) { event.preventDefault(); byId('pick').open = true; input.focus(); }
    } else if (event.key === 'n' || event.key === 'p') {
      const link = byId(event.key === 'n' ? 'next' : 'previous');
      if (link) { event.preventDefault(); load(new Request(link.href), true); }
    }
  });

  // The mapping is opened at its first changed line.
  document.addEventListener('toggle', (event) => {
    if (event.target.id !== 'mapping' || !event.target.open) return;
    const text = event.target.querySelector('pre');
    const line = text.querySelector('.new, .gone');
    if (line) text.scrollTop = line.offsetTop - 60;
  }, true);

  addEventListener('popstate', () => load(new Request(location.href), false));

  // By this connection the workbench knows that its page is open.
  const source = new EventSource('events');
  source.onmessage = (event) => { now = JSON.parse(event.data); follow(); };

  function follow() {
    const status = byId('status');
    const bar = byId('status-bar');
    if (bar && !now.checked) {
      bar.value = now.done;
      const number = new Intl.NumberFormat('en-US');
      if (now.done) byId('status-words').textContent = `Checked ${number.format(now.done)} of ${number.format(now.total)} rows`;
    }
    const practice = byId('practice-bar');
    if (practice && now.of) { practice.max = now.of; practice.value = now.practised; }
    const isOld = Number(status.dataset.version) !== now.version || status.dataset.checking === 'true' && now.checked ||
      status.dataset.practice !== now.practice;
    // What ends while its own page is on the way is not said a second time: it is compared with the page once that is there.
    missed = document.body.hasAttribute('aria-busy');
    if (isOld && !missed) load(new Request(location.href), false);
  }
})();
