// Where the joints of people lie, and what part of the picture shows them.
const SURE = 0.3 * 255;
const UNSURE = 0.05 * 255; // below, a joint is not drawn

/** Places of a row's joint, in steps of the view. */
function jointAt(people, row, joint) {
  const line = 2 * joint * people.count + row;
  return [people.place[line], people.place[line + people.count]];
}

function rowsInFrame(people, frame) {
  return people.sorted.subarray(people.offsets[frame], people.offsets[frame + 1]);
}

/** A row's joints that are to be drawn, as {x, y, sure}, undefined for the others. */
function jointsOf(people, row, map) {
  return Array.from({ length: index.joints }, (_, joint) => {
    const confidence = people.confidence[joint * people.count + row];
    if (confidence < UNSURE) return undefined;
    const [x, y] = jointAt(people, row, joint);
    return { x: map.left + x * map.scale, y: map.top + y * map.scale, sure: confidence >= SURE };
  });
}

/** The part of the picture to show, in steps: all of it, or where the clip's people are. */
function shownBox(people) {
  const [, , width, height, step] = index.view;
  const all = { left: 0, top: 0, width: width / step, height: height / step };
  return state.fitted && people.count ? (people.box ??= boxOf(people) ?? all) : all;
}

/** The box around nearly all sure joints of a clip, with a margin. */
function boxOf(people) {
  const xs = [];
  const ys = [];
  const every = Math.ceil((people.count * index.joints) / 50000);
  for (let i = 0; i < people.count * index.joints; i += every) {
    if (people.confidence[i] < SURE) continue;
    const [x, y] = jointAt(people, i % people.count, Math.floor(i / people.count));
    xs.push(x);
    ys.push(y);
  }
  if (!xs.length) return null;
  const [left, right] = middleOf(xs);
  const [top, bottom] = middleOf(ys);
  return boxAround(left, top, right, bottom);
}

function middleOf(values) {
  values.sort((a, b) => a - b);
  const cut = Math.floor(values.length / 500);
  return [values[cut], values.at(-1 - cut)];
}
