// Words, numbers and small helpers. Everything below is one module: the files are joined in the order Page.swift names.
'use strict';
const WORDS = {
  en: {
    skip: 'Skip to the content', findings: 'Findings', picture: 'Topology', events: 'Events', sessions: 'Sessions',
    history: 'History', rest: 'Groups, routes, interfaces and the program', summary: 'Summary', groups: 'Group shown', filter: 'Show',
    range: 'Time range', close: 'Close', token: 'Token', cancel: 'Cancel', dark: 'Dark', light: 'Light',
    drain: 'Drain this node…', undrain: 'Undrain this node…', drainOne: 'Drain {0}…', undrainOne: 'Undrain {0}…',
    drainTitle: 'Drain {0}?', undrainTitle: 'Put {0} back in service?', thisNode: 'this node', drainDo: 'Drain', undrainDo: 'Undrain',
    drainText: 'Peers are told AdminDown and take their traffic elsewhere. Packets that still come are forwarded until then.',
    drainNode: 'All {0} sessions of this node are taken down. Traffic must have another gateway to go to.',
    drainLast: 'This is the last working member of group {0}.',
    undrainText: 'Sessions come up again, and paths return to their groups after their hold-down.',
    tokenNeeded: 'A change needs a token of the token file.', tokenRead: 'This address asks for a token.', tokenTitle: 'Token', tokenDo: 'Use it',
    readOnly: 'This observer only reads: start it with --token-file or --trust-loopback to allow changes.',
    connecting: 'connecting', live: 'live', lost: 'observer not reachable', gone: 'gateway not reachable', since: 'since {0}',
    stale: 'What you see is of {0}. {1}', up: 'Up', down: 'Down', init: 'Init', adminDown: 'AdminDown', pending: 'Pending',
    'held-down': 'Held down', drained: 'Drained', draining: 'Draining', 'admin-down': 'Admin down',
    healthy: 'healthy', broken: 'broken', absent: 'absent', normal: 'normal', 'last-path-kept': 'last path kept', withdrawn: 'withdrawn', blackholed: 'blackholed',
    tileSessions: 'sessions Up', tilePaths: 'paths Up', tileMargin: 'worst gap / detection time', tileRate: 'packets/s in · out', tileLate: 'worst timer lateness', tileFail: 'failovers', tileFlaps: 'times left Up',
    cluster: 'Cluster side', gateway: 'This gateway', interfaces: 'Interfaces', nexthops: 'Next hops', share: 'share', told: 'told: uplinks lost',
    namespace: 'namespace {0}', ownNamespace: 'own namespace', noPaths: 'No paths are configured: this gateway only speaks BFD.', nothing: 'Waiting for the gateway\u2019s first report.',
    moreOf: '{0} more', allUp: 'all Up', someDown: '{0} not Up', nSessions: '{0} sessions', missing: 'missing', noCarrier: 'no carrier', ifDown: 'down',
    path: 'Path', state: 'State', via: 'Via', group: 'Group', reason: 'Reason', forTime: 'For', weight: 'Weight',
    all: 'All', notUp: 'Not Up', tight: 'Tight', searchHint: 'Name, peer, interface', ofSessions: '{0} of {1}', noEvents: 'Nothing has happened since the observer began to watch.',
    name: 'Name', peer: 'Peer', interface: 'Interface', interval: 'Tx · Rx ms', detect: 'Detect', gaps: 'Gaps / detection', margin: 'Worst', flaps: 'Flaps',
    chart: 'Longest gap between packets in each second, of the last two minutes, against the detection time', chartNow: 'Worst gap {0}, {1} of the detection time {2}',
    gap: 'longest gap', detection: 'detection time', detectionTime: 'Detection time', chartDown: 'The session is not Up: nothing is expected.', ofGroup: 'Group {0}, {1}', resilient: 'resilient, {0} buckets', plain: 'plain', kindSession: 'session', kindPath: 'path', kindGroup: 'group', expected: 'agreed interval', timeline: 'Timeline', packets: 'Last packets before', session: 'Session', noGaps: 'No samples yet.',
    diag: 'Diagnostics, here · there', local: 'Local address', ports: 'UDP ports', discr: 'Discriminators, here · there', mult: 'Multipliers, here · there', mode: 'Detection mode', counts: 'Packets in · out', invalid: 'Discarded', flapsLong: 'Times left Up', lastSeen: 'Last packet', remote: 'State at the peer', auth: 'Authentication', rule: 'Made by rule', echo: 'Echo', silent: 'Silent on purpose', damp: 'Dampening, held', none: 'none', rtt: 'round trip {0}',
    historyHint: 'Wheel or + and − zoom, drag or ← → move, 0 shows all. Each lane is one session, path, group or other subject.', noJournal: 'No journal: what the observer remembers.', noHistory: 'Nothing happened in this time.', journal: 'From the journal, {0} events.', cut: 'Only the latest {0} events.', h1: '1 h', h6: '6 h', h24: '24 h', d7: '7 d', d30: '30 d', liveRange: 'Remembered',
    fix: 'What to do', retry: 'tries again by itself', doctor: '`everway doctor` explains it, `everway doctor --fix` mends it', explain: '`everway doctor` explains it', repair: 'Repair…', repairOne: 'Repair {0}…', repairTitle: 'Repair {0}?', repairDo: 'Repair', repairText: 'This is done on the node, and then it is looked at again:', 'result-repaired': 'repaired.', 'result-still-there': 'everything was done, and the symptom is still there.', 'result-failed': 'the repair failed.', 'result-nothing-to-do': 'there is nothing to repair any more.', repairing: 'being repaired', repaired: 'repaired', routes: 'Routes', route: 'Route', table: 'Table', program: 'Program', version: 'Version', started: 'Started', config: 'Configuration', loaded: 'Loaded', refused: 'the last reload was refused', scheduling: 'Scheduling', discards: 'Discarded packets', members: 'Members', lastFailover: 'Last failover', latency: 'Latency', addresses: 'Addresses', omitted: '{0} routes more', installed: 'installed', absentRoute: 'not installed', uplinks: 'Uplinks', lostUplinks: 'lost', goodUplinks: 'good', policy: 'Without a working member',
    views: 'View', viewNode: 'This node', viewCluster: 'Cluster', clusterTitle: 'Gateway nodes', sharesLabel: 'Shares of the cluster\u2019s traffic', clusterHint: 'OVN spreads its traffic evenly over the gateways whose sessions towards it are Up. A share with ? is not sure: a node that does not answer may carry one too.', nNodes: '{0} nodes', nSilent: '{0} not answering', silentNode: 'no answer', thisOne: '(this one)', lastHeard: 'last heard {0}', neverHeard: 'never heard', downNames: 'not Up: {0}', good: 'good', trouble: 'trouble', 'uplinks-lost': 'uplinks lost', resting: 'at rest',
    'col-node': 'Node', 'col-state': 'State', 'col-share': 'Share', 'col-sessions': 'Sessions', 'col-towards': 'Towards OVN', 'col-paths': 'Paths', 'col-marginLeft': 'Least margin', 'col-issues': 'Issues', 'col-lastEvent': 'What is wrong, last event',
    sayDown: '{0} went {1}', sayMany: '{0} changes, {1} sessions not Up', done: 'Done.', failed: 'The observer did not answer.', observer: 'observer', uptime: 'up {0}', ago: '{0} ago', cpu: 'CPU {0}', yesDrained: 'This node is drained.', yesDraining: 'This node is draining.', sentTo: 'sent', received: 'received', before: 'before', undecoded: 'not BFD'
  },
  zh: {
    skip: '跳到正文', findings: '发现的问题', picture: '拓扑', events: '事件', sessions: '会话', history: '历史', rest: '组、路由、接口与程序', summary: '概况', groups: '显示的组', filter: '筛选',
    range: '时间范围', close: '关闭', token: '令牌', cancel: '取消', dark: '深色', light: '浅色',
    drain: '排空本节点…', undrain: '恢复本节点…', drainOne: '排空 {0}…', undrainOne: '恢复 {0}…', drainTitle: '排空{0}?', undrainTitle: '让{0}恢复服务?', thisNode: '本节点', drainDo: '排空', undrainDo: '恢复服务',
    drainText: '先告知对端 AdminDown,由对端把流量移走;在此之前到达的报文照常转发。', drainNode: '本节点的全部 {0} 个会话都会断开,流量必须有其他网关可走。', drainLast: '它是组 {0} 中最后一个可用成员。',
    undrainText: '会话重新建立,路径在保持时间过后回到所属的组。', tokenNeeded: '更改操作需要令牌文件中的令牌。', tokenRead: '访问此地址需要令牌。', tokenTitle: '令牌', tokenDo: '使用', readOnly: '此观察进程只读:用 --token-file 或 --trust-loopback 启动后才允许更改。',
    connecting: '正在连接', live: '实时', lost: '无法连接观察进程', gone: '无法连接网关', since: '自 {0}', stale: '以下是 {0} 的状态。{1}', up: 'Up', down: 'Down', init: 'Init', adminDown: 'AdminDown', pending: '待定', 'held-down': '保持中', drained: '已排空', draining: '排空中', 'admin-down': '人为关闭',
    healthy: '正常', broken: '损坏', absent: '不存在', normal: '正常', 'last-path-kept': '保留最后路径', withdrawn: '已撤销', blackholed: '丢弃',
    tileSessions: '会话 Up', tilePaths: '路径 Up', tileMargin: '最大间隔 / 检测时间', tileRate: '每秒收 · 发报文', tileLate: '定时器最大延迟', tileFail: '切换次数', tileFlaps: '离开 Up 的次数',
    cluster: '集群侧', gateway: '本网关', interfaces: '接口', nexthops: '下一跳', share: '份额', told: '已告知:上行丢失', namespace: '命名空间 {0}', ownNamespace: '自身命名空间', noPaths: '没有配置路径:本网关只运行 BFD。', nothing: '正在等待网关的第一份报告。',
    moreOf: '另有 {0} 个', allUp: '全部 Up', someDown: '{0} 个不在 Up', nSessions: '{0} 个会话', missing: '缺失', noCarrier: '无载波', ifDown: '未启用', path: '路径', state: '状态', via: '经由', group: '组', reason: '原因', forTime: '持续', weight: '权重',
    all: '全部', notUp: '非 Up', tight: '余量小', searchHint: '名称、对端、接口', ofSessions: '{0} / {1}', noEvents: '开始观察以来没有发生任何事件。', name: '名称', peer: '对端', interface: '接口', interval: '发 · 收 ms', detect: '检测时间', gaps: '间隔 / 检测时间', margin: '最大', flaps: '抖动',
    chart: '最近两分钟内每秒的最大报文间隔,与检测时间对比', chartNow: '最大间隔 {0},为检测时间 {2} 的 {1}', gap: '最大间隔', detection: '检测时间', detectionTime: '检测时间', chartDown: '会话不在 Up,没有预期的报文。', ofGroup: '组 {0},{1}', resilient: 'resilient,{0} 个桶', plain: 'plain', kindSession: '会话', kindPath: '路径', kindGroup: '组', expected: '协商间隔', timeline: '时间线', packets: '此前最后的报文', session: '会话', noGaps: '尚无采样。',
    diag: '诊断码,本端 · 对端', local: '本端地址', ports: 'UDP 端口', discr: '鉴别符,本端 · 对端', mult: '检测倍数,本端 · 对端', mode: '检测模式', counts: '收 · 发报文', invalid: '丢弃', flapsLong: '离开 Up 的次数', lastSeen: '最近报文', remote: '对端状态', auth: '认证', rule: '由规则建立', echo: '回声', silent: '有意静默', damp: '抖动抑制次数', none: '无', rtt: '往返 {0}',
    historyHint: '滚轮或 + − 缩放,拖动或 ← → 移动,0 显示全部。每条泳道是一个会话、路径、组或其他对象。', noJournal: '没有日志库:只显示观察进程记得的事件。', noHistory: '这段时间没有事件。', journal: '来自日志库,{0} 个事件。', cut: '只含最近 {0} 个事件。', h1: '1 小时', h6: '6 小时', h24: '24 小时', d7: '7 天', d30: '30 天', liveRange: '记得的',
    fix: '处理办法', retry: '会自动重试', doctor: '`everway doctor` 说明原因,`everway doctor --fix` 可修复', explain: '`everway doctor` 说明原因', repair: '修复…', repairOne: '修复 {0}…', repairTitle: '修复 {0}?', repairDo: '修复', repairText: '将在节点上执行以下操作,然后重新检查:', 'result-repaired': '已修复。', 'result-still-there': '已执行全部步骤,但现象仍在。', 'result-failed': '修复失败。', 'result-nothing-to-do': '已没有可修复的内容。', repairing: '正在修复', repaired: '已修复', routes: '路由', route: '路由', table: '表', program: '程序', version: '版本', started: '启动于', config: '配置', loaded: '加载于', refused: '最近一次重新加载被拒绝', scheduling: '调度', discards: '丢弃的报文', members: '成员', lastFailover: '最近切换', latency: '耗时', addresses: '地址', omitted: '另有 {0} 条路由', installed: '已安装', absentRoute: '未安装', uplinks: '上行', lostUplinks: '丢失', goodUplinks: '正常', policy: '没有可用成员时',
    views: '视图', viewNode: '本节点', viewCluster: '集群', clusterTitle: '网关节点', sharesLabel: '集群流量的份额', clusterHint: 'OVN 把流量平均分给与它的会话处于 Up 的网关。带 ? 的份额不确定:没有应答的节点也可能承担一份。', nNodes: '{0} 个节点', nSilent: '{0} 个没有应答', silentNode: '没有应答', thisOne: '(本节点)', lastHeard: '最近一次应答 {0}', neverHeard: '从未应答', downNames: '不在 Up:{0}', good: '正常', trouble: '有问题', 'uplinks-lost': '上行丢失', resting: '未启用',
    'col-node': '节点', 'col-state': '状态', 'col-share': '份额', 'col-sessions': '会话', 'col-towards': '与 OVN', 'col-paths': '路径', 'col-marginLeft': '最小余量', 'col-issues': '问题', 'col-lastEvent': '异常与最近事件',
    sayDown: '{0} 变为 {1}', sayMany: '{0} 处变化,{1} 个会话不在 Up', done: '完成。', failed: '观察进程没有应答。', observer: '观察进程', uptime: '已运行 {0}', ago: '{0}前', cpu: 'CPU {0}', yesDrained: '本节点已排空。', yesDraining: '本节点正在排空。', sentTo: '发出', received: '收到', before: '之前', undecoded: '不是 BFD'
  }
};
const store = {
  get(key) { try { return localStorage.getItem('everway.' + key); } catch { return null; } },
  set(key, value) { try { localStorage.setItem('everway.' + key, value); } catch { /* private window */ } }
};
let language = store.get('language') || ((navigator.languages || [navigator.language]).some((l, i) => i === 0 && /^zh/i.test(l)) ? 'zh' : 'en');
const t = (key, ...values) => (WORDS[language][key] ?? WORDS.en[key] ?? key).replace(/\{(\d)\}/g, (_, n) => values[n]);
/** A word of the gateway's, as `held-down`, in the reader's language; itself when there is none. */
const word = (value) => value == null ? '' : t(value);
const $ = (id) => document.getElementById(id);

/** An element; properties that are functions listen, `text` is its text. */
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(properties)) {
    if (value == null || value === false) continue;
    if (key === 'text') element.textContent = value;
    else if (typeof value === 'function') element.addEventListener(key, value);
    else element.setAttribute(key, value === true ? '' : value);
  }
  element.append(...children.filter((c) => c != null));
  return element;
}
const SVG = 'http://www.w3.org/2000/svg';
function draw(tag, properties = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(properties)) {
    if (value == null) continue;
    if (key === 'text') element.textContent = value;
    else element.setAttribute(key, value);
  }
  element.append(...children.filter((c) => c != null));
  return element;
}
/** Puts the text in only when it differs: unchanged nodes cost no layout. */
function put(element, text) { if (element.textContent !== text) element.textContent = text; }
function state(element, value) { if (element.dataset.state !== value) element.dataset.state = value; }

// Colour by what it means: up, down, wait (not yet), drain (by an operator), off.
const TONE = {
  up: 'up', down: 'down', init: 'wait', adminDown: 'off', pending: 'wait', 'held-down': 'wait', drained: 'drain', draining: 'drain', 'admin-down': 'off',
  normal: 'up', 'last-path-kept': 'down', withdrawn: 'down', blackholed: 'down', healthy: 'up', broken: 'down', absent: 'down', lost: 'down', good: 'up'
};
const MARK = { up: '●', down: '✕', wait: '◐', drain: '‖', off: '○' };
const tone = (value) => TONE[value] || 'off';
const sessionTone = (s) => s.drained ? 'drain' : tone(s['session-running']['local-state']);

const number = (n) => n.toLocaleString(language === 'zh' ? 'zh-CN' : 'en');
function micro(us) {
  if (us == null) return '–';
  if (us < 1000) return us + ' µs';
  if (us < 1e6) return (us / 1000).toFixed(us < 1e4 ? 1 : 0) + ' ms';
  return (us / 1e6).toFixed(us < 1e7 ? 1 : 0) + ' s';
}
function span(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  const [d, h, m] = [Math.floor(s / 86400), Math.floor(s / 3600) % 24, Math.floor(s / 60) % 60];
  if (d) return `${d}d ${h}h`;
  if (h) return `${h}h ${m}m`;
  return m ? `${m}m ${s % 60}s` : `${s}s`;
}
const two = (n) => String(n).padStart(2, '0');
function clock(ms, fraction = false) {
  const d = new Date(ms);
  return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}` + (fraction ? '.' + String(d.getMilliseconds()).padStart(3, '0') : '');
}
function moment(ms) {
  const d = new Date(ms);
  const day = `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
  return day === today() ? clock(ms) : `${day} ${clock(ms)}`;
}
function today() { const d = new Date(); return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`; }
const percent = (x) => x == null ? '–' : (x * 100).toFixed(x < 0.0995 && x > 0 ? 1 : 0) + ' %';
/** Colours as the style sheet has them now, for canvases. */
let colours = {};
function readColours() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ['ink', 'soft', 'line', 'panel', 'ground', 'up', 'down', 'wait', 'drain', 'off', 'up-soft', 'down-soft', 'focus', 'off-soft']) colours[name] = style.getPropertyValue('--' + name).trim();
}
/** A canvas fit for its box and the screen's pixels; false while it has no size. */
function fit(canvas, width, height) {
  const scale = Math.min(window.devicePixelRatio || 1, 2);
  const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
  if (!w || !h) return null;
  if (canvas.width !== w || canvas.height !== h) { canvas.width = w; canvas.height = h; }
  const context = canvas.getContext('2d');
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}
