// The timeline: its layer with the cursor on top, and what the mouse does to it.
function drawTimeline() {
  const { context, width, height } = prepare(byId("timeline"));
  context.drawImage(timelineLayer, 0, 0, width, height);
  const scale = timelineScale(width, height);
  const x = scale.x(state.frame + 0.5);
  if (x < MARGIN.left - 1 || x > scale.right + 1) return;
  context.fillStyle = context.strokeStyle = colours.ink;
  context.fillRect(x - 0.75, 2, 1.5, scale.bottom + STRIP);
  drawDot(context, { x, y: scale.y(currentClip().scores[state.frame]) }, 4.5);
  context.beginPath();
  context.moveTo(x - 6, 0);
  context.lineTo(x + 6, 0);
  context.lineTo(x, 8);
  context.fill();
}

function describeFrame() {
  const timeline = byId("timeline");
  const { score, words } = verdict();
  timeline.setAttribute("aria-valuemax", String(currentClip().frames - 1));
  timeline.setAttribute("aria-valuenow", String(state.frame));
  const place = `frame ${state.frame} of ${currentClip().frames}`;
  timeline.setAttribute(
    "aria-valuetext",
    [place, `score ${scoreText(score)}`, ...words].join(", "),
  );
}

function setUpTimeline() {
  const canvas = byId("timeline");
  const here = () => timelineScale(canvas.clientWidth, canvas.clientHeight);
  onDrag(
    canvas,
    ({ x }) => (x < MARGIN.left - 2 ? "threshold" : "frame"),
    ({ x, y }, held) => {
      if (held === "frame") showFrame(Math.floor(clamp(here().frame(x), ...state.range)));
      else update({ threshold: here().score(clamp(y, MARGIN.top, here().bottom)) });
    },
  );
  canvas.addEventListener("pointermove", ({ offsetX }) => {
    canvas.style.cursor = offsetX < MARGIN.left - 2 ? "ns-resize" : "crosshair";
  });
  canvas.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const [start, end] = state.range;
      if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        const pixels = event.deltaX || event.deltaY;
        update({
          range: rangeAround(start + (pixels / here().across) * (end - start), end - start),
        });
      } else zoom(1.2 ** Math.sign(event.deltaY), here().frame(event.offsetX));
    },
    { passive: false },
  );
  on(["clip", "people", "person", "range", "threshold", "theme", "size"], drawTimelineLayer);
  on(["clip", "people", "person", "range", "threshold", "theme", "size", "frame"], drawTimeline);
  on(["clip", "frame", "threshold"], describeFrame);
}
