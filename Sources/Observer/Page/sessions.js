// The table of sessions: only the rows that can be seen exist. And the detail pane of one session or path.
const COLUMNS = [
  ['state', (w) => RANK[sessionTone(w.session)]], ['name', (w) => w.session.name], ['peer', (w) => w.session['dest-addr']], ['interface', (w) => w.session.interface || ''],
  ['interval', (w) => w.session['session-running']['negotiated-tx-interval']], ['detect', (w) => w.detection], ['gaps', null], ['margin', (w) => -(w.margin ?? -1)],
  ['forTime', (w) => -(Date.parse(w.session['last-state-change-time']) || 0)], ['flaps', (w) => -w.session['session-statistics']['down-count']]
];
const RANK = { down: 0, wait: 1, drain: 2, off: 3, up: 4 };
const FILTERS = { all: () => true, notUp: (w) => w.state !== 'up', tight: (w) => w.margin >= 0.67, drained: (w) => w.session.drained };
const grid = { list: [], filter: 'all', sort: 'state', descending: false, selected: null, pool: [], isStale: true, first: -1 };
const collator = new Intl.Collator('en', { numeric: true });
const rowHeight = () => parseInt(getComputedStyle(document.documentElement).getPropertyValue('--row')) || 30;
let ROW = 30;

function sessionsChanged() { grid.isStale = true; }
function filterChanged() { grid.isStale = true; $('rows').scrollTop = 0; touch('sessions'); }
function arrange() {
  grid.isStale = false;
  const wanted = $('search').value.trim().toLowerCase(), test = FILTERS[grid.filter];
  const list = [];
  for (const watched of known.sessions.values()) {
    if (!test(watched)) continue;
    if (wanted) {
      const s = watched.session;
      if (!(s.name + ' ' + s['dest-addr'] + ' ' + (s['source-addr'] || '') + ' ' + (s.interface || '') + ' ' + (s.rule || '') + ' ' + watched.id).toLowerCase().includes(wanted)) continue;
    }
    list.push(watched);
  }
  const value = (COLUMNS.find(([name]) => name === grid.sort) || COLUMNS[0])[1];
  const keyed = list.map((watched) => [value(watched), watched]);
  const sign = grid.descending ? -1 : 1;
  keyed.sort((a, b) => sign * (typeof a[0] === 'string' ? collator.compare(a[0], b[0]) : a[0] - b[0]) || collator.compare(a[1].session.name, b[1].session.name) || a[1].id - b[1].id);
  grid.list = keyed.map(([, watched]) => watched);
}
renderers.sessions = () => {
  if (grid.isStale || ['margin', 'forTime', 'flaps'].includes(grid.sort) || grid.filter === 'tight') arrange();
  put($('shown'), t('ofSessions', number(grid.list.length), number(known.sessions.size)));
  $('table').setAttribute('aria-rowcount', grid.list.length + 1);
  $('space').style.height = grid.list.length * ROW + 'px';
  // Few sessions need no empty room below them.
  $('rows').style.height = `min(60vh, ${Math.max(2, Math.min(18, grid.list.length)) * ROW + 2}px)`;
  rows(true);
};
renderers.sparks = () => {
  if (['margin'].includes(grid.sort) || grid.filter === 'tight') return renderers.sessions();
  rows(true);
};
function newRow() {
  const cells = COLUMNS.map(([name]) => make('div', { role: 'gridcell', class: ['interval', 'detect', 'margin', 'forTime', 'flaps'].includes(name) ? 'n' : '' }));
  const status = make('span', { class: 'word' }), canvas = make('canvas', { 'aria-hidden': 'true' });
  cells[0].append(status); cells[6].append(canvas);
  const row = make('div', { class: 'row', role: 'row', click: () => { select(row.place); openDetail(grid.list[row.place]?.id); } }, ...cells);
  Object.assign(row, { cells, status, canvas });
  $('rows').append(row);
  return row;
}
/** Fills the rows that can be seen. */
function rows(all) {
  const box = $('rows');
  // Sizes are read when everything is drawn, not while scrolling: reading them lays the page out.
  if (all || !grid.height) { grid.height = box.clientHeight; grid.spark = matchMedia('(max-width: 640px)').matches ? 84 : 128; }
  const first = Math.max(0, Math.floor(box.scrollTop / ROW) - 2), size = Math.ceil(grid.height / ROW) + 4;
  if (!all && first === grid.first) return;
  grid.first = first;
  while (grid.pool.length < size) { grid.pool.push(newRow()); all = true; }
  // Each place has its row: what scrolls out comes in again at the other end, and the rest stays as it is.
  const end = Math.min(grid.list.length, first + grid.pool.length);
  for (let place = first; place < first + grid.pool.length; place++) {
    const row = grid.pool[place % grid.pool.length], watched = place < end ? grid.list[place] : null;
    if (row.hidden === !!watched) row.hidden = !watched;
    if (watched && (all || row.place !== place || row.watched !== watched)) { row.watched = watched; fillRow(row, watched, place); }
  }
}
function fillRow(row, watched, place) {
  const s = watched.session, running = s['session-running'];
  if (row.place !== place) { row.place = place; row.style.transform = `translateY(${place * ROW}px)`; row.setAttribute('aria-rowindex', place + 2); row.id = 'row-' + place; }
  const selected = grid.selected === watched.id;
  if (row.getAttribute('aria-selected') !== String(selected)) row.setAttribute('aria-selected', selected);
  const kind = sessionTone(s), c = row.cells;
  state(row.status, kind);
  if (row.status.dataset.mark !== MARK[kind]) row.status.dataset.mark = MARK[kind];
  put(row.status, s.drained ? word('drained') : word(watched.state));
  put(c[1], s.name); put(c[2], s['dest-addr']); put(c[3], s.interface || '');
  put(c[4], `${trim(running['negotiated-tx-interval'])} · ${trim(running['negotiated-rx-interval'])}`);
  put(c[5], watched.detection ? micro(watched.detection) : '–');
  const margin = watched.margin;
  put(c[7], percent(margin));
  c[7].className = 'n' + (margin >= 0.9 ? ' tight' : margin >= 0.67 ? ' near' : '');
  const since = Date.parse(s['last-state-change-time']);
  put(c[8], since ? span((known.at - since) / 1000) : '–');
  put(c[9], number(s['session-statistics']['down-count']));
  spark(row.canvas, watched, grid.spark, 22);
}
const trim = (us) => us == null ? '–' : String(Math.round(us / 100) / 10);
function select(place) {
  if (place == null || !grid.list.length) return;
  place = Math.max(0, Math.min(grid.list.length - 1, place));
  grid.selected = grid.list[place].id;
  const box = $('rows'), top = place * ROW;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (top + ROW > box.scrollTop + box.clientHeight) box.scrollTop = top + ROW - box.clientHeight;
  rows(true);
  $('table').setAttribute('aria-activedescendant', 'row-' + place);
}
function tableHead() {
  $('columns').replaceChildren(...COLUMNS.map(([name, value]) => {
    const active = grid.sort === name;
    const cell = make('div', { role: 'columnheader', class: ['interval', 'detect', 'margin', 'forTime', 'flaps'].includes(name) ? 'n' : '', 'aria-sort': active ? (grid.descending ? 'descending' : 'ascending') : null });
    cell.append(value ? make('button', { type: 'button', text: t(name) + (active ? (grid.descending ? ' ↓' : ' ↑') : ''), click: () => {
      if (grid.sort === name) grid.descending = !grid.descending; else { grid.sort = name; grid.descending = false; }
      tableHead(); filterChanged();
      [...$('columns').querySelectorAll('button')].find((b) => b.textContent.startsWith(t(name)))?.focus();
    } }) : make('span', { class: 'dim', text: t(name) }));
    return cell;
  }));
}
function stateChips() {
  $('states').replaceChildren(...Object.keys(FILTERS).map((name) => make('button', { type: 'button', 'aria-pressed': String(grid.filter === name), text: t(name), click: () => { grid.filter = name; stateChips(); filterChanged(); } })));
}
function tableKeys(event) {
  if (event.target !== $('table')) return;
  const place = grid.list.findIndex((w) => w.id === grid.selected), page = Math.floor($('rows').clientHeight / ROW) - 1;
  const to = { ArrowDown: place + 1, ArrowUp: place < 0 ? 0 : place - 1, PageDown: place + page, PageUp: place - page, Home: 0, End: grid.list.length - 1 }[event.key];
  if (to !== undefined) { event.preventDefault(); select(to); } else if (event.key === 'Enter' && place >= 0) { event.preventDefault(); openDetail(grid.selected); }
}

// The detail pane.
const detail = { session: null, path: null, opener: null, key: '' };
async function openDetail(id, path = null) {
  if (id == null && !path) return;
  detail.opener = document.activeElement; detail.session = id; detail.path = path; detail.key = '';
  if (id != null) grid.selected = id;
  $('detail').hidden = false;
  document.body.classList.add('detailed');
  renderers.detail();
  $('detail-h').focus();
  touch('sessions');
  const watched = known.sessions.get(id);
  if (watched && !watched.isFilled) {
    try { const answer = await api(`sessions/${id}/gaps`); watched.fill(answer.gaps); touch('detail', 'sparks'); } catch { /* what comes live will do */ }
  }
}
function closeDetail() {
  if ($('detail').hidden) return;
  $('detail').hidden = true; document.body.classList.remove('detailed'); detail.session = detail.path = null; detail.key = '';
  (detail.opener?.isConnected ? detail.opener : $('table')).focus?.();
}
function facts(list) { return make('dl', {}, ...list.filter(([, value]) => value != null && value !== '').flatMap(([name, value]) => [make('dt', { text: name }), make('dd', {}, value)])); }
renderers.detail = () => {
  if ($('detail').hidden) return;
  const watched = known.sessions.get(detail.session), path = known.report?.paths.find((p) => p.name === detail.path);
  if (!watched && !path) return closeDetail();
  const events = known.events.filter((e) => watched && e.session === watched.id || path && e.kind === 'path' && e.name === path.name);
  // What does not change each second is made anew only when it has changed.
  const key = JSON.stringify([watched?.session, path && [path.state, path.reason, path.health], events.length, language, known.report?.drain, known.hello?.right]);
  if (detail.key !== key) {
    detail.key = key;
    const focus = document.activeElement?.closest?.('#detail-body button')?.id;
    buildDetail(watched, path, events);
    if (focus) $(focus)?.focus();
  }
  if (!watched) return;
  gapChart($('gap-chart'), watched);
  put($('gap-words'), watched.state !== 'up' ? t('chartDown') : watched.count ? t('chartNow', micro(watched.worst), percent(watched.margin), micro(watched.detection)) : t('noGaps'));
  $('gap-chart').setAttribute('aria-label', `${t('chart')}. ${$('gap-words').textContent}`);
  const own = events.filter((e) => e.kind === 'session');
  if (own.length) ribbon($('ribbon'), own, Math.min(own[0].ms - 60000, known.at - 600000), known.at, sessionTone(watched.session));
  const stats = watched.session['session-statistics'];
  put($('count-words'), `${number(Math.max(watched.received, stats['receive-packet-count']))} · ${number(Math.max(watched.sent, stats['send-packet-count']))}`);
  put($('age-words'), watched.age == null ? '–' : t('ago', micro(watched.age)));
};
function buildDetail(watched, path, events) {
  const s = watched?.session, running = s?.['session-running'], stats = s?.['session-statistics'];
  const name = path?.name || s.name, drained = known.report.drain.targets.some((d) => d.name === name);
  $('detail-h').replaceChildren(s ? stateWord(sessionTone(s), s.drained ? word('drained') : word(running['local-state'])) : stateWord(tone(path.state), word(path.state)), ' ', name);
  const parts = [];
  if (path) parts.push(facts([[t('path'), `${path.name} ${t('via')} ${path.via} (${path.interface})`], [t('state'), `${word(path.state)}: ${path.reason}`], [t('weight'), String(path.weight)], ...checks(path.health, '')]));
  if (s) {
    parts.push(make('h3', { text: t('gaps') }), make('canvas', { id: 'gap-chart', role: 'img' }), make('p', { id: 'gap-words' }), legend([[colours.up, 'gap'], [colours.down, 'detection'], [colours.drain, 'expected']]));
    const own = events.filter((e) => e.kind === 'session');
    parts.push(make('h3', { text: t('session') }), facts([
      [t('peer'), s['dest-addr'] + (s.interface ? ` (${s.interface})` : '')], [t('local'), s['source-addr']],
      [t('remote'), `${word(running['remote-state'])}`], [t('diag'), `${running['local-diagnostic']} · ${running['remote-diagnostic']}`],
      [t('interval'), `${trim(running['negotiated-tx-interval'])} · ${trim(running['negotiated-rx-interval'])}`], [t('mult'), `${s['local-multiplier']} · ${s['remote-multiplier'] ?? '–'}`],
      [t('detectionTime'), micro(running['detection-time'])], [t('mode'), running['detection-mode']], [t('lastSeen'), make('span', { id: 'age-words' })], [t('counts'), make('span', { id: 'count-words' })],
      [t('flapsLong'), number(stats['down-count'])], [t('invalid'), stats['receive-invalid-packet-count'] ? number(stats['receive-invalid-packet-count']) : null],
      [t('ports'), s['source-port'] ? `${s['source-port']} → ${s['dest-port'] || ''}` : null], [t('discr'), `${s['local-discriminator']} · ${s['remote-discriminator']}`], [t('rule'), s.rule],
      [t('auth'), s.authentication ? `${s.authentication.type || t('none')} (${s.authentication['key-chain']})` : null], [t('echo'), s.echo ? (s.echo.obstacle || (s.echo['round-trip'] != null ? t('rtt', micro(s.echo['round-trip'])) : word(s.echo.running ? 'up' : 'pending'))) : null],
      [t('silent'), s['silent-because']], [t('damp'), s.dampening ? String(s.dampening['hold-count']) : null], ['', s['last-send-error'] ? make('span', { class: 'error', text: s['last-send-error'] }) : null]
    ]));
    parts.push(make('p', {}, make('br'), make('button', { id: 'drain-one', type: 'button', text: t(drained ? 'undrainOne' : 'drainOne', name), click: () => askDrain(name, drained) })));
    if (own.length) parts.push(make('h3', { text: t('timeline') }), make('canvas', { id: 'ribbon', class: 'ribbon', 'aria-hidden': 'true' }));
  } else parts.push(make('p', {}, make('br'), make('button', { id: 'drain-one', type: 'button', text: t(drained ? 'undrainOne' : 'drainOne', name), click: () => askDrain(name, drained) })));
  if (events.length) parts.push(make('ol', {}, ...events.slice(-40).reverse().map((e) => eventItem(e, true))));
  const last = [...events].reverse().find((e) => e.packets?.length);
  if (last) parts.push(make('h3', { text: `${t('packets')} ${moment(last.ms)}` }), make('pre', { class: 'packets', tabindex: '0', text: last.packets.map((p) => `−${micro(p.before).padEnd(7)} ${p.sent ? '→' : '←'} ${decodePacket(p.octets)}`).join('\n') }));
  $('detail-body').replaceChildren(...parts);
}
function legend(list) {
  const element = make('div', { class: 'legend' });
  for (const [colour, key] of list) { const line = make('i'); line.style.borderColor = colour; element.append(make('span', {}, line, t(key))); }
  return element;
}
function checks(list, indent) {
  return (list || []).flatMap((check) => [[indent + check.kind, `${check.target || ''} ${MARK[tone(check.verdict)]} ${word(check.verdict)} ${check.reason || ''} ${check['round-trip-time'] != null ? t('rtt', micro(check['round-trip-time'])) : ''}`.trim()], ...checks(check.checks, indent + '· ')]);
}
