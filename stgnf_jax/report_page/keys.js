// What each key does.
const SECOND = Math.round(index.fps);
const KEYS = [
  { keys: [" "], shown: "space", text: "play or pause", act: () => play(!state.playing) },
  {
    keys: ["ArrowLeft"],
    shown: "←",
    text: "a frame back; with shift a second",
    act: (shift) => step(shift ? -SECOND : -1),
  },
  {
    keys: ["ArrowRight"],
    shown: "→",
    text: "a frame on; with shift a second",
    act: (shift) => step(shift ? SECOND : 1),
  },
  { keys: ["Home"], shown: "home", text: "first frame", act: () => step(-Infinity) },
  { keys: ["End"], shown: "end", text: "last frame", act: () => step(Infinity) },
  { keys: ["n"], shown: "n", text: "next alarm or anomaly", act: () => jump(1) },
  { keys: ["p"], shown: "p", text: "previous alarm or anomaly", act: () => jump(-1) },
  { keys: ["["], shown: "[", text: "previous clip of the list", act: () => moveClip(-1) },
  { keys: ["]"], shown: "]", text: "next clip of the list", act: () => moveClip(1) },
  { keys: ["+", "="], shown: "+", text: "show less of the timeline", act: () => zoom(0.5) },
  { keys: ["-"], shown: "−", text: "show more of the timeline", act: () => zoom(2) },
  { keys: ["0"], shown: "0", text: "show the whole clip", act: CLICKS["zoom-all"] },
  {
    keys: ["z"],
    shown: "z",
    text: "zoom to where people are",
    act: () => update({ fitted: !state.fitted }),
  },
  { keys: ["Escape"], shown: "esc", text: "follow nobody", act: () => update({ person: -1 }) },
  { keys: ["d"], shown: "d", text: "light or dark", act: toggleTheme },
  { keys: ["?"], shown: "?", text: "this help", act: CLICKS["open-help"] },
];
