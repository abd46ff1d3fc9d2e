// Gap charts: how close each session's packets came to its detection time.
function gapColour(ratio) { return ratio >= 0.9 ? colours.down : ratio >= 0.67 ? colours.wait : colours.up; }

/** A spark line: a bar a second, full height is the detection time. */
function spark(canvas, watched, width, height) {
  const context = fit(canvas, width, height);
  if (!context) return;
  context.fillStyle = colours.line;
  context.fillRect(0, height - 1, width, 1);
  const detection = watched.detection;
  if (!watched.ring || !detection) return;
  const seconds = Math.min(60, watched.count), step = width / 60;
  for (let i = 0; i < seconds; i++) {
    const gap = watched.at(i);
    if (!gap) continue;
    const ratio = Math.min(1, gap / detection);
    context.fillStyle = gapColour(ratio);
    context.fillRect(width - (i + 1) * step, height - 1 - Math.max(1, ratio * (height - 3)), Math.max(1, step - 0.7), Math.max(1, ratio * (height - 3)));
  }
  context.fillStyle = colours.soft;
  for (let x = 0; x < width; x += 4) context.fillRect(x, 1, 2, 1);
}
/** The large one: two minutes, a scale, the detection time and the agreed interval as lines. */
function gapChart(canvas, watched) {
  const width = canvas.clientWidth, height = 170, context = fit(canvas, width, height);
  if (!context) return;
  const [left, right, top, bottom] = [46, 8, 10, 20], w = width - left - right, h = height - top - bottom;
  const detection = watched.detection, expected = watched.session['session-running']['negotiated-rx-interval'] || 0;
  let worst = 0;
  for (let i = 0; i < watched.count; i++) worst = Math.max(worst, watched.at(i));
  const full = Math.max(detection * 1.12, worst * 1.05, 1000), y = (us) => top + h - (us / full) * h;
  context.font = '11px system-ui, sans-serif';
  context.textBaseline = 'middle';
  context.textAlign = 'right';
  for (let i = 0; i <= 4; i++) {
    const us = full * i / 4;
    context.fillStyle = colours.line;
    context.fillRect(left, Math.round(y(us)), w, 1);
    context.fillStyle = colours.soft;
    context.fillText(micro(Math.round(us)), left - 5, y(us));
  }
  context.textAlign = 'center';
  for (const seconds of [0, 30, 60, 90, 120]) context.fillText(seconds ? `−${seconds} s` : '0', Math.min(left + w - 4, Math.max(left + 14, left + w - seconds / DEPTH * w)), height - 8);
  const step = w / DEPTH;
  for (let i = 0; i < watched.count; i++) {
    const gap = watched.at(i);
    if (!gap) { context.fillStyle = colours['off-soft']; context.fillRect(left + w - (i + 1) * step, top, step, h); continue; }
    context.fillStyle = detection ? gapColour(gap / detection) : colours.up;
    context.fillRect(left + w - (i + 1) * step, y(gap), Math.max(1, step - 0.8), top + h - y(gap));
  }
  const line = (us, colour, dash) => {
    if (!us) return;
    context.strokeStyle = colour; context.lineWidth = 1.5; context.setLineDash(dash);
    context.beginPath(); context.moveTo(left, y(us)); context.lineTo(left + w, y(us)); context.stroke(); context.setLineDash([]);
  };
  line(detection, colours.down, []);
  line(expected, colours.drain, [4, 3]);
}
/** States over time in one lane, and marks for single events. */
function ribbon(canvas, events, from, to, nowTone) {
  const width = canvas.clientWidth, height = 12, context = fit(canvas, width, height);
  if (!context) return;
  const x = (ms) => (ms - from) / (to - from) * width;
  let at = from, kind = events.length ? tone(events[0].from) : nowTone;
  for (const event of events) {
    context.fillStyle = colours[kind]; context.fillRect(x(at), 0, Math.max(1, x(event.ms) - x(at)), height);
    at = event.ms; kind = tone(event.to);
  }
  context.fillStyle = colours[events.length ? kind : nowTone];
  context.fillRect(x(at), 0, width - x(at), height);
}

const DIAGNOSTICS = ['none', 'control-expiry', 'echo-failed', 'neighbor-down', 'forwarding-reset', 'path-down', 'concatenated-path-down', 'admin-down', 'reverse-concatenated-path-down', 'mis-connectivity-defect'];
const STATES = ['AdminDown', 'Down', 'Init', 'Up'];
/** A control packet in words (RFC 5880 section 4.1). */
function decodePacket(hex) {
  const octets = (hex.match(/../g) || []).map((pair) => parseInt(pair, 16));
  if (octets.length < 24 || octets[0] >> 5 !== 1) return t('undecoded');
  const long = (at) => ((octets[at] << 24 | octets[at + 1] << 16 | octets[at + 2] << 8 | octets[at + 3]) >>> 0);
  const flags = 'PFCADM'.split('').filter((_, i) => octets[1] & (0x20 >> i)).join('');
  const id = (n) => n.toString(16).padStart(8, '0');
  return `${STATES[octets[1] >> 6].padEnd(9)} ${(DIAGNOSTICS[octets[0] & 31] || 'reserved').padEnd(14)} ${(flags || '-').padEnd(3)} ×${octets[2]} ${id(long(4))}→${id(long(8))} tx ${micro(long(12))} rx ${micro(long(16))}`;
}
