// The score over time: all that does not move with the cursor, drawn once onto a layer.
const MARGIN = { left: 62, right: 14, top: 12, bottom: 30 };
const STRIP = 6;
const timelineLayer = document.createElement("canvas");

/** Where frames and scores lie on the timeline. */
function timelineScale(width, height) {
  const [start, end] = state.range;
  const [low, high] = shownScores(currentClip());
  const across = width - MARGIN.left - MARGIN.right;
  const down = height - MARGIN.top - MARGIN.bottom;
  return {
    x: (frame) => MARGIN.left + ((frame - start) / (end - start)) * across,
    y: bentScale(low, high, MARGIN.top, MARGIN.top + down),
    frame: (x) => start + ((x - MARGIN.left) / across) * (end - start),
    score: (y) => unbend(bend(high) - ((y - MARGIN.top) / down) * (bend(high) - bend(low))),
    low,
    high,
    across,
    down,
    bottom: MARGIN.top + down,
    right: MARGIN.left + across,
  };
}

/** The scores that the timeline shows: the clip's frames and people, with a margin. */
function shownScores(clip) {
  const [low, high] = rangeOfScores(clip).map(bend);
  const [from, to] = (clip.range ?? []).map(bend);
  const [bottom, top] = [Math.min(low, from ?? low), Math.max(high, to ?? high)];
  const margin = 0.06 * (top - bottom) || 0.5;
  return [unbend(bottom - margin), unbend(top + margin)];
}

function drawTimelineLayer() {
  const { clientWidth, clientHeight } = byId("timeline");
  const { context, width, height } = prepareSize(timelineLayer, clientWidth, clientHeight);
  const scale = timelineScale(width, height);
  drawGround(context, scale);
  drawAxes(context, scale);
  context.save();
  context.beginPath();
  context.rect(MARGIN.left, 0, scale.across, height);
  context.clip();
  drawNobody(context, scale);
  drawPeopleLines(context, scale);
  drawScore(context, scale);
  drawAlarms(context, scale);
  context.restore();
  drawThreshold(context, scale);
}

/** The plot, shaded where the ground truth is abnormal. */
function drawGround(context, scale) {
  context.fillStyle = colours.panel;
  context.fillRect(MARGIN.left, MARGIN.top, scale.across, scale.down);
  context.fillStyle = colours.truth;
  for (const anomaly of currentClip().anomalies) {
    const left = Math.max(scale.x(anomaly.start), MARGIN.left);
    const width = Math.min(scale.x(anomaly.end), scale.right) - left;
    if (width > 0) {
      context.fillRect(left, MARGIN.top - STRIP, Math.max(1, width), scale.down + STRIP);
    }
  }
}

function drawAxes(context, scale) {
  context.textAlign = "right";
  for (const [text, score] of scoreTicks(scale.low, scale.high, scale.down / 34)) {
    const y = Math.round(scale.y(score));
    context.fillStyle = colours.grid;
    context.fillRect(MARGIN.left, y, scale.across, 1);
    context.fillStyle = colours.soft;
    if (Math.abs(y - scale.y(state.threshold)) > 15) context.fillText(text, MARGIN.left - 8, y + 4);
  }
  context.fillStyle = colours.soft;
  context.textAlign = "center";
  for (const frame of ticks(...state.range, scale.across / 90)) {
    if (!Number.isInteger(frame)) continue;
    const x = scale.x(frame + 0.5);
    if (x > scale.right) continue;
    context.fillRect(x, scale.bottom + STRIP + 1, 1, 4);
    context.fillText(plain.format(frame), x, scale.bottom + STRIP + 18);
  }
}

function drawNobody(context, scale) {
  context.fillStyle = colours.nobody;
  for (const { start, end } of nobodyIn(currentClip())) {
    context.fillRect(scale.x(start), scale.bottom - 2, scale.x(end) - scale.x(start), 2);
  }
}

function nobodyIn(clip) {
  return (clip.nobody ??= stretchesOf(clip.scored.map((scored) => 1 - scored)));
}

function drawPeopleLines(context, scale) {
  const { people, person } = state;
  if (!people) return;
  context.strokeStyle = colours.soft;
  context.lineWidth = 1;
  context.globalAlpha = 0.45;
  for (let other = 0; other + 1 < people.starts.length; other++) {
    if (other !== person) drawPersonLine(context, scale, other);
  }
  context.globalAlpha = 1;
  if (person < 0) return;
  context.strokeStyle = colours.ink;
  context.lineWidth = 1.8;
  drawPersonLine(context, scale, person);
}

/** One person's score, with gaps where there is none. */
function drawPersonLine(context, scale, person) {
  const { frame, score, starts } = state.people;
  const [first, last] = state.range;
  let begin = starts[person];
  for (let row = begin; row <= starts[person + 1]; row++) {
    const goes = row < starts[person + 1] && !Number.isNaN(score[row]);
    if (goes && (row === begin || frame[row] === frame[row - 1] + 1)) continue;
    if (row > begin && frame[row - 1] >= first - 1 && frame[begin] <= last) {
      const from = begin;
      drawLine(
        context,
        row - from,
        (i) => scale.x(frame[from + i] + 0.5),
        (i) => scale.y(score[from + i]),
      );
    }
    begin = goes ? row : row + 1;
  }
}

function drawScore(context, scale) {
  const { scores } = currentClip();
  const first = Math.max(0, Math.floor(state.range[0]) - 1);
  const count = Math.min(scores.length, Math.ceil(state.range[1]) + 1) - first;
  context.strokeStyle = colours.score;
  context.lineWidth = 2;
  context.lineJoin = "round";
  drawLine(
    context,
    count,
    (i) => scale.x(first + i + 0.5),
    (i) => scale.y(scores[first + i]),
  );
}

function drawAlarms(context, scale) {
  context.fillStyle = colours.alarm;
  for (const { start, end } of alarmsOf(currentClip(), state.threshold)) {
    context.fillRect(
      scale.x(start),
      scale.bottom + 1,
      Math.max(1.5, scale.x(end) - scale.x(start)),
      STRIP,
    );
  }
}

/** The line and, in the margin, the handle that moves it. */
function drawThreshold(context, scale) {
  const y = scale.y(state.threshold);
  drawThresholdLine(context, MARGIN.left, scale.right, y);
  context.beginPath();
  context.roundRect(2, y - 10, MARGIN.left - 8, 20, 4);
  context.moveTo(MARGIN.left - 7, y - 6);
  context.lineTo(MARGIN.left, y);
  context.lineTo(MARGIN.left - 7, y + 6);
  context.fill();
  context.fillStyle = colours.paper;
  context.textAlign = "center";
  context.fillText(scoreText(state.threshold), (MARGIN.left - 4) / 2, y + 4);
}
