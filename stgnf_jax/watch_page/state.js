// The one state of the page, and what is kept of each camera; see updates.js.
const state = {
  connection: "connecting", // then live, lost or refused
  bones: [],
  resolution: [1, 1],
  seconds: 60, // that timelines show
  most: 1, // cameras that are kept
  ahead: 0, // seconds by which the program's clock is ahead of the browser's
  cameras: new Map(), // by name, in their order
  alarms: [], // the newest first
  errors: null, // the newest line that could not be used, and how many there were
  chosen: null, // name of the camera that is shown large
  fitted: true,
  news: 0, // counts messages
  clock: 0, // counts what is drawn now and then only
  theme: document.documentElement.dataset.theme,
  size: 0, // counts changes of the window's
};
const MOST_POINTS = 6000; // of a camera
const MOST_ALARMS = 200;
const MEASURED = 100; // pictures that rates and latencies are of

function newCamera(name) {
  return {
    name,
    threshold: null,
    picture: null,
    isNew: false, // whether the picture is to be drawn
    points: [], // {time, frame, score}
    measured: [], // {time, count, latency} of the last pictures
    ended: null, // when
    skipped: 0, // pictures that were not sent, as newer ones had come
    seen: null, // where people have been since `seenSince`, and in the time before
    seenBefore: null,
    seenSince: 0,
  };
}

/** Seconds since 1970, as the program has them. */
function serverTime() {
  return Date.now() / 1000 + state.ahead;
}

/** The alarm of a camera that has begun and not ended. */
function runningAlarm(camera) {
  return state.alarms.find((alarm) => alarm.camera === camera.name && alarm.running);
}

function toScore(value) {
  return value === null ? NaN : Number(value); // there is "-Infinity"
}

function medianOf(values) {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
}
