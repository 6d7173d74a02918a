// Drawing: sizes, colours, axes.
const FONT = '12px system-ui, "Segoe UI", Roboto, sans-serif';
const NAMES = [
  "paper",
  "panel",
  "ink",
  "soft",
  "grid",
  "line",
  "score",
  "truth",
  "alarm",
  "nobody",
];
// Okabe and Ito's orange and blue sides, from the lowest score to the threshold, and on from there.
const RAMPS = {
  light: {
    alarm: [
      [150, 45, 0],
      [230, 150, 0],
    ],
    normal: [
      [86, 180, 233],
      [0, 84, 140],
    ],
  },
  dark: {
    alarm: [
      [255, 92, 20],
      [255, 200, 70],
    ],
    normal: [
      [176, 222, 250],
      [50, 140, 215],
    ],
  },
};
const colours = {};

function readColours() {
  const style = getComputedStyle(document.documentElement);
  for (const name of NAMES) colours[name] = style.getPropertyValue(`--${name}`).trim();
}

function mixed([from, to], share) {
  return `rgb(${from.map((value, i) => Math.round(value + share * (to[i] - value))).join(" ")})`;
}

function scoreColour(score, threshold = state.threshold) {
  if (Number.isNaN(score)) return colours.nobody;
  const place = colourPlace(score, threshold);
  const ramps = RAMPS[state.theme];
  return place < 0 ? mixed(ramps.alarm, 1 + place) : mixed(ramps.normal, place);
}

/** Gives a canvas the pixels of its box and empties it; draws in CSS pixels from then on. */
function prepare(canvas) {
  const { clientWidth: width, clientHeight: height } = canvas;
  return prepareSize(canvas, width, height);
}

function prepareSize(canvas, width, height) {
  const scale = devicePixelRatio;
  const [across, down] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== across || canvas.height !== down)
    Object.assign(canvas, { width: across, height: down });
  const context = canvas.getContext("2d");
  context.reset();
  context.scale(scale, scale);
  context.font = FONT;
  return { context, width, height };
}

/** Round numbers from low to high, about `count` of them. */
function ticks(low, high, count) {
  const rough = (high - low) / Math.max(count, 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10]
    .map((factor) => factor * power)
    .find((candidate) => candidate >= rough);
  const found = [];
  for (let i = Math.ceil(low / step); i * step <= high; i++) found.push(i * step);
  return found;
}

/** Round scores from low to high, about `count` of them, evenly spread when they are bent. */
function scoreTicks(low, high, count) {
  const [from, to] = [bend(low), bend(high)];
  const gap = (to - from) / count;
  const found = new Map();
  for (let i = 0; i <= count; i++) {
    const value = from + i * gap;
    const room = (unbend(value + gap / 2) - unbend(value - gap / 2)) / 2;
    const power = 10 ** Math.floor(Math.log10(room));
    const step = power * (room >= 5 * power ? 5 : room >= 2 * power ? 2 : 1);
    const score = Math.round(unbend(value) / step) * step;
    const digits = clamp(-Math.floor(Math.log10(step) + 1e-9), 0, 6);
    const text = (score || 0).toFixed(digits).replace("-", "−"); // there is a minus zero
    if (score >= low && score <= high) found.set(text, score);
  }
  return found;
}

/**
 * A line through values over time. Where many fall on a pixel only the lowest and the highest of
 * them are drawn, so that a long clip costs no more than the screen is wide.
 */
function drawLine(context, count, place, height) {
  context.beginPath();
  let column = NaN;
  let low = 0;
  let high = 0;
  for (let i = 0; i < count; i++) {
    const x = place(i);
    const y = height(i);
    if (Math.floor(x) === column) {
      low = Math.min(low, y);
      high = Math.max(high, y);
      continue;
    }
    if (high > low) drawSpan(context, column, low, high);
    column = Math.floor(x);
    low = high = y;
    context.lineTo(x, y);
  }
  if (high > low) drawSpan(context, column, low, high);
  context.stroke();
}

function drawSpan(context, column, low, high) {
  context.lineTo(column + 0.5, low);
  context.lineTo(column + 0.5, high);
}

/** The line of a threshold; what is drawn next is filled in its colour. */
function drawThresholdLine(context, left, right, y) {
  context.strokeStyle = context.fillStyle = colours.alarm;
  context.lineWidth = 1.5;
  context.setLineDash([6, 4]);
  context.beginPath();
  context.moveTo(left, y);
  context.lineTo(right, y);
  context.stroke();
  context.setLineDash([]);
}

/** Calls `move` with the pointer's place in a canvas while it is down, after `down` took it. */
function onDrag(canvas, down, move) {
  let held = null;
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    held = down(place(event));
    canvas.setPointerCapture(event.pointerId);
    move(place(event), held);
  });
  canvas.addEventListener("pointermove", (event) => held !== null && move(place(event), held));
  for (const name of ["pointerup", "pointercancel"])
    canvas.addEventListener(name, () => (held = null));
}
