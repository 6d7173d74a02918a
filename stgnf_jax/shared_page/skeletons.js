// People, drawn: joints are {x, y, sure}, undefined where they are not known.

/** The part of a picture to show for what lies between edges: that, with a margin. */
function boxAround(left, top, right, bottom) {
  const margin = 0.06 * Math.max(right - left, bottom - top, 1);
  return {
    left: left - margin,
    top: top - margin,
    width: right - left + 2 * margin,
    height: bottom - top + 2 * margin,
  };
}

function mapTo(box, width, height) {
  const scale = Math.min(width / box.width, height / box.height);
  return {
    scale,
    left: (width - box.width * scale) / 2 - box.left * scale,
    top: (height - box.height * scale) / 2 - box.top * scale,
  };
}

function centerOf(joints) {
  const known = joints.filter(Boolean);
  if (!known.length) return null;
  const sum = known.reduce((total, { x, y }) => ({ x: total.x + x, y: total.y + y }), {
    x: 0,
    y: 0,
  });
  return { x: sum.x / known.length, y: sum.y / known.length };
}

function drawDot(context, { x, y }, radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

/** A person; `below` is whether they score the threshold or less. */
function drawBody(context, bones, { joints, colour, below, chosen }) {
  context.lineCap = context.lineJoin = "round";
  if (chosen) drawBones(context, bones, joints, colours.ink, 8, 0.25);
  drawBones(context, bones, joints, colour, below ? 3.5 : 2.2, 1);
  context.fillStyle = colour;
  for (const joint of joints) {
    if (!joint) continue;
    context.globalAlpha = joint.sure ? 1 : 0.3;
    drawDot(context, joint, below ? 2.6 : 2);
  }
  context.globalAlpha = 1;
}

function drawBones(context, bones, joints, colour, width, alpha) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  for (const sure of [false, true]) {
    context.globalAlpha = sure ? alpha : 0.3 * alpha;
    context.beginPath();
    for (const [from, to] of bones) {
      const [a, b] = [joints[from], joints[to]];
      if (!a || !b || (a.sure && b.sure) !== sure) continue;
      context.moveTo(a.x, a.y);
      context.lineTo(b.x, b.y);
    }
    context.stroke();
  }
  context.globalAlpha = 1;
}

/** A text above a person. */
function drawLabel(context, joints, text, chosen) {
  const known = joints.filter(Boolean);
  if (!known.length) return;
  const top = known.reduce((highest, joint) => (joint.y < highest.y ? joint : highest));
  context.font = chosen ? `600 ${FONT}` : FONT;
  context.textAlign = "center";
  context.lineWidth = 3;
  context.strokeStyle = colours.panel;
  context.fillStyle = chosen ? colours.ink : colours.soft;
  context.strokeText(text, top.x, top.y - 9);
  context.fillText(text, top.x, top.y - 9);
}
