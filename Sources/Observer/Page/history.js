// History: a lane for each subject, zoomed and moved; from the journal, or from what was heard.
const past = { events: [], isJournal: false, isLive: true, range: null, from: 0, to: 0, limit: 10000, wanted: 0, lanes: [] };
const RANGES = { h1: 3600e3, h6: 6 * 3600e3, h24: 86400e3, d7: 7 * 86400e3, d30: 30 * 86400e3 };
function historyTakes(event) {
  if (past.isJournal) { past.events.push(event); }
  touch('history');
}
function historyChips() {
  const names = known.hello?.journal ? [...Object.keys(RANGES)] : ['liveRange', 'h1', 'h6', 'h24'];
  $('ranges').replaceChildren(...names.map((name) => make('button', { type: 'button', 'aria-pressed': String(past.range === name), text: t(name), click: () => showRange(name) })));
}
async function showRange(name) {
  past.range = name; past.isLive = true;
  historyChips();
  const now = known.at || Date.now(), length = RANGES[name];
  if (!known.hello?.journal || !length) { past.isJournal = false; past.from = past.to = 0; return touch('history'); }
  const wanted = ++past.wanted;
  try {
    const answer = await api(`history?since=${new Date(now - length).toISOString()}&limit=${past.limit}`);
    if (wanted !== past.wanted) return;
    past.events = answer.events.map((e) => Object.assign(e, { ms: Date.parse(e.at) }));
    past.isJournal = true;
  } catch { past.isJournal = false; }
  past.from = past.to = 0;
  touch('history');
}
/** The whole of what can be shown. */
function bounds(events) {
  const now = known.at || Date.now(), length = RANGES[past.range];
  return [length ? now - length : Math.min(events[0]?.ms ?? now, now - 300e3) - 5e3, now];
}
const LANE = 18, LANES = 14;
let lanesKey = '';
renderers.history = () => {
  if (known.hello && !$('ranges').childElementCount) { if (known.hello.journal) { past.range = 'h24'; showRange('h24'); } else { past.range = 'liveRange'; historyChips(); } }
  const events = past.isJournal ? past.events : known.events;
  const [first, last] = bounds(events);
  if (past.isLive) { const width = past.to - past.from; past.to = last; past.from = width && !past.isWhole ? last - width : first; past.isWhole ??= true; if (past.isWhole) past.from = first; }
  put($('history-note'), past.isJournal ? t('journal', number(events.length)) + (events.length >= past.limit ? ' ' + t('cut', number(past.limit)) : '') : t('noJournal'));
  const subjects = new Map();
  for (const event of events) {
    const key = event.session ?? `${event.kind}/${event.name || ''}`;
    let lane = subjects.get(key);
    if (!lane) subjects.set(key, lane = { name: event.name || word(event.kind), kind: event.kind, events: [], bad: 0 });
    lane.events.push(event);
    if (event.ms >= past.from && event.ms <= past.to) lane.bad += tone(event.to) === 'down' ? 3 : 1;
  }
  // Those to which most happened come first.
  past.lanes = [...subjects.values()].filter((l) => l.bad).sort((a, b) => b.bad - a.bad || collator.compare(a.name, b.name)).slice(0, LANES);
  drawLanes();
  const inside = events.filter((e) => e.ms >= past.from && e.ms <= past.to), listed = inside.slice(-200).reverse();
  const key = `${listed[0]?.ms}/${listed[0]?.sequence}/${listed.length}/${listed[listed.length - 1]?.ms}${language}`;
  if (key !== lanesKey) { lanesKey = key; $('history-list').replaceChildren(...(listed.length ? listed.map((e) => eventItem(e, false)) : [make('li', { class: 'dim', text: t('noHistory') })])); }
};
function drawLanes() {
  const canvas = $('lanes'), width = canvas.parentElement.clientWidth, height = Math.max(1, past.lanes.length) * LANE + 22;
  canvas.style.height = height + 'px';
  const context = fit(canvas, width, height);
  if (!context) return;
  const left = Math.min(150, width * 0.3), w = width - left, x = (ms) => left + (ms - past.from) / (past.to - past.from || 1) * w;
  context.font = '11px system-ui, sans-serif'; context.textBaseline = 'middle';
  // A grid of round times.
  const steps = [1, 5, 15, 30, 60, 300, 900, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 86400, 2 * 86400, 7 * 86400].map((s) => s * 1000);
  const step = steps.find((s) => (past.to - past.from) / s < w / 80) || 30 * 86400e3;
  const shift = new Date(past.to).getTimezoneOffset() * 60e3;
  for (let at = Math.ceil((past.from - shift) / step) * step + shift; at < past.to; at += step) {
    context.fillStyle = colours.line; context.fillRect(x(at), 0, 1, height - 18);
    context.fillStyle = colours.soft; context.textAlign = 'center';
    const d = new Date(at);
    const label = step >= 86400e3 ? `${d.getMonth() + 1}-${two(d.getDate())}` : step < 60e3 ? clock(at) : `${two(d.getHours())}:${two(d.getMinutes())}`;
    if (x(at) > left + 16 && x(at) < width - 18) context.fillText(label, x(at), height - 8);
  }
  past.lanes.forEach((lane, i) => {
    const y = i * LANE;
    context.fillStyle = colours.ink; context.textAlign = 'left';
    const kind = { session: t('kindSession'), path: t('kindPath'), group: t('kindGroup') }[lane.kind] || '', name = clip(lane.name, left - 16 - (width > 600 ? 46 : 0));
    context.fillText(name, 0, y + LANE / 2);
    if (width > 600 && kind !== lane.name) { context.fillStyle = colours.soft; context.textAlign = 'right'; context.fillText(kind, left - 8, y + LANE / 2); }
    context.save(); context.beginPath(); context.rect(left, 0, w, height); context.clip();
    if (lane.events.some((e) => e.to && TONE[e.to])) {
      let at = past.from, kind = lane.events[0].from ? tone(lane.events[0].from) : 'off';
      const bar = (from, to, kind) => { if (to <= past.from) return; context.fillStyle = colours[kind]; context.globalAlpha = kind === 'up' ? 0.35 : 0.9; context.fillRect(x(from), y + 4, Math.max(2, x(to) - x(from)), LANE - 8); };
      for (const event of lane.events) { bar(at, event.ms, kind); at = Math.max(event.ms, past.from); kind = tone(event.to); }
      bar(at, past.to, kind);
      context.globalAlpha = 1;
    }
    for (const event of lane.events) {
      if (event.ms < past.from || event.ms > past.to) continue;
      context.fillStyle = event.level === 'warning' ? colours.down : colours.soft;
      context.fillRect(x(event.ms) - 0.75, y + 2, 1.5, LANE - 4);
    }
    context.restore();
  });
  if (!past.lanes.length) { context.fillStyle = colours.soft; context.textAlign = 'left'; context.fillText(t('noHistory'), left, LANE / 2); }
  canvas.setAttribute('aria-label', `${t('history')}: ${moment(past.from)} – ${moment(past.to)}. ${past.lanes.map((l) => l.name).join(', ')}`);
}
function zoom(factor, centre) {
  const [first, last] = bounds(past.isJournal ? past.events : known.events);
  const length = Math.min(last - first, Math.max(2000, (past.to - past.from) * factor));
  past.isWhole = length >= last - first - 1;
  past.from = Math.max(first, centre - (centre - past.from) / (past.to - past.from) * length);
  past.to = Math.min(last, past.from + length);
  past.isLive = past.to >= last - 1;
  touch('history');
}
function move(by) {
  const [first, last] = bounds(past.isJournal ? past.events : known.events), length = past.to - past.from;
  past.to = Math.min(last, Math.max(first + length, past.to + by));
  past.from = past.to - length;
  past.isLive = past.to >= last - 1; past.isWhole = length >= last - first - 1;
  touch('history');
}
function historyControls() {
  const canvas = $('lanes'), pointers = new Map();
  const time = (x) => { const box = canvas.getBoundingClientRect(), left = Math.min(150, box.width * 0.3); return past.from + (x - box.left - left) / (box.width - left) * (past.to - past.from); };
  const scale = () => { const width = canvas.getBoundingClientRect().width; return (past.to - past.from) / (width - Math.min(150, width * 0.3)); };
  canvas.addEventListener('wheel', (event) => { if (event.ctrlKey || event.deltaY) { event.preventDefault(); zoom(event.deltaY < 0 ? 0.8 : 1.25, Math.max(past.from, time(event.clientX))); } }, { passive: false });
  canvas.addEventListener('pointerdown', (event) => { canvas.setPointerCapture(event.pointerId); pointers.set(event.pointerId, event.clientX); });
  canvas.addEventListener('pointermove', (event) => {
    const old = pointers.get(event.pointerId);
    if (old === undefined) return;
    if (pointers.size === 2) {
      const other = [...pointers].find(([id]) => id !== event.pointerId)[1];
      const [before, after] = [Math.abs(old - other), Math.abs(event.clientX - other)];
      if (after > 8) zoom(before / after, time((event.clientX + other) / 2));
    } else move((old - event.clientX) * scale());
    pointers.set(event.pointerId, event.clientX);
  });
  for (const end of ['pointerup', 'pointercancel']) canvas.addEventListener(end, (event) => pointers.delete(event.pointerId));
  canvas.addEventListener('keydown', (event) => {
    const length = past.to - past.from, middle = past.from + length / 2;
    const act = { '+': () => zoom(0.6, middle), '=': () => zoom(0.6, middle), '-': () => zoom(1.7, middle), ArrowLeft: () => move(-length / 5), ArrowRight: () => move(length / 5), 0: () => { past.isWhole = past.isLive = true; touch('history'); } }[event.key];
    if (act) { event.preventDefault(); act(); }
  });
}
