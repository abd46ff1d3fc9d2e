// What is known of the gateway, and the stream that tells it.
const DEPTH = 120;
const known = {
  hello: null, report: null, connection: null, connected: false, at: 0, lastMessage: 0,
  sessions: new Map(), events: [], rate: [0, 0], lateness: 0, totals: null
};
/** One session: what the gateway says of it, and its gaps of the last two minutes, a ring of microseconds. */
class Watched {
  constructor(session) { this.session = session; this.ring = null; this.next = 0; this.count = 0; this.worst = 0; this.received = 0; this.sent = 0; this.age = null; this.isFilled = false; }
  get id() { return this.session['local-discriminator']; }
  get detection() { return this.session['session-running']['detection-time'] || 0; }
  get state() { return this.session['session-running']['local-state']; }
  push(gap) {
    if (!this.ring) this.ring = new Uint32Array(DEPTH);
    this.ring[this.next] = gap;
    this.next = (this.next + 1) % DEPTH;
    if (this.count < DEPTH) this.count++;
    // The worst of the last minute: found again only when the worst one leaves it.
    const leaving = this.count > 60 ? this.ring[(this.next + DEPTH - 61) % DEPTH] : 0;
    if (gap >= this.worst) this.worst = gap;
    else if (leaving >= this.worst) this.measure();
  }
  measure() { let worst = 0; for (let i = 0; i < Math.min(60, this.count); i++) worst = Math.max(worst, this.at(i)); this.worst = worst; }
  /** Gap of i seconds ago. */
  at(i) { return this.ring[(this.next + DEPTH - 1 - i) % DEPTH]; }
  fill(gaps) { this.ring = null; this.next = this.count = this.worst = 0; for (const gap of gaps.slice(-DEPTH)) this.push(gap); this.isFilled = true; }
  /** Of the detection time: 0 to 1 and more; null when nothing is expected. */
  get margin() { return this.detection && this.count && this.state === 'up' ? this.worst / this.detection : null; }
}
const dirty = new Set();
let frameAsked = false;
const renderers = {};
/** Asks for a part of the page to be drawn in the next frame. */
function touch(...parts) {
  for (const part of parts) dirty.add(part);
  if (!frameAsked) { frameAsked = true; requestAnimationFrame(render); }
}
function render() {
  frameAsked = false;
  const parts = [...dirty]; dirty.clear();
  for (const part of parts) renderers[part]?.();
}
const ALL = ['head', 'tiles', 'findings', 'picture', 'events', 'sessions', 'detail', 'history', 'rest'];

function takeSessions(list, isWhole) {
  const seen = isWhole ? new Set() : null;
  for (const session of list) {
    const id = session['local-discriminator'];
    const old = known.sessions.get(id);
    if (old) old.session = session; else known.sessions.set(id, new Watched(session));
    seen?.add(id);
  }
  if (seen) for (const id of known.sessions.keys()) if (!seen.has(id)) known.sessions.delete(id);
}
const take = {
  hello(data) { known.hello = data; touch('head', 'history'); showView(location.hash.slice(1)); },
  connection(data) { known.connection = data; touch('head'); },
  status(report) {
    if (known.report && known.report['started-at'] !== report['started-at']) { known.events = []; known.sessions.clear(); known.totals = null; }
    takeSessions(report.sessions, true);
    report.sessions = null; // they are in the map
    known.report = report;
    known.at = Date.parse(report['generated-at']);
    if (begunAt === Infinity) begunAt = known.at;
    sessionsChanged();
    touch(...ALL);
  },
  gaps(data) {
    for (const [id, gaps] of Object.entries(data)) known.sessions.get(Number(id))?.fill(gaps);
    touch('sessions', 'detail', 'tiles');
  },
  change(change) {
    if (!known.report) return;
    const { at, sessions, 'removed-sessions': removed, ...parts } = change;
    known.at = Date.parse(at);
    Object.assign(known.report, parts);
    if (sessions?.length || removed?.length) {
      takeSessions(sessions || [], false);
      for (const id of removed || []) known.sessions.delete(id);
      sessionsChanged();
    }
    touch('head', 'tiles', 'picture', 'findings', 'sessions', 'detail', 'rest');
  },
  event(event) {
    if (known.events.length && event.sequence <= known.events[known.events.length - 1].sequence) return;
    event.ms = Date.parse(event.at);
    known.events.push(event);
    if (known.events.length > 2000) known.events.splice(0, known.events.length - 1600);
    announce(event);
    historyTakes(event);
    touch('events', 'findings', 'detail');
  },
  samples(samples) {
    const numbers = samples.sessions;
    for (let i = 0; i < numbers.length; i += 6) {
      const watched = known.sessions.get(numbers[i]);
      if (!watched) continue;
      watched.received = numbers[i + 1]; watched.sent = numbers[i + 2]; watched.age = numbers[i + 5] < 0 ? null : numbers[i + 5];
      watched.push(numbers[i + 3]);
    }
    const at = Date.parse(samples.at), speaker = samples.speaker, old = known.totals;
    if (old && at > old.at) known.rate = [(speaker.received - old.received) * 1000 / (at - old.at), (speaker.sent - old.sent) * 1000 / (at - old.at)];
    known.totals = { at, received: speaker.received, sent: speaker.sent, discards: speaker.discards };
    known.lateness = speaker['worst-lateness'];
    known.at = at;
    touch('head', 'tiles', 'sparks', 'detail');
  }
};

let token = (() => { try { return sessionStorage.getItem('everway.token'); } catch { return null; } })();
function useToken(value) { token = value || null; try { if (token) sessionStorage.setItem('everway.token', token); else sessionStorage.removeItem('everway.token'); } catch { /* for this page only */ } }
const authorization = () => token ? { Authorization: 'Bearer ' + token } : {};
async function api(path, options = {}) {
  const response = await fetch('/api/v1/' + path, { ...options, headers: { Accept: 'application/json', ...authorization(), ...(options.headers || {}) }, cache: 'no-store', credentials: 'same-origin' });
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw Object.assign(new Error(body.detail || response.statusText), { status: response.status, problem: body });
  return body;
}

let lastID = null, retry = 0, following = null;
/** Follows the stream for ever. Not EventSource: that could not send a token. */
async function follow() {
  for (;;) {
    const abort = following = new AbortController();
    // The observer sends something every ten seconds.
    const watchdog = setInterval(() => { if (performance.now() - known.lastMessage > 25000) abort.abort(); }, 5000);
    try {
      known.lastMessage = performance.now();
      const response = await fetch('/api/v1/stream', { headers: { Accept: 'text/event-stream', ...authorization(), ...(lastID ? { 'Last-Event-ID': lastID } : {}) }, signal: abort.signal, cache: 'no-store', credentials: 'same-origin' });
      if (response.status === 401) { setLink(false); await askToken(t('tokenRead')); continue; }
      if (!response.ok) throw new Error(String(response.status));
      retry = 0;
      setLink(true);
      await read(response.body.getReader());
    } catch { /* tried again below */ } finally { clearInterval(watchdog); }
    setLink(false);
    retry = Math.min(retry + 1, 6);
    await new Promise((done) => setTimeout(done, 150 * 2 ** retry * (0.7 + 0.6 * Math.random())));
  }
}
function setLink(isUp) { if (known.connected !== isUp) { known.connected = isUp; touch('head'); } }
async function read(reader) {
  const decoder = new TextDecoder();
  let pieces = [], isOpen = false; // a report of thousands of sessions comes in many pieces: they are joined once
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    known.lastMessage = performance.now();
    let text = decoder.decode(value, { stream: true });
    for (;;) {
      // The blank line may be cut in two.
      const end = isOpen && text.startsWith('\n') ? 1 : text.indexOf('\n\n') + 2;
      if (end < (isOpen && text.startsWith('\n') ? 1 : 2)) break;
      pieces.push(text.slice(0, end));
      message(pieces.join(''));
      pieces = []; isOpen = false;
      text = text.slice(end);
    }
    if (text) { pieces.push(text); isOpen = text.endsWith('\n'); }
  }
}
function message(text) {
  let name = 'message', id = null, data = '';
  for (let start = 0; start < text.length;) {
    let end = text.indexOf('\n', start); if (end < 0) end = text.length;
    if (text.startsWith('data: ', start)) data += text.slice(start + 6, end);
    else if (text.startsWith('event: ', start)) name = text.slice(start + 7, end);
    else if (text.startsWith('id: ', start)) id = text.slice(start + 4, end);
    start = end + 1;
  }
  if (id) lastID = id;
  if (data && take[name]) {
    try { take[name](JSON.parse(data)); } catch (error) { console.error(name, error); }
  }
}
