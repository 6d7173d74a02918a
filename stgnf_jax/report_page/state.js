// The one state of the page; see updates.js.
const state = {
  clip: 0,
  frame: 0,
  person: -1, // number within the clip's people
  people: null, // of the clip, when they are loaded
  range: [0, clips[0].frames], // frames that the timeline shows
  threshold: index.threshold.score,
  playing: false,
  speed: 1,
  fitted: true,
  sort: "name",
  theme: document.documentElement.dataset.theme,
  size: 0, // counts changes of the window's
};
const LEAST_RANGE = 20;

function currentClip() {
  return clips[state.clip];
}

/** Shows a frame, and moves the timeline along with it. */
function showFrame(frame) {
  frame = clamp(Math.round(frame), 0, currentClip().frames - 1);
  const [start, end] = state.range;
  if (frame >= start && frame < end) update({ frame });
  else update({ frame, range: rangeAround(frame + 0.5 - (end - start) / 4, end - start) });
}

/** A range of a length that begins at `start`, moved to lie within the clip. */
function rangeAround(start, length) {
  const { frames } = currentClip();
  length = clamp(length, Math.min(LEAST_RANGE, frames), frames);
  start = clamp(start, 0, frames - length);
  return [start, start + length];
}

/** Shows less of the timeline, or more for a factor above 1; `center` stays where it is. */
function zoom(factor, center = state.frame + 0.5) {
  const [start, end] = state.range;
  const length = clamp((end - start) * factor, LEAST_RANGE, currentClip().frames);
  const share = clamp((center - start) / (end - start), 0, 1);
  update({ range: rangeAround(center - share * length, length) });
}

function showClip(number, frame = 0) {
  const clip = clips[number];
  if (!clip) return;
  update({
    clip: number,
    frame,
    person: -1,
    people: null,
    range: [0, clip.frames],
    playing: false,
  });
  loadPeople(clip).then((people) => {
    if (state.clip === number) update({ people });
  });
}
