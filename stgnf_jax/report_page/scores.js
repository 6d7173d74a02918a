// What a threshold makes of scores.
function shareText(part, whole) {
  return whole ? `${((100 * part) / whole).toFixed(1)} %` : "–";
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

/** What is the middle of all frames, about which scores are bent. */
function findBend() {
  const sorted = Float64Array.from(clips.flatMap((clip) => [...clip.scores])).sort();
  const at = (share) => sorted[Math.floor(share * (sorted.length - 1))];
  return { center: at(0.5), unit: at(0.75) - at(0.25) || 1, low: at(0.001), high: at(1) };
}

const middle = findBend();

/** The scores at which the colours end. */
function colourEnds(threshold) {
  const [low, high] = index.colours;
  return [Math.min(low, threshold), Math.max(high, threshold)];
}
