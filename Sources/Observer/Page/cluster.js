// The cluster: all gateway nodes as their own observers tell, asked through this one while the tab is open.
const cluster = { nodes: [], at: 0, isSure: true, error: '', timer: null, key: '' };
const NODE_TONE = { good: 'up', trouble: 'down', 'uplinks-lost': 'down', draining: 'drain', drained: 'drain', resting: 'off' };
const isClusterShown = () => document.documentElement.dataset.view === 'cluster';
const nodeTone = (n) => !n.heard ? 'down' : NODE_TONE[n.node.state] || 'off';
const nodeWord = (n) => !n.heard ? t('silentNode') : word(n.node.state);
const nodeName = (n) => n.node?.name || n.address || '?';
const share = (n) => n.share == null ? (n.heard ? '–' : '?') : percent(n.share) + (n.share > 0 && !cluster.isSure ? '?' : '');

async function askCluster() {
  clearTimeout(cluster.timer);
  if (!isClusterShown()) return;
  if (!document.hidden) {
    try {
      const answer = await api('cluster');
      Object.assign(cluster, { nodes: answer.nodes, at: Date.parse(answer.at), isSure: answer['shares-are-sure'], error: '' });
    } catch (error) { cluster.error = error.problem ? error.message : t('failed'); }
    touch('cluster');
  }
  clearTimeout(cluster.timer);
  cluster.timer = setTimeout(askCluster, 2000);
}
function showView(name) {
  const view = name === 'cluster' && known.hello?.cluster ? 'cluster' : 'node';
  document.documentElement.dataset.view = view;
  for (const button of $('tabs').children) button.setAttribute('aria-selected', String(button.dataset.view === view));
  $('tabs').hidden = !known.hello?.cluster;
  $('cluster').hidden = view !== 'cluster';
  if (view === 'cluster') askCluster();
  else touch(...ALL);
}
renderers.cluster = () => {
  if (!isClusterShown()) return;
  const nodes = cluster.nodes, silent = nodes.filter((n) => !n.heard).length;
  put($('cluster-words'), cluster.error || (nodes.length ? [t('nNodes', number(nodes.length)), silent ? t('nSilent', number(silent)) : '', clock(cluster.at)].filter(Boolean).join(' · ') : t('connecting')));
  const key = JSON.stringify([nodes.map((n) => ({ ...n, 'heard-at': n.heard || n['heard-at'], node: n.node && { ...n.node, at: 0 } })), cluster.isSure, language]);
  if (key === cluster.key) return;
  cluster.key = key;
  $('shares').replaceChildren(...nodes.filter((n) => n.share > 0).map((n) => make('div', { class: 'share', 'data-state': nodeTone(n), 'data-node': nodeName(n), title: `${nodeName(n)} ${share(n)}` }, make('b', { text: nodeName(n) }), make('span', { text: share(n) }))));
  const heads = ['node', 'state', 'share', 'sessions', 'towards', 'paths', 'marginLeft', 'issues', 'lastEvent'];
  const of = (p) => p && p.all ? make('span', { class: p.good < p.all ? 'few' : '', text: `${number(p.good)}/${number(p.all)}` }) : '–';
  $('cluster-table').replaceChildren(
    make('thead', {}, make('tr', {}, ...heads.map((h) => make('th', { scope: 'col', text: t(`col-${h}`) })))),
    make('tbody', {}, ...nodes.map((n) => {
      const s = n.node, why = n.heard ? [s.down.length ? t('downNames', s.down.join(', ') + (s.sessions.all - s.sessions.good > s.down.length && s.down.length >= 20 ? ' …' : '')) : '', s.event ? `${clock(Date.parse(s['event-at']))} ${s.event}` : ''].filter(Boolean) : [n.error || t('silentNode'), n['heard-at'] ? t('lastHeard', moment(Date.parse(n['heard-at']))) : t('neverHeard')];
      return make('tr', { 'data-state': nodeTone(n), 'data-node': nodeName(n), class: n.heard ? '' : 'silent' },
        make('th', { scope: 'row' }, nodeName(n), n.self ? make('span', { class: 'dim', text: ' ' + t('thisOne') }) : null, make('div', { class: 'dim', text: [n.address, s?.version].filter(Boolean).join(' · ') })),
        make('td', {}, stateWord(nodeTone(n), nodeWord(n))), make('td', { class: 'num', text: share(n) }), make('td', { class: 'num' }, of(s?.sessions)), make('td', { class: 'num' }, of(s?.['towards-ovn'])), make('td', { class: 'num' }, of(s?.paths)),
        make('td', { class: 'num', text: s?.['worst-margin'] == null ? '–' : percent(s['worst-margin']) }), make('td', { class: 'num', text: s ? number(s.problems + s.findings) : '–' }), make('td', {}, ...why.map((line) => make('div', { text: line }))));
    })));
};
