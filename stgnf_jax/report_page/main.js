// Puts the page together.
function writeHeadline() {
  byId("headline").append(
    ...index.headline.map(([name, value]) =>
      element(
        "div",
        {},
        element("dt", { textContent: name }),
        element("dd", { textContent: value }),
      ),
    ),
  );
}

function writeFactTables() {
  for (const [title, rows] of index.facts) {
    const lines = rows.map(([name, value]) =>
      element(
        "tr",
        {},
        element("th", { scope: "row", textContent: name }),
        element("td", { textContent: value }),
      ),
    );
    byId("facts").append(
      element("h3", { textContent: title }),
      element("table", {}, element("tbody", {}, ...lines)),
    );
  }
}

function changeTheme() {
  readColours();
  update({ theme: document.documentElement.dataset.theme });
}

for (const hidden of document.querySelectorAll("[data-truth]")) hidden.hidden = !index.truth;
readColours();
document.addEventListener("theme", changeTheme);
for (const setUp of [
  setUpClips,
  setUpPlayer,
  setUpPeople,
  setUpTimeline,
  setUpMinimap,
  setUpThreshold,
  setUpControls,
  setUpKeys,
])
  setUp();
writeHeadline();
writeFactTables();
new ResizeObserver(() => update({ size: state.size + 1 })).observe(document.body);
for (const id of ["stage", "timeline"])
  new ResizeObserver(() => update({ size: state.size + 1 })).observe(byId(id));
for (const { draw } of listeners) draw();
const first = clips[lowestScores.indexOf(lowestScores.reduce((a, b) => Math.min(a, b)))];
showClip(first.number, firstFrame(first));

// For tests, and for the curious: what the page shows now.
window.stgnf = Object.freeze({
  state: () => ({ ...state, people: null }),
  drawn: () =>
    drawn.map(({ row, joints, colour }) => ({
      person: currentClip().people[state.people.person[row]],
      score: state.people.score[row],
      colour,
      joints,
    })),
  counts: () => ({ ...sums }),
});
