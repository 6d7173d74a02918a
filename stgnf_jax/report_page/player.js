// The people of a frame, drawn.
const TRAIL = 25; // frames before and after, of the person who is followed
let drawn = []; // the rows on the stage, with their places
let stageMap = null; // from steps to the stage's pixels

function drawStage() {
  const { context, width, height } = prepare(byId("stage"));
  const { people, frame } = state;
  drawn = [];
  if (!people) return;
  stageMap = mapTo(shownBox(people), width, height);
  drawFloor(context);
  drawTrail(context, people);
  for (const row of rowsInFrame(people, frame)) {
    if (!people.seen[row]) continue;
    drawn.push({
      row,
      joints: jointsOf(people, row, stageMap),
      colour: scoreColour(people.score[row]),
    });
  }
  // The lowest are drawn last, above the others.
  drawn.sort((a, b) => compare(heightOf(people.score[b.row]), heightOf(people.score[a.row])));
  for (const person of drawn) drawPerson(context, people, person);
  for (const person of drawn) drawName(context, people, person);
}

/** The order of two numbers, also where both are infinite. */
function compare(first, second) {
  return (first > second) - (first < second);
}

function heightOf(score) {
  return Number.isNaN(score) ? Infinity : score;
}

/** The edge of the picture. */
function drawFloor(context) {
  const [, , width, height, step] = index.view;
  context.fillStyle = colours.panel;
  context.strokeStyle = colours.line;
  context.lineWidth = 1;
  const box = [
    stageMap.left,
    stageMap.top,
    (width / step) * stageMap.scale,
    (height / step) * stageMap.scale,
  ];
  context.fillRect(...box);
  context.strokeRect(...box);
}

/** Where the person who is followed comes from and goes to, a dot a frame. */
function drawTrail(context, people) {
  if (state.person < 0) return;
  for (let row = people.starts[state.person]; row < people.starts[state.person + 1]; row++) {
    const away = Math.abs(people.frame[row] - state.frame);
    if (away > TRAIL || !people.seen[row]) continue;
    const center = centerOf(jointsOf(people, row, stageMap));
    if (!center) continue;
    context.globalAlpha = 1 - away / (TRAIL + 1);
    context.fillStyle = scoreColour(people.score[row]);
    drawDot(context, center, 2);
  }
  context.globalAlpha = 1;
}

function drawPerson(context, people, { row, joints, colour }) {
  const below = isAlarm(people.score[row], state.threshold);
  drawBody(context, index.bones, { joints, colour, below, chosen: isChosen(people, row) });
}

function drawName(context, people, { row, joints }) {
  const name = currentClip().people[people.person[row]];
  const chosen = isChosen(people, row);
  drawLabel(context, joints, chosen ? `${name}: ${scoreText(people.score[row])}` : name, chosen);
}

function isChosen(people, row) {
  return people.person[row] === state.person;
}

/** The person whose joints are nearest to a place on the stage, within 24 pixels; -1 for nobody. */
function personAt({ x, y }) {
  let nearest = { distance: 24, person: -1 };
  for (const { row, joints } of drawn) {
    for (const joint of joints) {
      const distance = joint ? Math.hypot(joint.x - x, joint.y - y) : Infinity;
      if (distance < nearest.distance) nearest = { distance, person: state.people.person[row] };
    }
  }
  return nearest.person;
}

function verdict() {
  const clip = currentClip();
  const alarm = isAlarm(clip.scores[state.frame], state.threshold);
  const words = [alarm ? "alarm" : "no alarm"];
  if (index.truth)
    words.push(clip.abnormal[state.frame] ? "abnormal by ground truth" : "normal by ground truth");
  return { alarm, score: clip.scores[state.frame], words };
}

function writeVerdict() {
  const { alarm, score, words } = verdict();
  byId("verdict").textContent =
    `frame ${state.frame} · score ${scoreText(score)} · ${words.join(" · ")}`;
  byId("verdict").classList.toggle("is-alarm", alarm);
}

function setUpPlayer() {
  byId("stage").addEventListener("click", (event) => {
    if (state.people) update({ person: personAt({ x: event.offsetX, y: event.offsetY }) });
  });
  byId("fit").addEventListener("click", () => update({ fitted: !state.fitted }));
  on(["fitted"], () => byId("fit").setAttribute("aria-pressed", String(state.fitted)));
  on(["people"], () => {
    byId("loading").hidden = state.people !== null;
    byId("stage").setAttribute("aria-busy", String(state.people === null));
  });
  on(["frame", "people", "person", "threshold", "theme", "fitted", "size"], drawStage);
  on(["clip", "frame", "threshold"], writeVerdict);
}
