// Scores as text, heights and colours; a page has its own `middle` and `colourEnds`.
const plain = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** A score as text, with a minus sign that is one. */
function scoreText(score, digits = 3) {
  if (Number.isNaN(score)) return "no score";
  if (!Number.isFinite(score)) return "−∞";
  return score.toFixed(Math.abs(score) >= 100 ? 1 : digits).replace("-", "−");
}

function isAlarm(score, threshold) {
  return score <= threshold;
}

/**
 * Scores have long tails, so pictures show them bent: evenly about their middle, and by their
 * logarithm far from it.
 */
function bend(score) {
  return Math.asinh((score - middle.center) / middle.unit);
}

function unbend(value) {
  return middle.center + middle.unit * Math.sinh(value);
}

/** How far a person's score is from one end of the colours to the other: below 0 is an alarm. */
function colourPlace(score, threshold) {
  const [low, high] = colourEnds(threshold);
  if (isAlarm(score, threshold)) {
    return Math.max(-1, -bentShare(score, threshold, low)) - 1e-9;
  }
  return Math.min(1, bentShare(score, threshold, high));
}

/** Where a score lies on the way from a threshold, 0, to an end, 1. */
function bentShare(score, threshold, end) {
  const way = bend(end) - bend(threshold);
  return way ? Math.abs((bend(score) - bend(threshold)) / way) : 1;
}

/** From scores to heights on a picture, from `bottom` for the lowest to `top`. */
function bentScale(low, high, top, bottom) {
  const [from, to] = [bend(low), bend(high)];
  return (score) => top + clamp((to - bend(score)) / (to - from || 1), 0, 1) * (bottom - top);
}
