// What the file holds: the index at once, frames at the start, people clip by clip.
const index = JSON.parse(byId("index").textContent);
const KEPT_CLIPS = 6;

function fromBase64(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

async function unpack(number) {
  const bytes = fromBase64(byId(`blob-${number}`).textContent);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

/** The stretches [start, end) of an array in which it is true. */
function stretchesOf(flags) {
  const found = [];
  let start = -1;
  for (let i = 0; i <= flags.length; i++) {
    if (i < flags.length && flags[i]) {
      if (start < 0) start = i;
    } else if (start >= 0) {
      found.push({ start, end: i });
      start = -1;
    }
  }
  return found;
}

/** The clips of the index, each with the scores and the truth of its frames. */
async function loadClips() {
  const buffer = await unpack(0);
  const total = index.clips.reduce((sum, clip) => sum + clip.frames, 0);
  const scores = new Float64Array(buffer, 0, total);
  const abnormal = new Uint8Array(buffer, 8 * total, total);
  const scored = new Uint8Array(buffer, 9 * total, total);
  let first = 0;
  return index.clips.map((clip, number) => {
    const frames = [first, (first += clip.frames)];
    const truth = abnormal.subarray(...frames);
    return {
      ...clip,
      number,
      scores: scores.subarray(...frames),
      abnormal: truth,
      anomalies: stretchesOf(truth),
      scored: scored.subarray(...frames),
    };
  });
}

/** Sums up differences in place, line by line. */
function accumulate(array, length) {
  for (let start = 0; start < array.length; start += length) {
    for (let i = start + 1; i < start + length; i++) array[i] += array[i - 1];
  }
  return array;
}

/** The people of a clip in R rows, by person, then frame; see PackedClip in report_clips.py. */
function parsePeople(buffer, clip) {
  const rows = clip.rows.reduce((sum, count) => sum + count, 0);
  let at = 0;
  const take = (Kind, count) => {
    const array = new Kind(buffer, at, count);
    at += array.byteLength;
    return array;
  };
  const people = {
    score: take(Float32Array, rows),
    frame: accumulate(take(Int32Array, rows), rows),
    place: accumulate(take(Int16Array, 2 * index.joints * rows), rows),
    confidence: take(Uint8Array, index.joints * rows),
    seen: take(Uint8Array, rows),
    count: rows,
  };
  return { ...people, ...ofPerson(clip), ...inFrames(people.frame, clip.frames) };
}

/** Whose a row is, and where each person's rows begin. */
function ofPerson(clip) {
  const starts = [0];
  for (const count of clip.rows) starts.push(starts.at(-1) + count);
  const person = new Int32Array(starts.at(-1));
  clip.rows.forEach((count, number) => person.fill(number, starts[number], starts[number + 1]));
  return { person, starts };
}

/** The rows of each frame: `sorted` from `offsets[frame]` to `offsets[frame + 1]`. */
function inFrames(frame, length) {
  const offsets = new Int32Array(length + 1);
  for (const f of frame) offsets[f + 1] += 1;
  accumulate(offsets, length + 1);
  const next = offsets.slice();
  const sorted = new Int32Array(frame.length);
  frame.forEach((f, row) => (sorted[next[f]++] = row));
  return { offsets, sorted };
}

const keptPeople = new Map();

/** The people of a clip; those of the last few clips are kept. */
function loadPeople(clip) {
  const kept =
    keptPeople.get(clip) ?? unpack(clip.number + 1).then((data) => parsePeople(data, clip));
  keptPeople.delete(clip);
  keptPeople.set(clip, kept);
  if (keptPeople.size > KEPT_CLIPS) keptPeople.delete(keptPeople.keys().next().value);
  return kept;
}

const clips = await loadClips();
