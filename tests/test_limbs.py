"""Speeds of limbs, on a figure made by hand."""

import numpy as np
import pytest
from numpy.typing import NDArray

from stgnf_jax.limbs import ARMS, JOINTS, LEGS, STILL, lead, top_speed

LENGTH = 9
# Nose to ankle: 0.2 to the shoulder, 0.3 to the hip, 0.25 to the knee and to the ankle.
_DOWN = {"nose": 0.0, "shoulder": 0.2, "hip": 0.5, "knee": 0.75, "ankle": 1.0, "wrist": 0.5}


def standing() -> NDArray[np.float64]:
    """Somebody who stands still, (1, T, 11, 2), one unit from nose to ankle."""
    y = [_DOWN[name.split()[-1]] for name in JOINTS]
    return np.tile(np.stack([np.zeros(len(y)), np.array(y)], -1), (1, LENGTH, 1, 1))


def moved(*steps: tuple[str, float]) -> NDArray[np.float64]:
    """The same, with joints that move to the right by so much a frame."""
    shape = standing()
    for joint, step in steps:
        shape[:, :, JOINTS.index(joint), 0] += step * np.arange(LENGTH)
    return shape


ALL = tuple(range(len(JOINTS)))


def test_speeds_are_in_body_heights_and_the_leads_beside_the_fastest_of_the_rest() -> None:
    shape = moved(("right wrist", 0.1), ("left wrist", 0.04), ("left ankle", 0.0))
    for size in (1.0, 7.0):
        arms = [top_speed([arm])(size * shape, ALL)[0] for arm in ARMS]
        np.testing.assert_allclose(arms, [0.04, 0.1])
        assert top_speed(ARMS)(size * shape, ALL) == pytest.approx(0.04)
        assert lead(["right arm"], LEGS)(size * shape, ALL) == pytest.approx(0.1 / STILL)
        assert lead(ARMS, LEGS)(size * shape, ALL) == pytest.approx(0.04 / STILL)


def test_a_body_that_moves_as_a_whole_has_no_limb_that_leads() -> None:
    walking = moved(*((joint, 0.1) for joint in JOINTS), ("right wrist", 0.1))
    assert lead(["right arm"], LEGS)(walking, ALL) == pytest.approx(0.1 / (0.1 + STILL))
    assert lead(["left arm"], LEGS)(walking, ALL) == 0


def test_the_fastest_frame_counts_for_the_speed() -> None:
    shape = standing()
    shape[:, LENGTH // 2 :, JOINTS.index("left ankle"), 1] -= 0.3
    assert top_speed(["left leg"])(shape, ALL)[0] == pytest.approx(0.3)
    assert lead(["left leg"], ARMS)(shape, ALL)[0] == pytest.approx(0.3 / (LENGTH - 1) / STILL)
    assert top_speed(["left leg"])(shape[:, :1], ALL) == lead(["left leg"], ARMS)(shape[:, :1], ALL)
