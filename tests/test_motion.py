"""Measures of movement on the town's acts, and on shapes made by hand."""

import numpy as np
import pytest
from numpy.typing import NDArray

from stgnf_jax.motion import MEASURES, measure_motion
from stgnf_jax.normal_windows import window_shapes
from stgnf_jax.skeleton import COCO_17, OPENPOSE_18, joint_names, make_skeleton
from stgnf_jax.town.camera import make_camera, project
from stgnf_jax.town.paths import Span
from stgnf_jax.town.people import ACTS, walker

LENGTH = 24
FRAMES = 200


def shapes_of(act: str | None, seed: int, first: int) -> NDArray[np.float32]:
    """The window of an act's first person from a frame on, as a camera sees them; (1, T, V, 2)."""
    rng = np.random.default_rng(seed)
    camera = make_camera(rng)
    if act is None:
        person = walker(rng, camera, FRAMES)
    else:
        person = ACTS[act](rng, camera, FRAMES, Span(60, 160))[0]
    pixels, _ = project(camera, person.joints[first : first + LENGTH])
    return window_shapes(pixels[None])


@pytest.fixture(scope="module")
def walking() -> dict[str, float]:
    """What the walkers of 40 windows stay below."""
    found = [measure_motion(shapes_of(None, seed, 100), COCO_17) for seed in range(40)]
    return {name: max(float(one[name][0]) for one in found) for name in found[0]}


@pytest.mark.parametrize(
    ("act", "first", "expected"),
    [
        ("running", 90, {"travel", "swing"}),
        ("falling", 65, {"lean", "shrink"}),
        ("falling", 120, {"lean"}),
        ("waving", 90, {"raised"}),
    ],
)
def test_acts_are_beyond_walking_in_what_fits_them(
    walking: dict[str, float], act: str, first: int, expected: set[str]
) -> None:
    for seed in range(4):
        found = measure_motion(shapes_of(act, seed, first), COCO_17)
        beyond = {name for name, value in found.items() if value[0] > walking[name]}
        assert beyond >= expected, (seed, found, walking)


def test_place_and_size_do_not_count() -> None:
    rng = np.random.default_rng(0)
    keypoints = rng.normal(size=(3, LENGTH, 18, 3)).cumsum(1) + 200
    other = keypoints * 3 + np.array([50.0, -20.0, 0.0])
    found, again = (
        measure_motion(window_shapes(pixels), OPENPOSE_18) for pixels in (keypoints, other)
    )
    assert found.keys() == MEASURES.keys()
    for name, value in found.items():
        np.testing.assert_allclose(again[name], value, rtol=1e-3, atol=1e-3)


def test_a_lean_in_degrees() -> None:
    upright = np.zeros((LENGTH, 17, 2))
    names = joint_names(COCO_17)
    for side, x in (("left", 0.1), ("right", -0.1)):
        upright[:, names.index(f"{side} shoulder")] = (x, -1.0)
        upright[:, names.index(f"{side} ankle")] = (x, 1.0)
    angle = np.radians(30)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    found = measure_motion(np.stack([upright, upright @ turn]), COCO_17)["lean"]
    np.testing.assert_allclose(found, [0, 30], atol=1e-6)


def test_a_skeleton_without_names_has_the_measures_that_need_none() -> None:
    skeleton = make_skeleton("mine", 3, [(0, 1), (1, 2)])
    shape = np.random.default_rng(0).normal(size=(2, LENGTH, 3, 2))
    assert measure_motion(shape, skeleton).keys() == {"travel", "swing", "shrink"}
