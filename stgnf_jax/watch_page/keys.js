// What each key does.
const KEYS = [
  { keys: ["]"], shown: "]", text: "the next camera, large", act: () => moveChoice(1) },
  { keys: ["["], shown: "[", text: "the camera before, large", act: () => moveChoice(-1) },
  { keys: ["Escape"], shown: "esc", text: "all cameras alike", act: () => choose(null) },
  { keys: ["z"], shown: "z", text: "zoom to where people are", act: toggleFit },
  { keys: ["d"], shown: "d", text: "light or dark", act: toggleTheme },
  { keys: ["?"], shown: "?", text: "this help", act: openHelp },
];

function toggleFit() {
  update({ fitted: !state.fitted });
}

function openHelp() {
  byId("help").showModal();
}
