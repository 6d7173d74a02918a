// The whole clip in a strip, and the part of it that the timeline shows.
const GRIP = 7;
const minimapLayer = document.createElement("canvas"); // all but the window and the cursor

function drawMinimapLayer() {
  const { clientWidth, clientHeight } = byId("minimap");
  const { context, width, height } = prepareSize(minimapLayer, clientWidth, clientHeight);
  const clip = currentClip();
  const [low, high] = rangeOfScores(clip);
  const { x } = minimapScale(width);
  context.fillStyle = colours.panel;
  context.fillRect(MARGIN.left, 0, x(clip.frames) - MARGIN.left, height);
  context.fillStyle = colours.truth;
  for (const { start, end } of clip.anomalies)
    context.fillRect(x(start), 0, Math.max(1, x(end) - x(start)), height);
  context.strokeStyle = colours.score;
  context.lineWidth = 1;
  const y = bentScale(low, high, 3, height - 7);
  drawLine(
    context,
    clip.frames,
    (i) => x(i + 0.5),
    (i) => y(clip.scores[i]),
  );
  context.fillStyle = colours.alarm;
  for (const { start, end } of alarmsOf(clip, state.threshold)) {
    context.fillRect(x(start), height - 4, Math.max(1, x(end) - x(start)), 4);
  }
}

function drawMinimap() {
  const { context, width, height } = prepare(byId("minimap"));
  context.drawImage(minimapLayer, 0, 0, width, height);
  const { x } = minimapScale(width);
  drawWindow(context, x, height);
  context.fillStyle = colours.ink;
  context.fillRect(x(state.frame + 0.5) - 0.75, 0, 1.5, height);
}

/** Dims what the timeline does not show, and gives the window its grips. */
function drawWindow(context, x, height) {
  const [left, right] = state.range.map(x);
  const end = x(currentClip().frames);
  context.globalAlpha = 0.6;
  context.fillStyle = colours.paper;
  context.fillRect(MARGIN.left, 0, left - MARGIN.left, height);
  context.fillRect(right, 0, end - right, height);
  context.globalAlpha = 1;
  context.strokeStyle = context.fillStyle = colours.soft;
  context.strokeRect(left + 0.5, 0.5, Math.max(1, right - left - 1), height - 1);
  for (const edge of [left - 2, right - 2]) {
    context.beginPath();
    context.roundRect(edge, height / 2 - 8, 4, 16, 2);
    context.fill();
  }
}

function minimapScale(width) {
  const { frames } = currentClip();
  const across = width - MARGIN.left - MARGIN.right;
  return {
    x: (frame) => MARGIN.left + (frame / frames) * across,
    frame: (x) => ((x - MARGIN.left) / across) * frames,
  };
}

function setUpMinimap() {
  const canvas = byId("minimap");
  const frameAt = (x) => minimapScale(canvas.clientWidth).frame(x);
  const grasp = ({ x }) => {
    const [left, right] = state.range.map(minimapScale(canvas.clientWidth).x);
    if (Math.abs(x - left) < GRIP) return { edge: 0 };
    if (Math.abs(x - right) < GRIP) return { edge: 1 };
    const [start, end] = state.range;
    const inside = x > left && x < right;
    return { offset: inside ? frameAt(x) - start : (end - start) / 2, length: end - start };
  };
  onDrag(canvas, grasp, ({ x }, { edge, offset, length }) => {
    if (edge === undefined) return update({ range: rangeAround(frameAt(x) - offset, length) });
    const least = Math.min(LEAST_RANGE, currentClip().frames);
    const [start, end] = state.range;
    if (edge) update({ range: [start, clamp(frameAt(x), start + least, currentClip().frames)] });
    else update({ range: [clamp(frameAt(x), 0, end - least), end] });
  });
  canvas.addEventListener("dblclick", () => update({ range: [0, currentClip().frames] }));
  on(["clip", "threshold", "theme", "size"], drawMinimapLayer);
  on(["clip", "frame", "range", "threshold", "theme", "size"], drawMinimap);
}
