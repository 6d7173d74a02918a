"""Live scores of a camera: frames in, scores out, as soon as there are any.

For instance, with `models = load_members("demo_out/run")` and frames of class `Frame`:
`stream = stream_scorer(models, "nll")`, `camera = stream.init()`, and from then on, frame by
frame, `camera, scores = stream.update(camera, frame)`.
"""

import bisect
import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import numpy as np
from numpy.typing import NDArray

from stgnf_jax.causal_smoothing import gain
from stgnf_jax.live_scores import Frame, LiveScores, SettledFrame, live_scores
from stgnf_jax.model import Model
from stgnf_jax.pose_json import LARGEST_VALUE
from stgnf_jax.set_scoring import window_scorer
from stgnf_jax.skeleton import Skeleton, source_weights
from stgnf_jax.slots import Assigned, Slots, assign, empty_slots
from stgnf_jax.stream_state import Observed, Rules, Sighting, StreamState, empty_state, observe

# Numbers of people that programs are made for; fewer are filled up.
SIZES = (1, 4, 8, 24)
# Frame numbers of 32 bits, with room for the few that settle the last ones.
LARGEST_FRAME = 2**31 - 2**16


class StreamSettings(NamedTuple):
    """How a stream is scored.

    Attributes:
      max_absent: how many frames may be missing in a window, as in training.
      max_people: S, how many people of a camera are remembered at once.
      smoothing: frames in which the filter of the frame scores forgets by a factor of e.
    """

    max_absent: int = 2
    max_people: int = 64
    smoothing: float = 10.0


class CameraState(NamedTuple):
    """What one camera's frames have left behind; arrays of a size that never changes.

    Attributes:
      slots: which person is in which slot.
      state: the detections in each slot, and the scores that are not settled.
    """

    slots: Slots
    state: StreamState


class StreamScorer(NamedTuple):
    """Three functions, none of which changes what it is given.

    Attributes:
      init: the state of a camera before its first frame.
      update: takes in a frame; raises ValueError where an array has another shape, a keypoint is
        not finite or above 1e9, or a person stands twice.
      finish: the frames that are settled when no other comes.
    """

    init: Callable[[], CameraState]
    update: Callable[[CameraState, Frame], tuple[CameraState, LiveScores]]
    finish: Callable[[CameraState], tuple[SettledFrame, ...]]


Step = Callable[[StreamState, Sighting], tuple[StreamState, Observed]]


def stream_scorer(
    models: Sequence[Model],
    kind: str,
    settings: StreamSettings = StreamSettings(),  # noqa: B008 -- it cannot be changed
) -> StreamScorer:
    """Scores of one camera, or of several, each with a state of its own.

    A person's score is that of `evaluation.score` with the same models, up to rounding, and so is
    a frame's but for scores that are `late`. All programs are compiled here, so that nothing is
    when people come and go.

    Args:
      models: the members of an ensemble, or one model.
      kind: a name in `SCORES`.
      settings: the rest.

    Raises:
      ValueError: a setting out of its range.
    """
    if settings.max_absent < 0 or settings.max_people < 1 or not settings.smoothing > 0:
        raise ValueError(
            f"max_absent must be at least 0, max_people and smoothing above 0, got {settings}"
        )
    config, most = models[0].config, settings.max_people
    rules = Rules(config.segment_length, settings.max_absent, gain(settings.smoothing))
    score = window_scorer(kind, models)
    step = jax.jit(lambda state, sighting: observe(state, sighting, score, rules))
    sizes = (*(size for size in SIZES if size < most), most)
    no_one = Frame(0, np.zeros(0, np.int64), np.zeros((0, config.skeleton.num_joints, 3)))

    def init() -> CameraState:
        state = empty_state(rules, most, config.skeleton.num_joints)
        return CameraState(empty_slots(most), state)

    update = functools.partial(_update, step, config.skeleton, sizes)

    def finish(camera: CameraState) -> tuple[SettledFrame, ...]:
        last = int(camera.state.newest) + rules.pending - 1
        return update(camera, no_one._replace(number=last))[1].frames

    for size in sizes:  # compiles
        slot = np.full(size, most, np.int32)
        keypoints = np.zeros((size, config.skeleton.num_joints, 3), np.float32)
        jax.block_until_ready(
            step(init().state, Sighting(np.asarray(0, np.int32), slot, slot == most, keypoints))
        )
    return StreamScorer(init, update, finish)


def _update(
    step: Step, skeleton: Skeleton, sizes: Sequence[int], camera: CameraState, frame: Frame
) -> tuple[CameraState, LiveScores]:
    newest = int(camera.state.newest)
    if frame.number <= newest:
        return camera, LiveScores(frame.number, "duplicate" if frame.number == newest else "late")
    keypoints = _joints(frame, skeleton)
    slots, assigned = assign(camera.slots, frame.person, frame.number)
    placed = assigned.slot < sizes[-1]
    sighting = _fill_up(frame.number, assigned, keypoints, placed, sizes)
    state, observed = step(camera.state, sighting)
    arrays = Observed(*map(np.asarray, observed))
    scores = live_scores(frame.number, frame.person[placed], arrays)
    left_out = len(placed) - int(placed.sum())
    return CameraState(slots, state), scores._replace(without_slot=left_out)


def _fill_up(
    frame: int,
    assigned: Assigned,
    keypoints: NDArray[np.float32],
    placed: NDArray[np.bool_],
    sizes: Sequence[int],
) -> Sighting:
    """Those who have a slot, and no one in addition, until one of the sizes is reached."""
    people = int(placed.sum())
    more = sizes[bisect.bisect_left(sizes, people)] - people
    no_one = np.full(more, sizes[-1], np.int32)
    made_up = np.zeros((more, *keypoints.shape[1:]), np.float32)
    return Sighting(
        np.asarray(frame, np.int32),
        np.concatenate([assigned.slot[placed], no_one]),
        np.concatenate([assigned.fresh[placed], no_one > 0]),
        np.concatenate([keypoints[placed], made_up]),
    )


def _joints(frame: Frame, skeleton: Skeleton) -> NDArray[np.float32]:
    """The joints of the skeleton, (P, V, 3); checks the frame."""
    keypoints, people = np.asarray(frame.keypoints), len(frame.person)
    in_file, joints = skeleton.num_file_joints, skeleton.num_joints
    if keypoints.shape not in ((people, in_file, 3), (people, joints, 3)):
        raise ValueError(f"keypoints must be ({people}, {in_file}, 3), got {keypoints.shape}")
    if len(set(frame.person.tolist())) < people or (frame.person < 0).any():
        raise ValueError(f"person must hold numbers from 0, each once, got {frame.person}")
    if not (np.abs(keypoints) <= LARGEST_VALUE).all():
        raise ValueError(f"keypoints must be numbers of size {LARGEST_VALUE:g} at most")
    if not 0 <= frame.number < 2**31 - 1:
        raise ValueError(f"number must be from 0 to {LARGEST_FRAME}, got {frame.number}")
    if keypoints.shape[1] == in_file:
        keypoints = source_weights(skeleton) @ keypoints.astype(np.float64)
    return keypoints.astype(np.float32)
