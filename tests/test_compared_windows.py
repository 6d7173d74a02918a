"""What is said of people of the town, beside its walkers."""

import numpy as np
import pytest
from numpy.typing import NDArray

from stgnf_jax.alarm_words import motion_words
from stgnf_jax.compared_windows import Compared, Reference, make_reference, unusual_motion
from stgnf_jax.evidence import Evidence
from stgnf_jax.motion import measure_motion
from stgnf_jax.normal_windows import Nearest, NormalWindows, window_shapes
from stgnf_jax.skeleton import COCO_17
from stgnf_jax.town import acts
from stgnf_jax.town.camera import make_camera, project
from stgnf_jax.town.figure import Pose, joints, make_body
from stgnf_jax.windows import WindowOrigin
from tests.test_motion import LENGTH, shapes_of

T = np.arange(LENGTH)
BLOW = np.exp(-np.square((T - 12) / 2) / 2)


def strike(pose: Pose) -> None:
    """One blow of the right fist."""
    pose.arms[:, 1, :, 1] = 0.1
    pose.arms[:, 1, :, 0] = np.stack([1.8 * BLOW - 0.3, 1.6 + 0 * T], 1)


def wave(pose: Pose) -> None:
    """The left forearm is up and goes to and fro twice a second."""
    pose.arms[:, 0, :, 1] = np.stack([0.9 + 0 * T, 2.6 + 0.5 * np.sin(np.pi * T / 6)], 1)


def kick(pose: Pose) -> None:
    """One kick of the left leg."""
    pose.legs[:, 0, :, 0] += 1.5 * BLOW[:, None]


def stand(_: Pose) -> None:
    """Nothing."""


def window(act: str, seed: int) -> NDArray[np.float32]:
    """Somebody of the town who walks, runs, falls or waves, or who stands and moves one limb."""
    if act in ("running", "falling", "waving"):
        return shapes_of(act, seed, 90)
    if act == "walk":
        return shapes_of(None, seed, 100)
    rng = np.random.default_rng(seed)
    camera, body = make_camera(rng), make_body(rng)
    pose = acts.fidget(rng, acts.gait(body, np.zeros(LENGTH)), 0.5)
    {"strike": strike, "wave": wave, "kick": kick, "stand": stand}[act](pose)
    heading = np.pi / 2 if act == "wave" else 0.0  # the limb moves across the picture
    pixels, _ = project(camera, joints(body, pose, np.tile([0, 12, heading], (LENGTH, 1))))
    return window_shapes(pixels[None])


@pytest.fixture(scope="module")
def walkers() -> Reference:
    shape = np.concatenate([shapes_of(None, seed, 100) for seed in range(40)])
    number = np.arange(40, dtype=np.int32)
    normal = NormalWindows(
        weights="",
        clips=("a",),
        origin=WindowOrigin(0 * number, number.astype(np.int64), 0 * number),
        shape=shape,
        by_joint=np.random.default_rng(0).normal(size=(40, 17)).astype(np.float32),
        usual=np.zeros((LENGTH, 17), np.float32),
        distance=np.ones(40, np.float32),
    )
    return make_reference(normal, COCO_17)


def words(act: str, seed: int, walkers: Reference) -> str:
    shape = window(act, seed)
    motion = {name: float(value[0]) for name, value in measure_motion(shape, COCO_17).items()}
    evidence = Evidence(np.zeros((LENGTH, 17)), None, np.zeros(17))
    nearest = Nearest(np.array([0]), np.array([1.0]))
    compared = Compared(shape[0], T, 0.0, evidence, motion, nearest)
    return " ".join(motion_words(unusual_motion(compared, walkers)))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("act", "said", "unsaid"),
    [
        ("strike", "moves the right arm", ("left arm", "both", "leg ", "gets along", "leans")),
        ("wave", "moves the left arm", ("right arm", "both", "leg ", "gets along", "leans")),
        ("kick", "moves the left leg", ("arm ", "both", "right leg", "gets along", "leans")),
        ("waving", "moves both arms", ("left arm", "right arm", "leg ", "gets along")),
        ("running", "gets along", ("arm ", "leg ", "both")),
        ("falling", "leans by up to", ("times as fast as",)),
    ],
)
def test_the_limb_that_moves_is_named(
    walkers: Reference, act: str, said: str, unsaid: tuple[str, ...], seed: int
) -> None:
    found = words(act, seed, walkers)
    assert said in found
    assert not [word for word in unsaid if word in found], found
    if act in ("strike", "wave", "kick"):
        assert "of the body's height a frame" in found


@pytest.mark.parametrize("act", ["stand", "walk"])
def test_nothing_is_said_of_those_who_stand_or_walk(walkers: Reference, act: str) -> None:
    assert [words(act, seed, walkers) for seed in range(100, 106)] == [""] * 6
