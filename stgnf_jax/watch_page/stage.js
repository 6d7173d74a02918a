// The people of a camera's newest picture, drawn.
const SURE = 0.3;
const UNSURE = 0.05; // below, a joint is not drawn
const SEEN_SECONDS = 60; // where people were longer ago is not shown any more
const LAGS = 5000;
const lags = []; // seconds from when scores were known to when they were drawn
const drawn = new Map(); // by camera: {frame, people}

function drawStage(camera, canvas) {
  const { context, width, height } = prepare(canvas);
  const { picture } = camera;
  camera.isNew = false;
  if (!picture) return;
  const map = mapTo(shownBox(camera), width, height);
  drawFloor(context, map);
  const people = picture.people.map((person) => ({
    ...person,
    joints: jointsOf(person, map),
    below: isAlarm(person.score, camera.threshold ?? -Infinity),
    colour: personColour(camera, person.score),
    chosen: false,
  }));
  people.sort((a, b) => heightOf(b.score) - heightOf(a.score) || 0); // the lowest above the others
  for (const person of people) drawBody(context, state.bones, person);
  const large = state.chosen === camera.name;
  for (const person of people)
    drawLabel(context, person.joints, labelOf(person, large), person.below);
  drawn.set(camera.name, { frame: picture.frame, people });
  lags.push(serverTime() - picture.time);
  if (lags.length > LAGS) lags.shift();
}

function heightOf(score) {
  return Number.isNaN(score) ? Number.MAX_VALUE : Math.max(score, -Number.MAX_VALUE);
}

/** Small tiles have room for the scores of the few who count. */
function labelOf({ id, score, below }, large) {
  return Number.isNaN(score) || !(large || below) ? id : `${id}: ${scoreText(score, 2)}`;
}

function jointsOf({ joints }, map) {
  const found = [];
  for (let i = 0; i < joints.length; i += 3) {
    const [x, y, confidence] = joints.slice(i, i + 3);
    const place = { x: map.left + x * map.scale, y: map.top + y * map.scale };
    found.push(confidence < UNSURE ? undefined : { ...place, sure: confidence >= SURE });
  }
  return found;
}

/** The edge of the picture, as the model has it. */
function drawFloor(context, map) {
  const [width, height] = state.resolution;
  const box = [map.left, map.top, width * map.scale, height * map.scale];
  context.fillStyle = colours.panel;
  context.fillRect(...box);
  context.strokeStyle = colours.line;
  context.strokeRect(...box);
}

/** Takes in where people are, and forgets where they were long ago. */
function lookWhere(camera) {
  const { people, time } = camera.picture;
  if (time - camera.seenSince > SEEN_SECONDS / 2)
    Object.assign(camera, { seenBefore: camera.seen, seen: null, seenSince: time });
  for (const { joints } of people) {
    for (let i = 0; i < joints.length; i += 3) {
      const [x, y, confidence] = joints.slice(i, i + 3);
      if (confidence >= SURE) camera.seen = united(camera.seen, [x, y, x, y]);
    }
  }
}

/** The box around two, [left, top, right, bottom]; null for none. */
function united(one, other) {
  if (!one || !other) return one ?? other;
  return one.map((edge, i) => (i < 2 ? Math.min(edge, other[i]) : Math.max(edge, other[i])));
}

/** The part of the picture to show: where people were, or all of it and them. */
function shownBox(camera) {
  const whole = [0, 0, ...state.resolution];
  const seen = united(camera.seen, camera.seenBefore);
  const [left, top, right, bottom] = (state.fitted && seen) || united(whole, seen);
  return boxAround(left, top, right, bottom);
}
