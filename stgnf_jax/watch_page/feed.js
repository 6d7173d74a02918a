// What the program sends, as events: it comes to the state, and to nothing else.
const RETRY = 1000; // milliseconds until the next attempt
const SILENCE = 10000; // without a message, until the connection counts as lost
const byName = new Intl.Collator(undefined, { numeric: true });
let source = null;
let heard = 0;

function connect() {
  heard = performance.now();
  source = new EventSource("events");
  source.addEventListener("begin", (event) => begin(JSON.parse(event.data)));
  source.addEventListener("message", (event) => take(JSON.parse(event.data)));
  source.addEventListener("error", lose);
}

/** The program is gone, or does not want us; looks for it again. */
async function lose() {
  source.close();
  source = null;
  update({ connection: await whyLost() });
  setTimeout(connect, RETRY);
}

async function whyLost() {
  try {
    const signal = AbortSignal.timeout(SILENCE);
    const { status } = await fetch("/", { method: "HEAD", signal });
    return status === 401 ? "refused" : "lost";
  } catch {
    return "lost";
  }
}

function listen() {
  if (source && performance.now() - heard > SILENCE) lose();
}

function begin(scene) {
  update({ ...scene, cameras: new Map(), alarms: [], errors: null });
}

function take({ now, cameras, alarms, errors }) {
  heard = performance.now();
  state.ahead = now - Date.now() / 1000;
  for (const [name, found] of Object.entries(cameras)) takeCamera(name, found);
  for (const alarm of alarms) takeAlarm(alarm);
  update({ connection: "live", errors: errors.at(-1) ?? state.errors, news: state.news + 1 });
}

function takeCamera(name, { threshold, picture, points, ended }) {
  const known = state.cameras.get(name);
  const camera = known && !startsAnew(known, picture) ? known : newCamera(name);
  if (camera !== known) addCamera(camera);
  Object.assign(camera, { threshold, ended: ended ?? camera.ended });
  if (picture) takePicture(camera, picture);
  for (const [time, frame, score] of points)
    camera.points.push({ time, frame, score: toScore(score) });
  if (camera.points.length > MOST_POINTS)
    camera.points.splice(0, camera.points.length - MOST_POINTS);
}

/** By name, so that all who watch see the same order. */
function addCamera(camera) {
  const cameras = new Map(state.cameras).set(camera.name, camera);
  update({ cameras: new Map([...cameras].sort(([a], [b]) => byName.compare(a, b))) });
  if (cameras.size > state.most) drop([silentLongest([...cameras.values()])]);
}

function silentLongest(cameras) {
  const times = cameras.map(({ picture }) => picture?.time ?? Infinity);
  return cameras[times.indexOf(Math.min(...times))];
}

/** Forgets cameras, as the program has; nobody will hear of the end of their alarms. */
function drop(gone) {
  const names = new Set(gone.map(({ name }) => name));
  const cameras = new Map([...state.cameras].filter(([name]) => !names.has(name)));
  const alarms = state.alarms.map((alarm) =>
    names.has(alarm.camera) ? { ...alarm, running: false } : alarm,
  );
  update({ cameras, alarms, chosen: cameras.has(state.chosen) ? state.chosen : null });
}

/** Whether a camera had ended, and its frames are numbered from the beginning again. */
function startsAnew({ ended, picture: last }, picture) {
  return picture && (ended !== null || (last && picture.count <= last.count));
}

function takePicture(camera, picture) {
  if (camera.picture) camera.skipped += picture.count - camera.picture.count - 1;
  const people = picture.people.map(({ id, joints, score, p }) => ({
    id,
    joints,
    score: toScore(score),
    p,
  }));
  camera.picture = { ...picture, people };
  camera.isNew = true;
  const { time, count, latency } = picture;
  camera.measured.push({ time, count, latency });
  if (camera.measured.length > MEASURED) camera.measured.shift();
  lookWhere(camera);
}

function takeAlarm({ time, state: kind, ...found }) {
  const alarm = { ...found, score: toScore(found.score), running: kind === "begins" };
  const place = state.alarms.findIndex(
    (other) => other.running && other.camera === alarm.camera && other.alarm === alarm.alarm,
  );
  if (alarm.running || place < 0) {
    const alarms = [{ ...alarm, began: time, ended: time }, ...state.alarms];
    update({ alarms: alarms.slice(0, MOST_ALARMS) });
    if (alarm.running && serverTime() - time < 5)
      announce(`alarm at ${alarm.camera}, ${whoRaised(alarm)}`);
  } else {
    const { began } = state.alarms[place];
    update({ alarms: state.alarms.with(place, { ...alarm, began, ended: time }) });
  }
}

/** What is older than what is shown; cameras that ended as long ago, and their tiles. */
function forget() {
  const since = serverTime() - state.seconds;
  for (const camera of state.cameras.values()) {
    const kept = camera.points.findIndex(({ time }) => time >= since);
    camera.points.splice(0, kept < 0 ? camera.points.length : kept);
  }
  const gone = [...state.cameras.values()].filter(({ ended }) => ended !== null && ended < since);
  if (gone.length) drop(gone);
}
