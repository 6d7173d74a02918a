// A tile a camera: name, state, people, scores.
const MOST_CHIPS = 5;
const tiles = new Map();

function makeTile(name) {
  const parts = {
    name: element("button", { type: "button", className: "name", textContent: name }),
    badge: element("b", { className: "badge", textContent: "alarm", hidden: true }),
    facts: element("span", { className: "facts" }),
    stage: element("canvas", { className: "stage", role: "img" }),
    people: element("ul", { className: "chips", ariaLabel: `People at ${name}` }),
    line: element("canvas", { className: "timeline", role: "img" }),
  };
  const head = element("header", {}, parts.name, parts.badge, parts.facts);
  parts.tile = element("article", { className: "tile", ariaLabel: `Camera ${name}` }, head);
  parts.tile.append(parts.stage, parts.people, parts.line);
  for (const one of ["name", "stage"])
    parts[one].addEventListener("click", () => choose(state.chosen === name ? null : name));
  sizes.observe(parts.stage);
  return parts;
}

const sizes = new ResizeObserver(() => update({ size: state.size + 1 }));

function choose(chosen) {
  update({ chosen });
  if (chosen !== null) tiles.get(chosen)?.tile.scrollIntoView({ block: "nearest" });
}

/** Chooses the camera so many places after the one chosen. */
function moveChoice(steps) {
  const names = [...state.cameras.keys()];
  const place = names.indexOf(state.chosen);
  const first = steps > 0 ? 0 : names.length - 1;
  choose((place < 0 ? names[first] : names[place + steps]) ?? state.chosen);
}

function fillTiles() {
  for (const [name, { stage, tile }] of tiles) {
    if (state.cameras.has(name)) continue;
    sizes.unobserve(stage);
    tile.remove();
    tiles.delete(name);
    drawn.delete(name);
  }
  const names = [...state.cameras.keys()];
  for (const name of names) if (!tiles.has(name)) tiles.set(name, makeTile(name));
  byId("tiles").append(...names.map((name) => tiles.get(name).tile));
  byId("empty").hidden = tiles.size > 0;
}

function markChosen() {
  for (const [name, parts] of tiles) {
    parts.tile.classList.toggle("chosen", name === state.chosen);
    parts.name.setAttribute("aria-pressed", String(name === state.chosen));
  }
}

function drawStages(all) {
  for (const [name, { stage }] of tiles) {
    const camera = state.cameras.get(name);
    if (camera && (all || camera.isNew)) drawStage(camera, stage);
  }
}

/** What changes slowly enough to be read. */
function writeTiles() {
  for (const [name, parts] of tiles) {
    const camera = state.cameras.get(name);
    if (!camera) continue;
    const alarm = runningAlarm(camera);
    parts.badge.hidden = !alarm;
    parts.tile.classList.toggle("is-alarm", Boolean(alarm));
    parts.tile.classList.toggle("is-silent", silence(camera) > GAP);
    parts.facts.textContent = cameraWords(camera);
    fillChips(parts.people, camera);
    drawTimeline(camera, parts.line);
    describe(parts, camera);
  }
}

function silence({ ended, picture }) {
  return ended === null && picture ? serverTime() - picture.time : Infinity;
}

function cameraWords(camera) {
  const { ended, picture } = camera;
  if (ended !== null) return `ended ${Math.round(serverTime() - ended)} s ago`;
  if (silence(camera) > GAP) return `silent for ${Math.round(silence(camera))} s`;
  return `${rateOf(camera).toFixed(1)} frames/s · ${latencyOf(camera).toFixed(1)} ms · frame ${picture.frame}`;
}

/** Frames a second, of the last pictures. */
function rateOf({ measured }) {
  const [first, last] = [measured[0], measured.at(-1)];
  return last.time > first.time ? (last.count - first.count) / (last.time - first.time) : 0;
}

function latencyOf({ measured }) {
  return medianOf(measured.map(({ latency }) => latency));
}

/** The people in sight, the least normal first. */
function fillChips(list, camera) {
  const people = [...camera.picture.people].sort(
    (a, b) => heightOf(a.score) - heightOf(b.score) || 0,
  );
  const chips = people.slice(0, MOST_CHIPS).map((person) => makeChip(person, camera));
  const more = people.length - chips.length;
  if (more > 0) chips.push(element("li", { textContent: `and ${more} more` }));
  if (!people.length) chips.push(element("li", { textContent: "nobody in sight" }));
  list.replaceChildren(...chips);
}

function makeChip({ id, score, p }, camera) {
  const dot = element("i", { className: "dot" });
  dot.style.background = personColour(camera, score);
  dot.classList.toggle("is-alarm", isAlarm(score, camera.threshold ?? -Infinity));
  const text = Number.isNaN(score) ? "–" : scoreText(score, 2);
  const rare = p === null ? [] : [element("small", { textContent: ` p ${p.toPrecision(2)}` })];
  return element("li", {}, dot, element("span", {}, id, " ", element("b", {}, text), ...rare));
}

function describe({ stage, line }, camera) {
  const { people, frame } = camera.picture;
  stage.ariaLabel = `${people.length} people in frame ${frame}`;
  const last = camera.points.at(-1);
  line.ariaLabel = `Score of the last minute${last ? `, now ${scoreText(last.score)}` : ""}`;
}
