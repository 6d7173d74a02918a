// The threshold: what it makes of all clips, and how scores are distributed about it.
const BINS = 80;
const histogram = countScores();
let sums = sumTallies(tallies);

/** How many frames of each kind score how much, bent, between all but the most extreme scores. */
function countScores() {
  const [low, high] = [Math.min(middle.low, index.threshold.score), middle.high].map(bend);
  const margin = 0.02 * (high - low) || 0.5;
  const counted = {
    low: low - margin,
    high: high + margin,
    normal: new Float64Array(BINS),
    abnormal: new Float64Array(BINS),
  };
  const width = (counted.high - counted.low) / BINS;
  for (const { scores, abnormal } of clips) {
    scores.forEach((score, i) => {
      const bin = clamp(Math.floor((bend(score) - counted.low) / width), 0, BINS - 1);
      counted[abnormal[i] ? "abnormal" : "normal"][bin] += 1;
    });
  }
  return counted;
}

function countRows() {
  const { frames, alarms, stretches, abnormal, found, anomalies, missed } = sums;
  const rows = [
    ["alarms", `${plain.format(alarms)} frames`],
    ["of all frames", shareText(alarms, frames)],
    ["in stretches", plain.format(stretches)],
  ];
  if (!index.truth) return rows;
  const wrong = alarms - found;
  return [
    ...rows,
    ["precision", shareText(found, alarms)],
    ["recall", shareText(found, abnormal)],
    ["F1", (abnormal + alarms ? (2 * found) / (abnormal + alarms) : 0).toFixed(3)],
    ["false-positive rate", shareText(wrong, frames - abnormal)],
    ["anomalies found", `${plain.format(anomalies - missed)} of ${plain.format(anomalies)}`],
  ];
}

function writeCounts() {
  sums = sumTallies(tallies);
  const rows = countRows().map(([name, value]) =>
    element("div", {}, element("dt", { textContent: name }), element("dd", { textContent: value })),
  );
  byId("counts").replaceChildren(...rows);
  byId("threshold-slider").value = bend(state.threshold);
  byId("threshold-slider").setAttribute("aria-valuetext", scoreText(state.threshold));
  if (document.activeElement !== byId("threshold-number"))
    byId("threshold-number").value = state.threshold.toPrecision(6);
  byId("threshold-reset").disabled = state.threshold === index.threshold.score;
}

function drawHistogram() {
  const { context, width, height } = prepare(byId("histogram"));
  const base = height - 20;
  const across = width / BINS;
  const kinds = index.truth ? ["normal", "abnormal"] : ["normal"];
  const shares = kinds.map((kind) => {
    const total = histogram[kind].reduce((sum, count) => sum + count, 0);
    return histogram[kind].map((count) => (total ? count / total : 0));
  });
  const most = Math.max(...shares.flatMap((share) => [...share]));
  shares.forEach((share, number) => {
    context.fillStyle = context.strokeStyle = number ? colours.alarm : colours.score;
    drawBars(context, share, across, (value) => base - (value / most) * (base - 8));
  });
  drawHistogramAxis(context, width, base);
}

function drawBars(context, share, across, y) {
  context.beginPath();
  context.moveTo(0, y(0));
  share.forEach((value, bin) => {
    context.lineTo(bin * across, y(value));
    context.lineTo((bin + 1) * across, y(value));
  });
  context.lineTo(share.length * across, y(0));
  context.globalAlpha = 0.25;
  context.fill();
  context.globalAlpha = 1;
  context.lineWidth = 1.2;
  context.stroke();
}

function drawHistogramAxis(context, width, base) {
  const { low, high } = histogram;
  const x = (score) => ((bend(score) - low) / (high - low)) * width;
  context.fillStyle = colours.soft;
  context.textAlign = "center";
  for (const [text, score] of scoreTicks(unbend(low), unbend(high), width / 60)) {
    if (x(score) < 16 || x(score) > width - 16) continue;
    context.fillRect(x(score), base, 1, 4);
    context.fillText(text, x(score), base + 17);
  }
  context.fillStyle = colours.ink;
  context.fillRect(clamp(x(state.threshold), 0, width) - 1, 0, 2, base + 3);
}

function setUpThreshold() {
  byId("rule").textContent = index.threshold.rule;
  byId("histogram-title").textContent = index.truth
    ? "Normal ones are blue, abnormal ones orange, each as shares of their kind. Drag to set the threshold."
    : "Drag to set the threshold.";
  const slider = byId("threshold-slider");
  Object.assign(slider, { min: histogram.low, max: histogram.high });
  slider.addEventListener("input", () => update({ threshold: unbend(slider.valueAsNumber) }));
  byId("threshold-number").addEventListener("input", (event) => {
    const threshold = event.target.valueAsNumber;
    if (Number.isFinite(threshold)) update({ threshold });
  });
  byId("threshold-reset").addEventListener("click", () =>
    update({ threshold: index.threshold.score }),
  );
  const canvas = byId("histogram");
  onDrag(
    canvas,
    () => true,
    ({ x }) => {
      const share = clamp(x / canvas.clientWidth, 0, 1);
      update({ threshold: unbend(histogram.low + share * (histogram.high - histogram.low)) });
    },
  );
  on(["threshold"], writeCounts);
  on(["threshold", "theme", "size"], drawHistogram);
  writeCounts();
}
