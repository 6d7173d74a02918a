"""One frame of a camera after the other: state in, state out, all of it arrays of fixed size.

Windows are those of `windows.index_windows` with stride 1, each found with its last detection.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from numpy.typing import NDArray

from stgnf_jax.causal_smoothing import Smoother, new_smoother, smooth_empty, smooth_frame

Array = jax.Array | NDArray[Any]


class Rules(NamedTuple):
    """What does not change from frame to frame.

    Attributes:
      length: T, detections of a window.
      max_absent: as in `index_windows`.
      weight: of a new frame in the smoothed scores, from `causal_smoothing.gain`.
    """

    length: int
    max_absent: int
    weight: float

    @property
    def pending(self) -> int:
        """D, the frames that are kept: the oldest is settled, the others may change.

        A window from frame s speaks for s + T // 2. Unless it has a gap at its end, its last
        detection is in frame s + T - 1 + max_absent at the latest, which is D - 1 frames on.
        """
        return self.length - self.length // 2 + self.max_absent


class StreamState(NamedTuple):
    """What a camera's frames so far have left behind, in S slots of people.

    Attributes:
      keypoints: (S, T, V, 3) float32, the last T detections in each slot, oldest first, in pixels.
      frame: (S, T) int32, their frames, -1 for those before the first.
      newest: () int32, the last frame, -1 before the first.
      lowest: (D,) float32, the lowest score so far of each of the last D frames, `newest` last;
        plus infinity where no one has one.
      smoother: of the settled frames.
    """

    keypoints: jax.Array
    frame: jax.Array
    newest: jax.Array
    lowest: jax.Array
    smoother: Smoother


class Sighting(NamedTuple):
    """The people in one frame, filled up with no one so that few sizes are compiled.

    Attributes:
      frame: () int32, above all before.
      slot: (P,) int32, all different below S; S for no one.
      fresh: (P,) bool, whether the slot's detections so far are another person's.
      keypoints: (P, V, 3) float32, [x, y, confidence] in pixels.
    """

    frame: Array
    slot: Array
    fresh: Array
    keypoints: Array


class Observed(NamedTuple):
    """What a frame makes known.

    Attributes:
      complete: (P,) bool, whether a person's last T detections are a window.
      score: (P,) of that window; not a number that orders anything where it has no size.
      speaks_for: (P,) int32, the frame that the score belongs to.
      settled: (D,) bool, which of the frames below are settled by this one.
      settled_frame: (D,) int32, rising.
      lowest: (D,) their lowest scores, plus infinity where no one has one.
      smoothed: (D,) the same, filtered; NaN before the first finite score.
    """

    complete: Array
    score: Array
    speaks_for: Array
    settled: Array
    settled_frame: Array
    lowest: Array
    smoothed: Array


class _Tracked(NamedTuple):
    """The last T detections of the people of a frame, and whether they are a window."""

    keypoints: jax.Array
    frame: jax.Array
    complete: jax.Array


def empty_state(rules: Rules, max_people: int, num_joints: int) -> StreamState:
    """The state before the first frame."""
    slots = (max_people, rules.length)
    return StreamState(
        keypoints=jnp.zeros((*slots, num_joints, 3), jnp.float32),
        frame=jnp.full(slots, -1, jnp.int32),
        newest=jnp.int32(-1),
        lowest=jnp.full(rules.pending, jnp.inf, jnp.float32),
        smoother=new_smoother(),
    )


def observe(
    state: StreamState,
    sighting: Sighting,
    score: Callable[[jax.Array], jax.Array],
    rules: Rules,
) -> tuple[StreamState, Observed]:
    """Takes in one frame. Pure, so it can be jitted, and vmapped over cameras.

    Args:
      state: what the frames before have left.
      sighting: the frame's people.
      score: from windows in pixels (P, T, V, 3) to (P,); it also gets what is no window yet.
      rules: fixed.
    """
    tracked = _extend(state, sighting, rules)
    scores = score(tracked.keypoints)
    speaks_for = tracked.frame[:, 0] + rules.length // 2
    valid = tracked.complete & (scores < jnp.inf)
    lowest = _lower(state, sighting.frame, speaks_for, jnp.where(valid, scores, jnp.inf))
    smoother, settled = _settle(state, sighting.frame, lowest[0], rules.weight)
    state = StreamState(
        keypoints=state.keypoints.at[sighting.slot].set(tracked.keypoints, mode="drop"),
        frame=state.frame.at[sighting.slot].set(tracked.frame, mode="drop"),
        newest=jnp.asarray(sighting.frame),
        lowest=lowest,
        smoother=smoother,
    )
    return state, Observed(tracked.complete, scores, speaks_for, *settled)


def _extend(state: StreamState, sighting: Sighting, rules: Rules) -> _Tracked:
    """Each person's detections with the new one last, the oldest dropped."""
    before = jnp.where(sighting.fresh[:, None], -1, state.frame[sighting.slot])
    now = jnp.broadcast_to(sighting.frame, (len(before), 1))
    frame = jnp.concatenate([before[:, 1:], now], 1)  # (P, T)
    keypoints = state.keypoints[sighting.slot]
    keypoints = jnp.concatenate([keypoints[:, 1:], sighting.keypoints[:, None]], 1)
    present = (frame - frame[:, :1] < rules.length).sum(1)
    complete = (frame[:, 0] >= 0) & (present >= rules.length - rules.max_absent)
    return _Tracked(keypoints, frame, complete & (sighting.slot < len(state.frame)))


def _lower(state: StreamState, frame: Array, speaks_for: jax.Array, score: jax.Array) -> jax.Array:
    """The lowest scores of the D frames up to `frame`; scores for frames before do not count."""
    pending = len(state.lowest)
    unseen = jnp.full(pending, jnp.inf, jnp.float32)
    moved = jnp.minimum(frame - state.newest, pending)
    kept = jax.lax.dynamic_slice_in_dim(jnp.concatenate([state.lowest, unseen]), moved, pending)
    place = speaks_for - (frame - pending + 1)
    return kept.at[jnp.where(place >= 0, place, pending)].min(score, mode="drop")


def _settle(
    state: StreamState, frame: Array, oldest: jax.Array, weight: float
) -> tuple[Smoother, tuple[jax.Array, jax.Array, jax.Array, jax.Array]]:
    """Filters what is settled: frames that were pending, the empty ones after them, the oldest now.

    Of J new frame numbers, the first J - 1 that were pending and not settled are so now, but for
    those that still are pending.
    """
    pending = len(state.lowest)
    elapsed = frame - state.newest
    number = jnp.arange(1, pending)

    def turn(smoother: Smoother, one: tuple[jax.Array, jax.Array]) -> tuple[Smoother, jax.Array]:
        lowest, settled = one
        after = smooth_frame(smoother, lowest, weight)
        smoother = jax.tree.map(lambda a, b: jnp.where(settled, a, b), after, smoother)
        return smoother, smoother.level

    settled = number < elapsed
    smoother, level = jax.lax.scan(turn, state.smoother, (state.lowest[1:], settled))
    smoother = smooth_empty(smoother, jnp.maximum(elapsed - pending, 0), weight)
    smoother = smooth_frame(smoother, oldest, weight)
    return smoother, (
        jnp.append(settled, True),
        jnp.append(state.newest - pending + 1 + number, frame - pending + 1),
        jnp.append(state.lowest[1:], oldest),
        jnp.append(level, smoother.level),
    )
