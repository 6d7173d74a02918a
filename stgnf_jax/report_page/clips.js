// The list of clips.
const lowestScores = clips.map((clip) =>
  clip.scores.reduce((low, score) => Math.min(low, score), Infinity),
);
const highestScores = clips.map((clip) =>
  clip.scores.reduce((high, score) => Math.max(high, score), -Infinity),
);
// What clips can be sorted by: its name, and what is compared, the lowest first.
const SORTS = {
  name: { text: "name", value: (clip) => clip.number },
  lowest: { text: "lowest score", value: (clip) => lowestScores[clip.number] },
  alarms: { text: "most alarms", value: (clip) => -tallies[clip.number].alarms },
  ...(index.truth && {
    auc: { text: "lowest AUC", value: (clip) => clip.auc ?? Infinity },
    missed: { text: "most anomalies missed", value: (clip) => -tallies[clip.number].missed },
  }),
};
let tallies = clips.map((clip) => tally(clip, state.threshold));
const entries = clips.map(makeEntry);

function makeEntry(clip) {
  const line = element("canvas");
  line.setAttribute("aria-hidden", "true");
  const facts = element("span", { className: "facts" });
  const button = element(
    "button",
    { type: "button" },
    element("b", { textContent: clip.name }),
    facts,
    line,
  );
  button.addEventListener("click", () => showClip(clip.number, firstFrame(clip)));
  return { clip, button, facts, line, item: element("li", {}, button), visible: false };
}

/** Where a clip is worth looking at first: its lowest score. */
function firstFrame(clip) {
  return clip.scores.indexOf(lowestScores[clip.number]);
}

function fillList() {
  const { value } = SORTS[state.sort];
  const order = [...entries].sort(
    (a, b) => value(a.clip) - value(b.clip) || a.clip.number - b.clip.number,
  );
  byId("clip-list").replaceChildren(...order.map((entry) => entry.item));
}

/** The clip before or after the current one, as the list is sorted. */
function neighbour(steps) {
  const items = [...byId("clip-list").children];
  const place = items.indexOf(entries[state.clip].item) + steps;
  return entries.find((entry) => entry.item === items[place])?.clip;
}

function clipWords(clip) {
  const { alarms, anomalies, missed } = tallies[clip.number];
  const words = [`low ${scoreText(lowestScores[clip.number], 2)}`];
  if (clip.auc !== null) words.push(`AUC ${clip.auc.toFixed(3)}`);
  if (anomalies) words.push(`${anomalies - missed}/${anomalies} found`);
  else words.push(alarms ? `${plain.format(alarms)} alarms` : "no alarm");
  return words;
}

function writeFacts({ clip, facts, button }) {
  facts.textContent = clipWords(clip).join(" · ");
  button.classList.toggle("missed", tallies[clip.number].missed > 0);
}

function drawSparkline({ clip, line }) {
  const { context, width, height } = prepare(line);
  const [low, high] = rangeOfScores(clip);
  const x = (frame) => (frame / clip.frames) * width;
  const y = bentScale(low, high, 2, height - 2);
  context.fillStyle = colours.truth;
  for (const { start, end } of clip.anomalies)
    context.fillRect(x(start), 0, Math.max(1, x(end) - x(start)), height);
  context.strokeStyle = colours.score;
  drawLine(
    context,
    clip.frames,
    (i) => x(i + 0.5),
    (i) => y(clip.scores[i]),
  );
  context.strokeStyle = colours.alarm;
  context.setLineDash([3, 3]);
  context.beginPath();
  context.moveTo(0, y(state.threshold));
  context.lineTo(width, y(state.threshold));
  context.stroke();
}

/** The lowest and the highest score of a clip's frames, or where the threshold began. */
function rangeOfScores(clip) {
  const begun = index.threshold.score;
  return [Math.min(lowestScores[clip.number], begun), Math.max(highestScores[clip.number], begun)];
}

function markCurrent() {
  for (const { clip, button } of entries) {
    if (clip.number === state.clip) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
  scrollTo(byId("clip-list"), entries[state.clip].item);
}

/** Scrolls a list, and nothing around it, until an item of it is in view. */
function scrollTo(list, item) {
  const above = item.offsetTop - list.offsetTop;
  const below = above + item.offsetHeight - list.clientHeight;
  list.scrollTop = clamp(list.scrollTop, below, above);
}

function setUpClips() {
  byId("clip-count").textContent =
    clips.length === 1 ? "1 clip" : `${plain.format(clips.length)} clips`;
  const options = Object.entries(SORTS).map(([value, { text }]) =>
    element("option", { value, textContent: text }),
  );
  byId("sort").append(...options);
  byId("sort").addEventListener("change", (event) => update({ sort: event.target.value }));
  const byItem = new Map(entries.map((entry) => [entry.item, entry]));
  const watcher = new IntersectionObserver((seen) => {
    for (const { target, isIntersecting } of seen) {
      const entry = byItem.get(target);
      entry.visible = isIntersecting;
      if (isIntersecting) drawSparkline(entry);
    }
  });
  for (const { item } of entries) watcher.observe(item);
  on(["threshold"], () => (tallies = clips.map((clip) => tally(clip, state.threshold))));
  on(["threshold"], () => entries.forEach(writeFacts));
  on(["theme", "threshold", "size"], () =>
    entries.filter((entry) => entry.visible).forEach(drawSparkline),
  );
  on(["sort"], fillList);
  on(["clip", "sort"], markCurrent);
  entries.forEach(writeFacts);
}
