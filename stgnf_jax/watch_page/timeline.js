// The scores of the last minute; all cameras share one scale.
const MARGIN = { left: 46, right: 8, top: 8, bottom: 22 };
const STRIP = 5;
const GAP = 2; // seconds without a score that break the line
let middle = { center: 0, unit: 1, low: -1, high: 1, coloured: 1 };

/** The scale follows the scores that are shown. */
function findMiddle() {
  const cameras = [...state.cameras.values()];
  const scores = cameras.flatMap(({ points }) => points.map(({ score }) => score));
  const sorted = Float64Array.from(scores.filter(Number.isFinite)).sort();
  if (!sorted.length) return;
  const at = (share) => sorted[Math.floor(share * (sorted.length - 1))];
  const thresholds = cameras.map(({ threshold }) => threshold).filter((one) => one !== null);
  middle = {
    center: at(0.5),
    unit: at(0.75) - at(0.25) || 1,
    low: Math.min(at(0), ...thresholds),
    high: Math.max(at(1), ...thresholds),
    coloured: at(0.9),
  };
}

function colourEnds(threshold) {
  return [Math.min(middle.low, threshold), Math.max(middle.coloured, threshold)];
}

/** Without a threshold everybody is of the colours above it. */
function personColour({ threshold }, score) {
  if (threshold !== null || Number.isNaN(score)) return scoreColour(score, threshold);
  const [low, high] = [middle.low, middle.coloured];
  const share = score <= low ? 0 : Math.min(1, bentShare(score, low, high));
  return mixed(RAMPS[state.theme].normal, share);
}

function timelineScale(width, height) {
  const [from, to] = [bend(middle.low), bend(middle.high)];
  const margin = 0.08 * (to - from) || 0.5;
  const [low, high] = [unbend(from - margin), unbend(to + margin)];
  const [right, bottom] = [width - MARGIN.right, height - MARGIN.bottom];
  const now = serverTime();
  return {
    x: (time) => right - ((now - time) / state.seconds) * (right - MARGIN.left),
    y: bentScale(low, high, MARGIN.top, bottom),
    low,
    high,
    right,
    bottom,
    now,
  };
}

function drawTimeline(camera, canvas) {
  const { context, width, height } = prepare(canvas);
  const scale = timelineScale(width, height);
  drawAxes(context, camera, scale);
  context.save();
  context.beginPath();
  context.rect(MARGIN.left, 0, scale.right - MARGIN.left, height);
  context.clip();
  drawScores(context, camera, scale);
  drawAlarms(context, camera, scale);
  context.restore();
  if (camera.threshold !== null) drawThreshold(context, camera, scale);
}

function drawAxes(context, { threshold }, scale) {
  const across = scale.right - MARGIN.left;
  context.fillStyle = colours.panel;
  context.fillRect(MARGIN.left, MARGIN.top, across, scale.bottom - MARGIN.top);
  context.textAlign = "right";
  const covered = (y) => threshold !== null && Math.abs(y - scale.y(threshold)) < 13;
  const count = (scale.bottom - MARGIN.top) / 26;
  for (const [text, score] of scoreTicks(scale.low, scale.high, count)) {
    const y = Math.round(scale.y(score));
    context.fillStyle = colours.grid;
    context.fillRect(MARGIN.left, y, across, 1);
    context.fillStyle = colours.soft;
    if (!covered(y)) context.fillText(text, MARGIN.left - 6, y + 4);
  }
  context.fillStyle = colours.soft;
  context.fillText("now", scale.right, scale.bottom + STRIP + 14);
  context.textAlign = "center";
  const every = across > 300 ? 10 : 20;
  for (let ago = every; ago < state.seconds; ago += every) {
    const x = scale.x(scale.now - ago);
    context.fillRect(x, scale.bottom + STRIP, 1, 3);
    context.fillText(`−${ago} s`, x, scale.bottom + STRIP + 14);
  }
}

function drawScores(context, { points }, scale) {
  context.strokeStyle = colours.score;
  context.lineWidth = 1.6;
  context.lineJoin = "round";
  let begin = 0;
  for (let i = 0; i <= points.length; i++) {
    const goes = i < points.length && !Number.isNaN(points[i].score);
    if (goes && (i === begin || points[i].time - points[i - 1].time < GAP)) continue;
    if (i > begin) drawStretch(context, points.slice(begin, i), scale);
    begin = goes ? i : i + 1;
  }
}

function drawStretch(context, points, scale) {
  drawLine(
    context,
    points.length,
    (i) => scale.x(points[i].time),
    (i) => scale.y(points[i].score),
  );
}

function drawAlarms(context, camera, scale) {
  context.fillStyle = colours.alarm;
  for (const alarm of state.alarms) {
    if (alarm.camera !== camera.name) continue;
    const end = scale.x(alarm.running ? scale.now : alarm.ended);
    const start = scale.x(alarm.began);
    context.fillRect(start, scale.bottom + 1, Math.max(2, end - start), STRIP);
  }
}

function drawThreshold(context, { threshold }, scale) {
  const y = scale.y(threshold);
  drawThresholdLine(context, MARGIN.left, scale.right, y);
  context.textAlign = "right";
  context.fillText(scoreText(threshold, 2), MARGIN.left - 6, y + 4);
}
