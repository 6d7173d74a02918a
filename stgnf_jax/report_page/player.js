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

function drawDot(context, { x, y }, radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

function drawPerson(context, people, { row, joints, colour }) {
  const alarm = isAlarm(people.score[row], state.threshold);
  context.lineCap = context.lineJoin = "round";
  if (people.person[row] === state.person) drawBones(context, joints, colours.ink, 8, 0.25);
  drawBones(context, joints, colour, alarm ? 3.5 : 2.2, 1);
  context.fillStyle = colour;
  for (const joint of joints) {
    if (!joint) continue;
    context.globalAlpha = joint.sure ? 1 : 0.3;
    drawDot(context, joint, alarm ? 2.6 : 2);
  }
  context.globalAlpha = 1;
}

function drawBones(context, joints, colour, width, alpha) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  for (const sure of [false, true]) {
    context.globalAlpha = sure ? alpha : 0.3 * alpha;
    context.beginPath();
    for (const [from, to] of index.bones) {
      const [a, b] = [joints[from], joints[to]];
      if (!a || !b || (a.sure && b.sure) !== sure) continue;
      context.moveTo(a.x, a.y);
      context.lineTo(b.x, b.y);
    }
    context.stroke();
  }
  context.globalAlpha = 1;
}

function drawName(context, people, { row, joints }) {
  const known = joints.filter(Boolean);
  if (!known.length) return;
  const top = known.reduce((highest, joint) => (joint.y < highest.y ? joint : highest));
  const chosen = people.person[row] === state.person;
  const name = currentClip().people[people.person[row]];
  context.font = chosen ? `600 ${FONT}` : FONT;
  context.textAlign = "center";
  context.lineWidth = 3;
  context.strokeStyle = colours.panel;
  context.fillStyle = chosen ? colours.ink : colours.soft;
  const text = chosen ? `${name}: ${scoreText(people.score[row])}` : name;
  context.strokeText(text, top.x, top.y - 9);
  context.fillText(text, top.x, top.y - 9);
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
