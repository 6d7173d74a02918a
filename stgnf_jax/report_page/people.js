// The people of a frame in words: a list to choose from, and who is chosen.
const rowsShown = []; // the list's buttons, made once and used again

function makeRow() {
  const swatch = element("i", { className: "dot" });
  const name = element("span");
  const score = element("span", { className: "number" });
  const button = element("button", { type: "button" }, swatch, name, score);
  const item = element("li", {}, button);
  const shown = { item, button, swatch, name, score, person: -1 };
  button.addEventListener("click", () => {
    update({ person: state.person === shown.person ? -1 : shown.person });
  });
  return shown;
}

function fillRow(shown, row, low) {
  const { people } = state;
  const person = people.person[row];
  const score = people.score[row];
  shown.person = person;
  shown.swatch.style.background = scoreColour(score);
  shown.swatch.classList.toggle("is-alarm", isAlarm(score, state.threshold));
  shown.name.textContent = `person ${currentClip().people[person]}${people.seen[row] ? "" : " (not seen)"}`;
  shown.score.textContent = scoreText(score);
  shown.button.setAttribute("aria-pressed", String(person === state.person));
  shown.button.classList.toggle("lowest", score === low);
}

function fillPeople() {
  const rows = state.people ? [...rowsInFrame(state.people, state.frame)] : [];
  while (rowsShown.length < rows.length) rowsShown.push(makeRow());
  const scores = rows.map((row) => heightOf(state.people.score[row]));
  const low = Math.min(...scores);
  rows.forEach((row, i) => fillRow(rowsShown[i], row, low));
  const list = byId("people");
  while (list.children.length > rows.length) list.lastChild.remove();
  for (let i = list.children.length; i < rows.length; i++) list.append(rowsShown[i].item);
  byId("people-count").textContent = rows.length ? `(${rows.length})` : "(nobody)";
}

/** Clip, person, frame and score of the one who is chosen. */
function personWords() {
  const { people, person, frame } = state;
  if (!people || person < 0) return "Click a person to follow them.";
  const clip = currentClip();
  const who = `clip ${clip.name} · person ${clip.people[person]} · frame ${frame}`;
  const row = rowsInFrame(people, frame).find((candidate) => people.person[candidate] === person);
  if (row === undefined) return `${who} · not in this frame`;
  const score = people.score[row];
  const side = Number.isNaN(score)
    ? []
    : [isAlarm(score, state.threshold) ? "at or below the threshold" : "above the threshold"];
  return [who, scoreText(score), ...side].join(" · ");
}

function drawLegend() {
  const { context, width } = prepare(byId("legend"));
  const { threshold } = state;
  const [low, high] = colourEnds(threshold);
  const bar = width - 2;
  const half = bar / 2;
  for (let x = 0; x < bar; x++) {
    const share = (x - half) / half;
    const end = bend(share < 0 ? low : high);
    const score =
      unbend(bend(threshold) + Math.abs(share) * (end - bend(threshold))) + (share < 0 ? 0 : 1e-9);
    context.fillStyle = scoreColour(score);
    context.fillRect(1 + x, 0, 1.5, 10);
  }
  context.fillStyle = colours.soft;
  const labels = [
    ["left", 1, low],
    ["center", 1 + half, threshold],
    ["right", 1 + bar, high],
  ];
  for (const [align, x, score] of labels) {
    context.textAlign = align;
    context.fillText(scoreText(score), x, 26);
  }
}

function setUpPeople() {
  on(["clip", "frame", "people", "person", "threshold", "theme"], fillPeople);
  on(["clip", "frame", "people", "person", "threshold"], () => {
    byId("person").textContent = personWords();
  });
  on(["threshold", "theme", "size"], drawLegend);
}
