// Puts the page together.
const TICK = 200; // milliseconds between two looks at what changes slowly

function changeTheme() {
  readColours();
  update({ theme: document.documentElement.dataset.theme });
}

function tick() {
  listen();
  forget();
  findMiddle();
  update({ clock: state.clock + 1 });
}

readColours();
document.addEventListener("theme", changeTheme);
byId("fit").addEventListener("click", toggleFit);
byId("theme").addEventListener("click", toggleTheme);
byId("open-help").addEventListener("click", openHelp);
setUpKeys();
on(["cameras"], fillTiles);
on(["cameras", "chosen"], markChosen);
on(["theme", "size", "fitted", "chosen"], () => drawStages(true));
on(["news"], () => drawStages(false));
on(["clock", "cameras", "theme", "size"], writeTiles);
on(["alarms", "cameras"], fillAlarms);
on(["clock"], writeHeadline);
on(["connection"], writeConnection);
on(["errors"], writeTrouble);
on(["fitted"], () => byId("fit").setAttribute("aria-pressed", String(state.fitted)));
for (const { draw } of listeners) draw();
setInterval(tick, TICK);
connect();

// For tests, and for the curious: what the page shows now.
window.stgnf = Object.freeze({
  state: () => ({ ...state, cameras: Object.fromEntries(state.cameras) }),
  drawn: () => Object.fromEntries(drawn),
  lags: () => lags.splice(0),
});
