// What a threshold makes of scores.
const plain = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** A score as text, with a minus sign that is one. */
function scoreText(score, digits = 3) {
  if (Number.isNaN(score)) return "no score";
  if (!Number.isFinite(score)) return "−∞";
  return score.toFixed(Math.abs(score) >= 100 ? 1 : digits).replace("-", "−");
}

function shareText(part, whole) {
  return whole ? `${((100 * part) / whole).toFixed(1)} %` : "–";
}

function isAlarm(score, threshold) {
  return score <= threshold;
}

function alarmsOf(clip, threshold) {
  return stretchesOf(clip.scores.map((score) => Number(isAlarm(score, threshold))));
}

/** Frames and stretches of a clip that are alarms or abnormal, and those that are both. */
function tally(clip, threshold) {
  const counts = { frames: clip.frames, alarms: 0, stretches: 0, abnormal: 0, found: 0, missed: 0 };
  let before = false;
  for (let i = 0; i < clip.frames; i++) {
    const alarm = isAlarm(clip.scores[i], threshold);
    if (alarm && !before) counts.stretches += 1;
    counts.alarms += alarm;
    counts.abnormal += clip.abnormal[i];
    counts.found += alarm && clip.abnormal[i];
    before = alarm;
  }
  counts.anomalies = clip.anomalies.length;
  counts.missed = clip.anomalies.filter((anomaly) => isMissed(clip, anomaly, threshold)).length;
  return counts;
}

function isMissed(clip, anomaly, threshold) {
  for (let i = anomaly.start; i < anomaly.end; i++) {
    if (isAlarm(clip.scores[i], threshold)) return false;
  }
  return true;
}

function sumTallies(tallies) {
  const sum = { ...tallies[0] };
  for (const counts of tallies.slice(1)) for (const name in sum) sum[name] += counts[name];
  return sum;
}

/**
 * Scores have long tails, so pictures show them bent: evenly about the middle of all frames, and
 * by their logarithm far from it.
 */
function findBend() {
  const sorted = Float64Array.from(clips.flatMap((clip) => [...clip.scores])).sort();
  const at = (share) => sorted[Math.floor(share * (sorted.length - 1))];
  return { center: at(0.5), unit: at(0.75) - at(0.25) || 1, low: at(0.001), high: at(1) };
}

const middle = findBend();

function bend(score) {
  return Math.asinh((score - middle.center) / middle.unit);
}

function unbend(value) {
  return middle.center + middle.unit * Math.sinh(value);
}

/** The scores at which the colours end. */
function colourEnds(threshold) {
  const [low, high] = index.colours;
  return [Math.min(low, threshold), Math.max(high, threshold)];
}

/** How far a person's score is from one end of the colours to the other: below 0 is an alarm. */
function colourPlace(score, threshold) {
  const [low, high] = colourEnds(threshold);
  if (isAlarm(score, threshold)) {
    return Math.max(-1, -bentShare(score, threshold, low)) - 1e-9;
  }
  return Math.min(1, bentShare(score, threshold, high));
}

/** Where a score lies on the way from a threshold, 0, to an end, 1. */
function bentShare(score, threshold, end) {
  const way = bend(end) - bend(threshold);
  return way ? Math.abs((bend(score) - bend(threshold)) / way) : 1;
}
