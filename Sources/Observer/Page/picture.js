// The topology: cluster side, this gateway, interfaces, next hops with their shares, and what is told in words beside it.
let shownGroup = null;
const PICTURE = { next: 14, cluster: 10, row: 46, box: 38 };
/** Sessions that are asked about by a path's health belong to the router side; all others to the cluster side. */
function routerPeers(report) {
  const names = new Set();
  const visit = (check) => { if (check.kind === 'bfd' && check.target) names.add(check.target); (check.checks || []).forEach(visit); };
  report.paths.forEach((path) => path.health.forEach(visit));
  return names;
}
function worstTone(tones) { return ['down', 'wait', 'drain', 'off', 'up'].find((x) => tones.includes(x)) || 'off'; }

/** What the picture shows, as values: nodes of four columns, and which of the next hops carry what share. */
function topology() {
  const report = known.report;
  const routers = routerPeers(report);
  const told = new Set(report.uplinks.flatMap((u) => u.telling));
  // Cluster side: one node for a session, or for all of one name or rule when there are many.
  const bundles = new Map();
  const side = [...known.sessions.values()].filter((w) => !routers.has(w.session.name));
  for (const watched of side) {
    const key = side.length > PICTURE.cluster ? (watched.session.rule || (new Set(side.map((w) => w.session.name)).size > PICTURE.cluster ? watched.session.interface || '*' : watched.session.name)) : watched.id;
    if (!bundles.has(key)) bundles.set(key, []);
    bundles.get(key).push(watched);
  }
  let cluster = [...bundles.entries()].map(([key, list]) => {
    const one = list.length === 1 ? list[0].session : null;
    const up = list.filter((w) => w.state === 'up').length;
    return {
      id: 'c:' + key, session: one ? list[0].id : null, filter: one ? null : String(key === '*' ? '' : key), name: one ? one.name : key === '*' ? t('sessions') : String(key),
      detail: one ? one['dest-addr'] : t('nSessions', number(list.length)),
      word: one ? word(one['session-running']['local-state']) : up === list.length ? t('allUp') : t('someDown', number(list.length - up)),
      tone: one ? sessionTone(one) : worstTone(list.map((w) => sessionTone(w.session))), told: list.some((w) => told.has(w.session.name))
    };
  });
  cluster.sort((a, b) => (a.tone === 'up') - (b.tone === 'up') || a.name.localeCompare(b.name));
  if (cluster.length > PICTURE.cluster) {
    const rest = cluster.splice(PICTURE.cluster - 1);
    cluster.push({ id: 'c:more', name: t('moreOf', rest.length), detail: '', word: '', tone: worstTone(rest.map((c) => c.tone)), filter: '' });
  }
  const group = report.groups.find((g) => g.name === shownGroup) || report.groups[0] || null;
  const shares = new Map((group?.members || []).map((m) => [m.path, m.share]));
  const configured = new Set((group?.['configured-members'] || []).map((m) => m.path));
  let next = report.paths.filter((p) => !group || !configured.size || configured.has(p.name) || report.paths.length <= PICTURE.next).map((p) => ({
    id: 'p:' + p.name, path: p, name: p.name, detail: p.state === 'up' ? p.via : p.reason || p.via, interface: p.interface, share: shares.get(p.name) ?? null, isMember: !group || configured.has(p.name), tone: tone(p.state), word: word(p.state)
  }));
  if (next.length > PICTURE.next) {
    next.sort((a, b) => (a.tone === 'up') - (b.tone === 'up') || (b.share || 0) - (a.share || 0));
    const rest = next.splice(PICTURE.next - 1);
    for (const name of new Set(rest.map((r) => r.interface))) {
      const some = rest.filter((r) => r.interface === name);
      const bad = some.filter((r) => r.tone !== 'up').length;
      next.push({ id: 'p:more:' + name, name: t('moreOf', number(some.length)), detail: '', interface: name, share: some.reduce((sum, r) => sum + (r.share || 0), 0), isMember: true, tone: worstTone(some.map((r) => r.tone)), word: bad ? t('someDown', bad) : t('allUp') });
    }
  }
  const order = [...new Set(next.map((n) => n.interface))];
  next.sort((a, b) => order.indexOf(a.interface) - order.indexOf(b.interface));
  const interfaces = order.map((name) => {
    const link = report.interfaces.find((i) => i.name === name);
    const [w, tn] = !link || link.index == null ? [t('missing'), 'down'] : !link.up ? [t('ifDown'), 'down'] : !link.carrier ? [t('noCarrier'), 'down'] : [t('up'), 'up'];
    return { id: 'i:' + name, name, detail: link?.addresses?.[0] || '', word: w, tone: tn, share: next.filter((n) => n.interface === name).reduce((sum, n) => sum + (n.share || 0), 0) };
  });
  return { cluster, interfaces, next, group };
}
let pictureSeen = new Map(), pictureKey = '';
renderers.picture = () => {
  const host = $('picture');
  if (!known.report) { host.replaceChildren(make('p', { class: 'empty dim', text: t('nothing') })); return; }
  const report = known.report, shape = topology();
  const narrow = host.clientWidth < 560;
  const gateway = { id: 'g', name: report['host-name'] || 'everway', detail: report.namespace.name ? t('namespace', report.namespace.name) : t('ownNamespace'), tone: gatewayTone(report), word: gatewayWord(report), extra: report.namespace.detail };
  const key = JSON.stringify([shape.cluster, shape.interfaces, shape.next.map((n) => [n.id, n.detail, n.interface, n.share, n.isMember, n.tone, n.word]), gateway, shape.group?.name, narrow, host.clientWidth >> 4, language]);
  drawGroupChips(report, shape.group);
  if (key === pictureKey) return;
  pictureKey = key;
  const focused = document.activeElement?.closest?.('#picture a')?.getAttribute('data-id');
  host.replaceChildren(narrow ? tree(shape, gateway) : columns(shape, gateway, host.clientWidth));
  if (focused) host.querySelector(`a[data-id="${CSS.escape(focused)}"]`)?.focus();
};
/** A node of a cluster that is no gateway, and is not meant to be one. */
function isAtRest(report) { return report.configuration['at-rest'] != null && !known.sessions.size && !report.paths.length; }
function gatewayTone(report) { return isAtRest(report) ? 'off' : report.namespace.state !== 'healthy' ? 'down' : report.drain.state !== 'none' ? 'drain' : 'up'; }
function gatewayWord(report) { return isAtRest(report) ? t('resting') : report.namespace.state !== 'healthy' ? word(report.namespace.state) : report.drain.state !== 'none' ? word(report.drain.state) : word('healthy'); }

/** One box: name, what it is, its state in words and colour, the share as a bar. It is a link when there is more to show. */
function box(node, x, y, width) {
  const height = PICTURE.box;
  const changed = pictureSeen.has(node.id) && pictureSeen.get(node.id) !== node.tone;
  pictureSeen.set(node.id, node.tone);
  const share = node.share != null && node.isMember !== undefined;
  const right = share ? percent(node.share) : '';
  const label = `${node.name} ${node.path ? node.path.via : ''} ${node.detail} ${node.word} ${right ? t('share') + ' ' + right : ''} ${node.told ? t('told') : ''}`;
  const sub = node.told ? t('told') : node.detail;
  const parts = [
    draw('rect', { class: 'box' + (changed ? ' changed' : ''), x, y, width, height, rx: 4 }),
    draw('rect', { class: 'stripe', x, y: y + 1, width: 4, height: height - 2, rx: 2 }),
    draw('text', { class: 'name', x: x + 12, y: y + 16, text: clip(node.name, width - (right ? 58 : 80)) }),
    draw('text', { class: 'small', x: x + 12, y: y + 30, text: clip(sub, width - (share ? 74 : 20)) }),
    draw('text', { class: 'word', x: x + width - 8, y: y + (share ? 30 : 16), 'text-anchor': 'end', text: `${MARK[node.tone]} ${clip(node.word, share ? 80 : 90)}` })
  ];
  if (share) parts.push(
    draw('text', { class: 'name', x: x + width - 8, y: y + 16, 'text-anchor': 'end', text: right }),
    draw('rect', { class: 'track', x: x + 10, y: y + height - 4, width: width - 18, height: 2, rx: 1 }),
    draw('rect', { class: 'bar', x: x + 10, y: y + height - 4, width: Math.max(0, (width - 18) * node.share), height: 2, rx: 1 }));
  const group = draw('g', { 'data-state': node.tone, 'data-node': node.id }, draw('title', { text: label.trim() }), ...parts);
  const go = node.session != null ? () => openDetail(node.session) : node.path ? () => openPath(node.path) : node.filter != null ? () => { $('search').value = node.filter; filterChanged(); $('table').focus(); } : null;
  if (!go) { group.setAttribute('role', 'img'); group.setAttribute('aria-label', label.trim()); return group; }
  const link = draw('a', { href: '#', 'data-id': node.id, 'aria-label': label.trim() }, group);
  link.addEventListener('click', (event) => { event.preventDefault(); go(); });
  return link;
}
const measure = document.createElement('canvas').getContext('2d');
function clip(text, width) {
  measure.font = '600 12px system-ui, sans-serif';
  if (!text || measure.measureText(text).width <= width) return text || '';
  let cut = text.length;
  while (cut > 1 && measure.measureText(text.slice(0, cut) + '…').width > width) cut--;
  return text.slice(0, cut) + '…';
}
function edge(x1, y1, x2, y2, tone, share, isElbow) {
  const bad = tone !== 'up';
  const bend = (x2 - x1) * 0.5;
  const path = isElbow ? `M${x1} ${y1}V${y2}H${x2}` : `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
  return draw('path', { class: 'edge' + (bad ? ' bad' : ''), d: path, 'data-state': tone, 'stroke-width': bad ? null : (1.5 + 9 * (share || 0)).toFixed(1), opacity: bad ? 1 : 0.55 });
}
function columns(shape, gateway, available) {
  const width = Math.max(620, available), hasCluster = shape.cluster.length > 0;
  const count = hasCluster ? 4 : 3, gap = Math.max(26, width * 0.05);
  const hasPaths = shape.next.length > 0;
  const w = (width - gap * (count - 1) - 2) / count;
  const x = Array.from({ length: 4 }, (_, i) => 1 + (w + gap) * (hasCluster ? i : i - 1));
  const rows = Math.max(shape.cluster.length, shape.next.length, shape.interfaces.length, 1);
  // Few rows stand further apart: the panel beside it has its height, too.
  const row = Math.max(PICTURE.row, Math.min(84, 340 / rows)), top = 22, height = top + rows * row + 2;
  const middle = (index, length) => top + (rows * row) * (index + 0.5) / Math.max(1, length);
  const yNext = shape.next.map((_, i) => middle(i, shape.next.length));
  const yInterface = shape.interfaces.map((link) => { const mine = yNext.filter((_, i) => shape.next[i].interface === link.name); return mine.reduce((a, b) => a + b, 0) / mine.length; });
  const yCluster = shape.cluster.map((_, i) => middle(i, shape.cluster.length)), yGateway = middle(0, 1), half = PICTURE.box / 2;
  const svg = draw('svg', { viewBox: `0 0 ${width} ${height}`, role: 'group', 'aria-label': t('picture') });
  const caps = [[0, 'cluster', hasCluster], [1, 'gateway', true], [2, 'interfaces', hasPaths], [3, 'nexthops', hasPaths]];
  for (const [column, key, isThere] of caps) if (isThere) svg.append(draw('text', { class: 'cap', x: x[column], y: 12, text: t(key) }));
  shape.cluster.forEach((node, i) => svg.append(edge(x[0] + w, yCluster[i], x[1], yGateway, node.tone, 0.08)));
  shape.interfaces.forEach((node, i) => svg.append(edge(x[1] + w, yGateway, x[2], yInterface[i], node.tone, node.share)));
  shape.next.forEach((node, i) => svg.append(edge(x[2] + w, yInterface[shape.interfaces.findIndex((l) => l.name === node.interface)], x[3], yNext[i], node.isMember === false ? 'off' : node.tone, node.share)));
  shape.cluster.forEach((node, i) => svg.append(box(node, x[0], yCluster[i] - half, w)));
  svg.append(box(gateway, x[1], yGateway - half, w));
  shape.interfaces.forEach((node, i) => svg.append(box({ ...node, share: null }, x[2], yInterface[i] - half, w)));
  shape.next.forEach((node, i) => svg.append(box(node, x[3], yNext[i] - half, w)));
  if (!hasPaths) svg.append(draw('text', { class: 'small', x: x[2], y: yGateway + 4, text: t('noPaths') }));
  return svg;
}
/** The same from top to bottom, for narrow screens: an indented tree. */
function tree(shape, gateway) {
  const width = Math.max(300, $('picture').clientWidth), step = PICTURE.row, half = PICTURE.box / 2, indent = 20;
  const svg = draw('svg', { role: 'group', 'aria-label': t('picture') }), boxes = [];
  let y = 4;
  const place = (node, depth) => { boxes.push([node, 1 + depth * indent, y, width - 2 - depth * indent]); y += step; return y - step + half; };
  const cluster = shape.cluster.map((node) => [node, place(node, 1)]);
  const yGateway = place(gateway, 0);
  for (const [node, at] of cluster) svg.append(edge(1 + indent / 2, yGateway - half, 1 + indent, at, node.tone, 0, true));
  for (const link of shape.interfaces) {
    const at = place({ ...link, share: null }, 1);
    svg.append(edge(1 + indent / 2, yGateway + half, 1 + indent, at, link.tone, 0, true));
    for (const node of shape.next.filter((n) => n.interface === link.name)) svg.append(edge(1 + indent * 1.5, at + half, 1 + 2 * indent, place(node, 2), node.tone, 0, true));
  }
  for (const [node, x, top, w] of boxes) svg.append(box(node, x, top, w));
  svg.setAttribute('viewBox', `0 0 ${width} ${y}`);
  return svg;
}
function drawGroupChips(report, group) {
  const chips = $('groups');
  const kind = !group ? '' : group.type === 'resilient' ? t('resilient', group.buckets ?? '') : t('plain');
  put($('group-words'), group ? t('ofGroup', group.name, kind) + (group.state === 'normal' ? '' : ' · ' + word(group.state)) : '');
  if (report.groups.length < 2) { chips.replaceChildren(); return; }
  const key = report.groups.map((g) => g.name + g.state).join() + group?.name + language;
  if (chips.dataset.key === key) return;
  chips.dataset.key = key;
  chips.replaceChildren(...report.groups.slice(0, 24).map((g) => make('button', {
    type: 'button', 'aria-pressed': String(g === group), text: g.name + (g.state === 'normal' ? '' : ` · ${word(g.state)}`), click: () => { shownGroup = g.name; pictureKey = ''; touch('picture'); }
  })));
}
function stateWord(kind, text) { return make('span', { class: 'word', 'data-state': kind, 'data-mark': MARK[kind], text }); }
/** A path's own session says most; without one the path is told in the detail pane. */
function openPath(path) {
  let name = null;
  const visit = (check) => { if (check.kind === 'bfd' && check.target) name ??= check.target; (check.checks || []).forEach(visit); };
  path.health.forEach(visit);
  const watched = name && [...known.sessions.values()].find((w) => w.session.name === name);
  if (watched) openDetail(watched.id, path.name); else openDetail(null, path.name);
}
