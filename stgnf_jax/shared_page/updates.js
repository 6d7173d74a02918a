// A page has one `state`. Whatever changes it goes through `update`, and what depends on the names
// that have changed is drawn once, before the browser's next picture.
const listeners = [];
let changed = new Set();

function on(names, draw) {
  listeners.push({ names, draw });
}

function update(changes) {
  const scheduled = changed.size > 0;
  for (const [name, value] of Object.entries(changes)) {
    if (!Object.is(state[name], value)) changed.add(name);
    state[name] = value;
  }
  if (changed.size && !scheduled) requestAnimationFrame(render);
}

function render() {
  const now = changed;
  changed = new Set();
  for (const { names, draw } of listeners) if (names.some((name) => now.has(name))) draw();
}

function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}
