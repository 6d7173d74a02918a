"""What a score does not depend on: a window's place and size, the order of people and of clips."""

import functools
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stgnf_jax.evaluation import Scored
from stgnf_jax.pose_input import as_tracks
from stgnf_jax.pose_model import PoseModel
from stgnf_jax.poses import Tracks
from stgnf_jax.set_scoring import pixel_scorer
from tests.profiles import examples
from tests.small import FLOW, random_model, walk


@functools.cache
def model() -> PoseModel:
    return PoseModel(*random_model())


@functools.cache
def live() -> Callable[[np.ndarray], np.ndarray]:
    return pixel_scorer(random_model(), most=8)


def pose(x: np.ndarray, scale: float, place: tuple[float, float]) -> np.ndarray:
    """x of the skeleton's joints moved and resized; confidence stays."""
    return np.concatenate([scale * x[..., :2] + np.array(place), x[..., 2:]], -1)


pixels = st.floats(-2000, 2000)


@examples(60)
@given(scale=st.floats(0.01, 100), place=st.tuples(pixels, pixels), seed=st.integers(0, 5))
def test_place_and_size_of_a_window(scale: float, place: tuple[float, float], seed: int) -> None:
    x = walk(seed)
    expected = model().score([x]).windows.score
    found = model().score([pose(x, scale, place)]).windows.score
    np.testing.assert_allclose(found, expected, rtol=2e-4)


@examples(60)
@given(scale=st.floats(0.01, 100), place=st.tuples(pixels, pixels), seed=st.integers(0, 5))
def test_place_and_size_of_a_live_window(
    scale: float, place: tuple[float, float], seed: int
) -> None:
    x = np.random.default_rng(seed).uniform(0, 200, (3, *FLOW.event_shape[:2], 3))
    score = live()
    np.testing.assert_allclose(score(pose(x, scale, place)), score(x), rtol=2e-4)


def clips(order: list[int], people: dict[int, list[int]]) -> Tracks:
    """Clips of walkers, as tracks in the order of the clips."""
    parts = [
        as_tracks([walk(10 * clip + person) for person in people[clip]], FLOW.skeleton)
        for clip in order
    ]
    lengths = np.concatenate([np.diff(one.offsets) for one in parts])
    return Tracks(
        keypoints=np.concatenate([one.keypoints for one in parts]),
        score=np.concatenate([one.score for one in parts]),
        frame=np.concatenate([one.frame for one in parts]),
        person=np.concatenate([people[clip] for clip in order]).astype(np.int64),
        clip=np.repeat(np.arange(len(order), dtype=np.int32), [len(people[c]) for c in order]),
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
        clips=tuple(f"clip {clip}" for clip in order),
    )


def frames_of(scored: Scored) -> dict[str, np.ndarray]:
    frames = scored.frames
    return {name: frames.raw[frames.frames(i)] for i, name in enumerate(frames.clips)}


PEOPLE: dict[int, list[int]] = {0: [1, 2, 3], 1: [4], 2: [5, 6]}


@examples(20)
@given(order=st.permutations([0, 1, 2]), data=st.data())
def test_the_order_of_people_and_clips(order: list[int], data: st.DataObject) -> None:
    people: dict[int, list[int]] = {
        clip: data.draw(st.permutations(PEOPLE[clip])) for clip in PEOPLE
    }
    expected = frames_of(model().score(clips([0, 1, 2], PEOPLE)))
    found = frames_of(model().score(clips(order, people)))
    assert found.keys() == expected.keys()
    for clip, raw in expected.items():
        np.testing.assert_allclose(found[clip], raw, rtol=1e-5)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_person_s_score_is_theirs_alone(dtype: type) -> None:
    people: list[np.ndarray] = [walk(seed).astype(dtype) for seed in range(4)]
    together = model().score(people).windows
    alone = [model().score([one]).windows.score for one in people]
    np.testing.assert_allclose(together.score, np.concatenate(alone), rtol=1e-5)
