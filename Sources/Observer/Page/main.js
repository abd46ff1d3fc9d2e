// Head, tiles, findings, events, dialogues; then everything begins.
renderers.head = () => {
  const report = known.report, link = $('link');
  const isGone = known.connected && known.connection && !known.connection.connected;
  state(link, !known.connected ? (known.report ? 'down' : 'pending') : isGone ? 'down' : 'up');
  put(link, !known.connected ? t(known.report ? 'lost' : 'connecting') : isGone ? t('gone') : t('live'));
  const banner = $('banner'), isStale = (!known.connected || isGone) && report;
  banner.hidden = !isStale && !isGone;
  if (!banner.hidden) put(banner, report ? t('stale', moment(known.at), isGone ? [known.connection.error, known.connection.help].filter(Boolean).join('; ') : t('lost')) : [known.connection.error, known.connection.help].filter(Boolean).join('; '));
  document.querySelector('main').classList.toggle('stale', !!isStale);
  if (!report) return;
  put($('host'), report['host-name'] || 'everway');
  const bad = [...known.sessions.values()].filter((w) => w.state !== 'up' && !w.session.drained).length;
  document.title = (isStale || isGone ? '! ' : bad ? `(${bad}) ` : '') + (report['host-name'] || 'Everway') + ' · Everway';
  put($('facts'), [isAtRest(report) ? t('resting') : report.namespace.name ? `${t('namespace', report.namespace.name)}: ${word(report.namespace.state)}` : '', `everway ${report.version}`, t('uptime', span((known.at - Date.parse(report['started-at'])) / 1000)),
    report.drain.state === 'drained' ? t('yesDrained') : report.drain.state === 'draining' ? t('yesDraining') : ''].filter(Boolean).join(' · '));
  const button = $('drain');
  button.disabled = isStale || isGone;
  put(button, t(report.drain.state === 'none' ? 'drain' : 'undrain'));
};
function tile(id, value, of, label, kind, title) {
  let element = $('tile-' + id);
  if (!element) $('tiles').append(element = make('div', { class: 'tile', id: 'tile-' + id }, make('b', {}, make('span', { class: 'value' }), make('small')), make('span')));
  const [b, span] = element.children;
  if (b.firstChild.nodeName === 'SPAN') b.replaceChild(document.createTextNode(''), b.firstChild);
  if (b.firstChild.data !== value) b.firstChild.data = value;
  put(b.lastChild, of || '');
  put(span, label); span.title = title || label;
  if (kind) state(b, kind); else b.removeAttribute('data-state');
}
renderers.tiles = () => {
  const report = known.report;
  if (!report) return;
  let up = 0, drained = 0, worst = null, flaps = 0;
  for (const watched of known.sessions.values()) {
    if (watched.state === 'up') up++;
    if (watched.session.drained) drained++;
    flaps += watched.session['session-statistics']['down-count'];
    const margin = watched.margin;
    if (margin != null && (!worst || margin > worst.margin)) worst = { margin, name: watched.session.name };
  }
  const count = known.sessions.size;
  tile('sessions', number(up), ` / ${number(count)}`, t('tileSessions'), up + drained < count ? 'down' : drained ? 'drain' : 'up');
  if (report.paths.length) {
    const good = report.paths.filter((p) => p.state === 'up').length;
    tile('paths', number(good), ` / ${number(report.paths.length)}`, t('tilePaths'), report.paths.some((p) => p.state === 'down') ? 'down' : good < report.paths.length ? 'wait' : 'up');
    tile('failovers', number(report.groups.reduce((sum, g) => sum + g['failover-count'], 0)), '', t('tileFail'));
  }
  tile('margin', worst ? percent(worst.margin) : '–', worst ? ' ' + worst.name.slice(0, 14) : '', t('tileMargin'), worst?.margin >= 0.9 ? 'down' : worst?.margin >= 0.67 ? 'wait' : null);
  tile('rate', number(Math.round(known.rate[0])), ` · ${number(Math.round(known.rate[1]))}`, t('tileRate'));
  tile('late', micro(known.lateness), '', t('tileLate'), known.lateness > 20000 ? 'wait' : null);
  tile('flaps', number(flaps), '', t('tileFlaps'));
};

// Findings: what the gateway retries, and what the doctor found and has not withdrawn.
let findingsKey = '';
renderers.findings = () => {
  const report = known.report;
  if (!report) return;
  const list = [
    ...(report.configuration['last-reload']?.accepted === false ? [{ kind: 'down', what: `${t('config')}: ${t('refused')}: ${report.configuration['last-reload'].message}`, since: Date.parse(report.configuration['last-reload'].at) }] : []),
    ...(isAtRest(report) ? [{ kind: 'off', what: `${t('resting')}: ${report.configuration['at-rest']}` }] : []),
    ...(report.namespace.state !== 'healthy' && !isAtRest(report) ? [{ kind: 'down', what: `${t('namespace', report.namespace.name || '')}: ${word(report.namespace.state)}. ${report.namespace.detail || ''}` }] : []),
    ...report.uplinks.filter((u) => u.lost).map((u) => ({ kind: 'down', what: `${t('uplinks')}: ${t('lostUplinks')} (${u.watched.filter((x) => !x.good).map((x) => x.name).join(', ')})`, since: Date.parse(u.since) })),
    ...report.problems.map((p) => ({ kind: 'down', what: p.what, since: Date.parse(p.since), fix: p.help, retry: p['retrying-in-seconds'] != null })),
    ...(report.findings || []).map((f) => ({ kind: f.severity === 'info' ? 'off' : f.severity === 'warning' ? 'wait' : 'down', what: `${f.id} ${f.symptom}`, since: Date.parse(f.since), fix: t(f.repair ? 'doctor' : 'explain'), repair: f.repair ? f : null }))
  ];
  const key = JSON.stringify(list) + language;
  if (key === findingsKey) return;
  findingsKey = key;
  $('findings').hidden = !list.length;
  $('findings-list').replaceChildren(...list.map((f) => make('li', { 'data-state': f.kind },
    make('span', { class: 'mark', 'aria-hidden': 'true', text: f.kind === 'down' ? '✕' : '!' }),
    make('span', {}, f.what, f.since ? make('span', { class: 'dim', text: ' ' + t('since', moment(f.since)) }) : null),
    f.fix || f.retry ? make('span', { class: 'fix' }, f.fix ? make('b', { text: t('fix') + ': ' }) : null, [f.fix, f.retry ? t('retry') : ''].filter(Boolean).join(' · ')) : null,
    f.repair ? make('button', { type: 'button', class: 'quiet mend', 'aria-label': t('repairOne', f.repair.id), text: t('repair'), click: () => askRepair(f.repair) }) : null)));
};

function eventTone(event) { return event.to && TONE[event.to] ? tone(event.to) : event.level === 'warning' ? 'down' : 'off'; }
function eventItem(event, isShort) {
  const more = [event.cause, event.silence != null ? `${micro(event.silence)} / ${micro(event['detection-time'])}` : '', event.latency != null ? `${t('latency')} ${micro(event.latency)}` : '', event['local-diagnostic'] && event['local-diagnostic'] !== 'none' ? event['local-diagnostic'] : ''].filter(Boolean).join(' · ');
  const canOpen = !isShort && event.session != null && known.sessions.has(event.session);
  return make('li', { class: 'event', 'data-state': eventTone(event) },
    make('time', { datetime: event.at, title: moment(event.ms), text: isShort || moment(event.ms) === clock(event.ms) ? clock(event.ms, true) : moment(event.ms) }), make('i', { 'aria-hidden': 'true' }),
    canOpen ? make('span', {}, make('button', { type: 'button', text: event.text, click: () => openDetail(event.session) })) : make('span', { text: event.text }),
    more ? make('span', { class: 'more', text: more }) : null);
}
let shownEvent = 0, eventsLanguage = '';
renderers.events = () => {
  const list = $('events');
  if (eventsLanguage !== language || shownEvent > (known.events[known.events.length - 1]?.sequence || 0) || !known.events.length) { list.replaceChildren(); shownEvent = 0; eventsLanguage = language; }
  if (!known.events.length) { list.replaceChildren(make('li', { class: 'dim', text: t('noEvents') })); put($('events-count'), ''); return; }
  if (!shownEvent) list.replaceChildren();
  const fresh = known.events.filter((e) => e.sequence > shownEvent).slice(-120);
  shownEvent = known.events[known.events.length - 1].sequence;
  list.prepend(...fresh.reverse().map((e) => eventItem(e, false)));
  while (list.childElementCount > 120) list.lastElementChild.remove();
  put($('events-count'), number(known.events.length));
};
// A screen reader hears of changes, at most every three seconds, many as a sum. What was before the page came is no news.
let toSay = [], sayTimer = null, begunAt = Infinity;
function announce(event) {
  if (event.ms < begunAt || !event.to) return;
  toSay.push(event);
  sayTimer ??= setTimeout(() => {
    sayTimer = null;
    const text = toSay.length <= 2 ? toSay.map((e) => t('sayDown', e.name || word(e.kind), word(e.to))).join('. ') : t('sayMany', toSay.length, [...known.sessions.values()].filter((w) => w.state !== 'up').length);
    toSay = [];
    $('say').replaceChildren(make('p', { text }));
  }, toSay.length > 1 ? 3000 : 700);
}

// Everything else, in tables.
let restKey = '';
renderers.rest = () => {
  const report = known.report;
  if (!report || !$('rest').open) return;
  const key = JSON.stringify([report.groups, report.routes, report.interfaces, report.uplinks, report.configuration, language]);
  if (key === restKey) return;
  restKey = key;
  const list = (title, heads, lines) => lines.length ? make('div', { class: 'scroll' }, make('h3', { text: title }), make('table', {}, make('thead', {}, make('tr', {}, ...heads.map((h) => make('th', { scope: 'col', text: h })))), make('tbody', {}, ...lines.map((line) => make('tr', {}, ...line.map((cell) => make('td', {}, cell ?? '')))))) ) : null;
  $('rest-body').replaceChildren(...[
    list(t('groups'), [t('group'), t('state'), t('members'), t('lastFailover'), t('latency')], report.groups.map((g) => [g.name, stateWord(tone(g.state), word(g.state)), g.members.map((m) => `${m.path} ${percent(m.share)}`).join(', '), g['last-failover'] ? `${moment(Date.parse(g['last-failover'].at))} ${g['last-failover'].path}` : '', g['last-failover'] ? micro(g['last-failover'].latency) : ''])),
    list(t('routes'), [t('route'), t('table'), t('group'), ''], report.routes.slice(0, 200).map((r) => [make('span', { class: 'mono', text: r.prefix }), String(r.table), r.group || '', stateWord(r.installed ? 'up' : 'down', r.installed ? t('installed') : r.detail || t('absentRoute'))])),
    list(t('interfaces'), [t('interface'), t('state'), 'MTU', t('addresses')], report.interfaces.map((i) => [i.name, stateWord(i.index != null && i.up && i.carrier ? 'up' : 'down', i.index == null ? t('missing') : !i.up ? t('ifDown') : !i.carrier ? t('noCarrier') : t('up')), String(i.mtu ?? ''), make('span', { class: 'mono', text: i.addresses.join(', ') })])),
    list(t('uplinks'), ['', t('state')], report.uplinks.flatMap((u) => u.watched.map((x) => [x.name, stateWord(x.good ? 'up' : 'down', t(x.good ? 'goodUplinks' : 'lostUplinks'))]))),
    make('div', {}, make('h3', { text: t('program') }), make('table', {}, make('tbody', {}, ...[
      [t('version'), `everway ${report.version}, pid ${report.pid}`], [t('observer'), known.hello?.version || ''], [t('started'), moment(Date.parse(report['started-at']))], [t('config'), `${report.configuration.file}, ${t('loaded')} ${moment(Date.parse(report.configuration['loaded-at']))}`],
      [t('scheduling'), `${report.speaker['scheduling-policy']} ${report.speaker['scheduling-priority']}${report.speaker.cpu != null ? ', ' + t('cpu', report.speaker.cpu) : ''}`], [t('discards'), (known.totals?.discards || report.speaker.discards).map((d) => `${d.reason} ${number(d.count)}`).join(', ') || t('none')]
    ].map(([name, value]) => make('tr', {}, make('th', { scope: 'row', text: name }), make('td', { text: value }))))))
  ].filter(Boolean));
};

// Dialogues.
let onYes = null;
function ask({ title, text, notes = [], yes, isGood, wantsToken, act }) {
  $('ask-h').textContent = title; $('ask-text').textContent = text; $('ask-error').textContent = '';
  $('ask-notes').replaceChildren(...notes.map((note) => make('li', { text: note })));
  $('ask-token-label').hidden = !wantsToken;
  const button = $('ask-yes');
  button.textContent = yes; button.className = 'act' + (isGood ? ' good' : ''); button.disabled = false;
  onYes = async () => {
    button.disabled = true;
    try {
      const message = await act();
      if (message) { $('ask-text').textContent = message; $('ask-notes').replaceChildren(); $('say').replaceChildren(make('p', { text: message })); }
      $('ask').close('yes');
    } catch (error) {
      button.disabled = false;
      $('ask-error').textContent = error.problem ? [error.message, error.problem.help].filter(Boolean).join(' ') : t('failed');
      if (['token-needed', 'wrong-token'].includes(error.problem?.code)) { $('ask-token-label').hidden = false; $('ask-token').focus(); }
    }
  };
  if (!$('ask').open) $('ask').showModal();
  (wantsToken ? $('ask-token') : $('ask-no')).focus();
}
function askToken(text) {
  return new Promise((done) => {
    ask({ title: t('tokenTitle'), text, yes: t('tokenDo'), isGood: true, wantsToken: true, act: async () => { useToken($('ask-token').value.trim()); } });
    $('ask').addEventListener('close', () => setTimeout(done, 300), { once: true });
  });
}
const needsToken = () => known.hello?.right === 'read' && !token;
/** Asks, and asks for a token where one is wanted; where none would help it says so. */
function askChange(question, path, body, said) {
  if (needsToken() && !known.hello.tokens) return ask({ title: question.title, text: t('readOnly'), yes: t('close'), isGood: true, act: async () => {} });
  ask({
    ...question, notes: needsToken() ? [...question.notes, t('tokenNeeded')] : question.notes, wantsToken: needsToken(),
    act: async () => {
      const entered = $('ask-token').value.trim();
      if (!$('ask-token-label').hidden && entered) useToken(entered);
      return said(await api(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }));
    }
  });
}
function askRepair(finding) {
  askChange({ title: t('repairTitle', finding.id), text: finding.symptom, notes: [t('repairText'), ...finding.repair], yes: t('repairDo'), isGood: true }, 'repair', { finding: finding.id }, (outcome) => {
    const text = [`${finding.id}: ${t(`result-${outcome.result}`)}`, ...outcome.notes].join('\n');
    // What came of it stays to be read.
    if (outcome.result !== 'repaired') setTimeout(() => ask({ title: t('repairTitle', finding.id), text, yes: t('close'), isGood: true, act: async () => {} }));
    return text;
  });
}
function askDrain(name, isDrained) {
  const report = known.report, who = name || t('thisNode');
  const notes = [];
  if (!isDrained && !name) notes.push(t('drainNode', number(known.sessions.size)));
  if (!isDrained && name) for (const group of report.groups) if (group.members.length === 1 && group.members[0].path === name) notes.push(t('drainLast', group.name));
  askChange({
    title: t(isDrained ? 'undrainTitle' : 'drainTitle', language === 'zh' && name ? ` ${name} ` : who), text: t(isDrained ? 'undrainText' : 'drainText'), notes, yes: t(isDrained ? 'undrainDo' : 'drainDo'), isGood: isDrained
  }, isDrained ? 'undrain' : 'drain', name ? { target: name } : {}, (outcome) => outcome.message);
}

function applyWords() {
  document.documentElement.lang = language === 'zh' ? 'zh-Hans' : 'en';
  for (const element of document.querySelectorAll('[data-t]')) element.textContent = t(element.dataset.t);
  for (const element of document.querySelectorAll('[data-label]')) element.setAttribute('aria-label', t(element.dataset.label));
  $('search').placeholder = t('searchHint'); $('search').setAttribute('aria-label', t('searchHint'));
  $('language').textContent = language === 'zh' ? 'English' : '中文';
  $('language').lang = language === 'zh' ? 'en' : 'zh-Hans';
  applyTheme(); tableHead(); stateChips();
  if (known.hello) historyChips();
  cluster.key = ''; touch('cluster');
  detail.key = pictureKey = lanesKey = findingsKey = restKey = '';
  touch(...ALL);
}
const darkMedia = matchMedia('(prefers-color-scheme: dark)');
function applyTheme() {
  const isDark = store.get('theme') ? store.get('theme') === 'dark' : darkMedia.matches;
  document.documentElement.classList.toggle('dark', isDark);
  put($('theme'), t(isDark ? 'light' : 'dark'));
  readColours();
}
function begin() {
  ROW = rowHeight();
  applyWords();
  $('language').addEventListener('click', () => { language = language === 'zh' ? 'en' : 'zh'; store.set('language', language); applyWords(); });
  $('theme').addEventListener('click', () => { store.set('theme', document.documentElement.classList.contains('dark') ? 'light' : 'dark'); applyTheme(); detail.key = ''; touch('sparks', 'detail', 'history'); });
  darkMedia.addEventListener('change', () => { applyTheme(); detail.key = ''; touch('sparks', 'detail', 'history'); });
  for (const button of $('tabs').children) button.addEventListener('click', () => { location.hash = button.dataset.view === 'cluster' ? '#cluster' : ''; });
  $('tabs').addEventListener('keydown', (event) => { if (['ArrowLeft', 'ArrowRight'].includes(event.key)) { const other = [...$('tabs').children].find((b) => b !== document.activeElement); other.focus(); other.click(); } });
  addEventListener('hashchange', () => showView(location.hash.slice(1)));
  $('drain').addEventListener('click', () => askDrain(null, known.report.drain.state !== 'none'));
  $('ask-yes').addEventListener('click', () => onYes?.());
  $('ask-token').addEventListener('keydown', (event) => { if (event.key === 'Enter') { event.preventDefault(); onYes?.(); } });
  $('ask').addEventListener('close', () => { $('ask-token').value = ''; });
  $('search').addEventListener('input', filterChanged);
  $('rows').addEventListener('scroll', () => { dirty.add('scroll'); touch(); if (!frameAsked) requestAnimationFrame(render); }, { passive: true });
  renderers.scroll = () => rows(false);
  $('table').addEventListener('keydown', tableKeys);
  $('table').addEventListener('focus', () => { if (!grid.list.some((w) => w.id === grid.selected)) select(0); });
  $('detail-close').addEventListener('click', closeDetail);
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !$('ask').open) closeDetail();
    if (event.key === '/' && !['INPUT', 'TEXTAREA'].includes(document.activeElement?.tagName) && !$('ask').open) { event.preventDefault(); $('search').focus(); }
  });
  $('rest').addEventListener('toggle', () => touch('rest'));
  historyControls();
  new ResizeObserver(() => { ROW = rowHeight(); touch('picture', 'sessions', 'history', 'detail'); }).observe($('picture'));
  document.addEventListener('visibilitychange', () => { if (!document.hidden) { touch(...ALL); askCluster(); } });
  // Lanes and ages move on by themselves, too.
  setInterval(() => { if (!document.hidden && known.report) touch('head', 'history'); }, 2000);
  follow();
}
begin();
