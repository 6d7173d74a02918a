// The list of alarms, and what all cameras come to.
const clockText = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

function whoRaised({ person }) {
  return person === null ? "nobody known" : `person ${person}`;
}

function fillAlarms() {
  const running = state.alarms.filter((alarm) => alarm.running).length;
  byId("alarm-list").replaceChildren(...state.alarms.map(makeAlarm));
  byId("alarm-count").textContent = state.alarms.length ? `(${state.alarms.length})` : "";
  const watched = [...state.cameras.values()].some(({ threshold }) => threshold !== null);
  byId("no-alarms").hidden = state.alarms.length > 0;
  byId("no-alarms").textContent = watched
    ? "None until now."
    : "No threshold is set: see --per_hour and --threshold.";
  document.title = `${running ? `(${running}) ` : ""}live - stgnf watch`;
}

function makeAlarm(alarm) {
  const { camera, running, began, ended, start, end, score, threshold } = alarm;
  const span = end === undefined ? `from frame ${start}` : `frames ${start} to ${end - 1}`;
  const time = clockText.format(1000 * (began - state.ahead));
  const until = running ? "running" : `to ${clockText.format(1000 * (ended - state.ahead))}`;
  const low = `${end === undefined ? "began at" : "lowest"} ${scoreText(score, 2)}`;
  const button = element(
    "button",
    { type: "button", className: running ? "is-alarm" : "" },
    element("b", { textContent: `${camera} · ${whoRaised(alarm)}` }),
    element("span", { textContent: `${time} ${running ? "· " : ""}${until}` }),
    element("span", {
      className: "facts",
      textContent: `${span} · ${low}, threshold ${scoreText(threshold, 2)}`,
    }),
  );
  button.addEventListener("click", () => {
    if (state.cameras.has(camera)) choose(camera);
  });
  return element("li", {}, button);
}

const CONNECTIONS = {
  connecting: "connecting",
  live: "live",
  lost: "connection lost, trying again",
  refused: "the program has a new address; open the one it printed last",
};

function writeConnection() {
  byId("connection").textContent = CONNECTIONS[state.connection];
  byId("connection").dataset.state = state.connection;
}

function writeHeadline() {
  const cameras = [...state.cameras.values()];
  const alive = cameras.filter((camera) => silence(camera) <= GAP);
  const rows = [
    ["cameras", `${alive.length} of ${cameras.length}`],
    ["frames/s", alive.reduce((sum, camera) => sum + rateOf(camera), 0).toFixed(0)],
    ["latency", alive.length ? `${medianOf(alive.map(latencyOf)).toFixed(1)} ms` : "–"],
    ["alarms now", state.alarms.filter(({ running }) => running).length],
  ];
  const skipped = cameras.reduce((sum, camera) => sum + camera.skipped, 0);
  if (skipped) rows.push(["pictures skipped", plain.format(skipped)]);
  byId("headline").replaceChildren(
    ...rows.map(([name, value]) =>
      element("div", {}, element("dt", {}, name), element("dd", {}, String(value))),
    ),
  );
}

function writeTrouble() {
  byId("trouble").hidden = !state.errors;
  if (!state.errors) return;
  const { count, line, error } = state.errors;
  const lines = count === 1 ? "1 line" : `${plain.format(count)} lines`;
  byId("trouble").textContent = `${lines} could not be used; the last, line ${line}: ${error}`;
}
