"""The pure core, with a score that can be followed by hand: x of the window's last detection."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stgnf_jax.causal_smoothing import gain
from stgnf_jax.stream_state import (
    Observed,
    Rules,
    Sighting,
    StreamState,
    empty_state,
    observe,
)

# A window of 4 detections from frame s speaks for s + 2; with 1 absent it ends in s + 4 at most.
RULES = Rules(length=4, max_absent=1, weight=gain(1.0))


def last_x(windows: jax.Array) -> jax.Array:
    return windows[:, -1, 0, 0]


STEP = jax.jit(lambda state, sighting: observe(state, sighting, last_x, RULES))


def see(state: StreamState, frame: int, *people: tuple[int, float]) -> tuple[StreamState, Observed]:
    """One frame with people as (slot, x), filled up to two."""
    padded = [*people, *[(3, 0.0)] * (2 - len(people))]
    x = np.array([x for _, x in padded], np.float32)
    slot = np.array([slot for slot, _ in padded], np.int32)
    keypoints = np.broadcast_to(x[:, None, None], (2, 5, 3))
    return STEP(state, Sighting(np.asarray(frame, np.int32), slot, np.zeros(2, bool), keypoints))


def start() -> StreamState:
    return empty_state(RULES, max_people=3, num_joints=5)


def settled(observed: Observed) -> list[tuple[int, float]]:
    frames = zip(observed.settled_frame, observed.lowest, observed.settled, strict=True)
    return [(int(frame), float(lowest)) for frame, lowest, now in frames if now]


def run(frames: dict[int, float]) -> dict[int, tuple[int, float]]:
    """One person: frame in which a window was complete -> what it speaks for, and score."""
    state, found = start(), {}
    for frame, x in frames.items():
        state, observed = see(state, frame, (0, x))
        if observed.complete[0]:
            found[frame] = (int(observed.speaks_for[0]), float(observed.score[0]))
    return found


def test_a_window_is_complete_with_its_last_detection() -> None:
    assert run(dict.fromkeys(range(6), 1.5)) == {3: (2, 1.5), 4: (3, 1.5), 5: (4, 1.5)}


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        ((0, 1, 2, 4), {4: (2, 4.0)}),  # 3 is absent
        ((0, 2, 3, 4), {4: (2, 4.0)}),  # 1 is
        ((0, 1, 4, 5), {}),  # 2 and 3 are
        ((0, 1, 2, 90), {90: (2, 90.0)}),  # only 3 is: the last may lie anywhere
        ((0, 1, 2, 90, 91, 92, 93), {90: (2, 90.0), 93: (92, 93.0)}),
    ],
)
def test_gaps(frames: tuple[int, ...], expected: dict[int, tuple[int, float]]) -> None:
    assert run({frame: float(frame) for frame in frames}) == expected


def test_frames_are_settled_in_order_with_the_lowest_person() -> None:
    # D = 4 - 2 + 1 = 3: frame n settles n - 2.
    state, found = start(), []
    for frame in range(8):
        state, observed = see(state, frame, (0, 10.0 + frame), (1, 20.0 - frame))
        found += settled(observed)
    expected = {2: 13.0, 3: 14.0, 4: 15.0, 5: 14.0}  # from frames 3, 4, 5, 6
    assert [frame for frame, _ in found] == list(range(-2, 6))
    assert {frame: lowest for frame, lowest in found if lowest < np.inf} == expected


def test_a_jump_settles_what_was_pending() -> None:
    state = start()
    for frame in range(6):
        state, observed = see(state, frame, (0, float(frame)))
    assert settled(observed) == [(3, 4.0)]
    jumped, observed = see(state, 7)
    assert settled(observed) == [(4, 5.0), (5, np.inf)]
    jumped, observed = see(state, 1000)
    assert settled(observed) == [(4, 5.0), (5, np.inf), (998, np.inf)]
    # Frames 6 to 998 went by without a score.
    assert jumped.smoother.level == pytest.approx(5.0)
    assert jumped.newest == 1000


def test_every_number_smooths_the_same_as_a_jump() -> None:
    state = start()
    for frame, x in enumerate([9.0, 9.0, 9.0, 9.0, 2.0, 1.0]):
        state, _ = see(state, frame, (0, x))
    jumped, _ = see(state, 20)
    for frame in range(6, 21):
        state, _ = see(state, frame)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6), jumped, state)


def test_a_window_of_a_settled_frame_does_not_change_it() -> None:
    state = start()
    for frame in (0, 1, 2):
        state, _ = see(state, frame, (0, 5.0))
    state, observed = see(state, 5, (0, -7.0))
    assert observed.complete.tolist() == [True, False]
    assert int(observed.speaks_for[0]) == 2
    assert settled(observed)[-1] == (3, np.inf)
    assert all(lowest == np.inf for _, lowest in settled(observed))


def test_another_person_in_a_slot_starts_anew() -> None:
    state = start()
    for frame in range(3):
        state, _ = see(state, frame, (0, 1.0))
    sighting = Sighting(
        np.asarray(3, np.int32),
        np.array([0, 3], np.int32),
        np.array([True, False]),
        np.zeros((2, 5, 3), np.float32),
    )
    state, observed = STEP(state, sighting)
    assert not observed.complete.any()
    assert state.frame[0].tolist() == [-1, -1, -1, 3]


def test_a_score_that_is_no_number_counts_for_no_one() -> None:
    state = start()
    for frame in range(4):
        state, observed = see(state, frame, (0, np.nan), (1, 3.0))
    assert observed.complete.all()
    assert state.lowest.tolist() == [np.inf, 3.0, np.inf]


def test_the_state_keeps_its_shapes() -> None:
    state = start()
    shapes = jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), state)
    for frame in (0, 1, 2, 50, 60):
        state, _ = see(state, frame, (0, 1.0), (2, 2.0))
        assert jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), state) == shapes


def test_cameras_side_by_side() -> None:
    rng = np.random.default_rng(0)
    single = [start(), start()]
    both = jax.tree.map(lambda *leaves: jnp.stack(leaves), *single)
    together = jax.jit(jax.vmap(lambda a, b: observe(a, b, last_x, RULES)))
    for frame in range(6):
        sightings = [
            Sighting(
                np.asarray(frame * (camera + 1), np.int32),
                np.array([0, 1], np.int32),
                np.zeros(2, bool),
                rng.normal(size=(2, 5, 3)).astype(np.float32),
            )
            for camera in range(2)
        ]
        both, observed = together(both, jax.tree.map(lambda *x: np.stack(x), *sightings))
        for camera, sighting in enumerate(sightings):
            single[camera], alone = STEP(single[camera], sighting)
            mine = jax.tree.map(lambda leaf, i=camera: leaf[i], (both, observed))
            jax.tree.map(np.testing.assert_array_equal, mine, (single[camera], alone))
