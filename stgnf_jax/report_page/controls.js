// Playing, stepping, jumping.
const SPEEDS = [0.25, 0.5, 1, 2, 4, 8, 16];
let playedTo = 0; // time and frame, with their fractions, that playing has come to
let playedFrame = 0;

function play(playing) {
  if (playing && state.frame === currentClip().frames - 1) showFrame(0);
  update({ playing });
}

function beginPlaying() {
  playedTo = performance.now();
  playedFrame = state.frame;
  if (state.playing) requestAnimationFrame(playOn);
}

function playOn(now) {
  if (!state.playing) return;
  if (Math.floor(playedFrame) !== state.frame) playedFrame = state.frame; // somebody has scrubbed
  playedFrame += Math.max(0, ((now - playedTo) / 1000) * index.fps * state.speed);
  playedTo = now;
  const last = currentClip().frames - 1;
  playedFrame = Math.min(playedFrame, last);
  showFrame(Math.floor(playedFrame));
  if (playedFrame < last) requestAnimationFrame(playOn);
  else update({ playing: false });
}

function step(frames) {
  update({ playing: false });
  showFrame(state.frame + frames);
}

/** Where alarms and anomalies of the clip begin, in order. */
function beginnings() {
  const clip = currentClip();
  const starts = [...alarmsOf(clip, state.threshold), ...clip.anomalies].map(({ start }) => start);
  return [...new Set(starts)].sort((a, b) => a - b);
}

/** Goes to the next beginning of an alarm or anomaly, or the one before for -1. */
function jump(direction) {
  const starts = beginnings();
  const start =
    direction > 0
      ? starts.find((frame) => frame > state.frame)
      : starts.findLast((frame) => frame < state.frame);
  if (start === undefined)
    return announce(`no alarm or anomaly begins ${direction > 0 ? "after" : "before"} this frame`);
  update({ playing: false });
  showFrame(start);
  announce(byId("timeline").getAttribute("aria-valuetext"));
}

function moveClip(steps) {
  const clip = neighbour(steps);
  if (clip) showClip(clip.number, firstFrame(clip));
}

function writeClip() {
  const clip = currentClip();
  byId("clip-name").textContent = clip.name;
  const people =
    clip.people.length === 1 ? "1 person" : `${plain.format(clip.people.length)} people`;
  byId("clip-facts").textContent = [
    `${plain.format(clip.frames)} frames`,
    people,
    ...clipWords(clip),
  ].join(" · ");
  byId("last-frame").textContent = `of 0–${clip.frames - 1}`;
  byId("frame").max = clip.frames - 1;
}

function writePlaying() {
  byId("play").classList.toggle("playing", state.playing);
  byId("play").setAttribute("aria-label", state.playing ? "Pause" : "Play");
}

function writeRange() {
  const [start, end] = state.range;
  byId("shown").textContent =
    `shows ${plain.format(Math.floor(start))}–${plain.format(Math.ceil(end) - 1)}`;
}

const CLICKS = {
  play: () => play(!state.playing),
  "step-back": () => step(-1),
  "step-on": () => step(1),
  "stretch-before": () => jump(-1),
  "stretch-after": () => jump(1),
  "clip-before": () => moveClip(-1),
  "clip-after": () => moveClip(1),
  "zoom-in": () => zoom(0.5),
  "zoom-out": () => zoom(2),
  "zoom-all": () => update({ range: [0, currentClip().frames] }),
  theme: toggleTheme,
  "open-about": () => byId("about").showModal(),
  "open-help": () => byId("help").showModal(),
};

function setUpControls() {
  for (const [id, act] of Object.entries(CLICKS)) byId(id).addEventListener("click", act);
  const speeds = SPEEDS.map((value) =>
    element("option", { value, textContent: `${value}x`, selected: value === 1 }),
  );
  byId("speed").append(...speeds);
  byId("speed").title = `1x shows ${index.fps} frames a second`;
  byId("speed").addEventListener("change", (event) =>
    update({ speed: Number(event.target.value) }),
  );
  byId("frame").addEventListener("input", (event) => {
    if (Number.isFinite(event.target.valueAsNumber)) showFrame(event.target.valueAsNumber);
  });
  on(["frame", "clip"], () => {
    if (document.activeElement !== byId("frame")) byId("frame").value = state.frame;
  });
  on(["playing"], beginPlaying);
  on(["playing"], writePlaying);
  on(["range", "clip"], writeRange);
  on(["clip", "threshold"], writeClip);
}
