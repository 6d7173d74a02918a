from pathlib import Path

import numpy as np
import pytest
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.patches import Rectangle

from stgnf_jax import pictures
from stgnf_jax.pictures import Strip, StripGroup
from stgnf_jax.skeleton import COCO_17, OPENPOSE_18, Skeleton
from tests.pixels import pixels

RANDOM = np.random.default_rng(0)


def fake_strip(caption: str, skeleton: Skeleton = OPENPOSE_18, length: int = 24) -> Strip:
    poses = RANDOM.uniform(300, 400, (length, skeleton.num_joints, 3)).astype(np.float32)
    return Strip(poses, caption)


def group(*strips: Strip) -> StripGroup:
    return StripGroup("walkers", pictures.BLUE, strips)


@pytest.mark.parametrize("skeleton", [OPENPOSE_18, COCO_17], ids=lambda skeleton: skeleton.name)
def test_one_strip_a_window_with_every_bone_of_eight_poses(skeleton: Skeleton) -> None:
    first, second, third = (fake_strip(name, skeleton) for name in "abc")
    figure = pictures.film_strips([group(first, second), group(third)], skeleton)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["a", "b", "c"]
    for axes in figure.axes:
        (bones,) = axes.collections
        assert isinstance(bones, LineCollection)
        assert len(bones.get_segments()) == 8 * len(skeleton.edges)
        assert len(np.asarray(axes.lines[0].get_xdata())) == 8 * skeleton.num_joints


def test_a_strip_keeps_bones_heights_and_scale_and_its_cells() -> None:
    strip = fake_strip("")
    axes = pictures.film_strips([group(strip)], OPENPOSE_18).axes[0]
    drawn = np.asarray(axes.lines[0].get_xydata()).reshape(8, 18, 2)
    true = strip.poses[[0, 3, 7, 10, 13, 16, 20, 23], :, :2]
    np.testing.assert_allclose(drawn[..., 1], true[..., 1])
    np.testing.assert_allclose(np.diff(drawn[..., 0]), np.diff(true[..., 0]), atol=1e-4)
    cells = np.linspace(*axes.get_xlim(), num=9)
    assert (drawn[..., 0] > cells[:-1, None]).all()
    assert (drawn[..., 0] < cells[1:, None]).all()
    bottom, top = axes.get_ylim()
    assert top < drawn[..., 1].min()
    assert drawn[..., 1].max() < bottom
    assert axes.get_aspect() == 1.0


def test_a_low_strip_takes_little_height() -> None:
    lying, standing = np.zeros((2, 24, 18, 2))
    lying[..., 0] = standing[..., 1] = np.arange(18)
    lying[..., 1] = standing[..., 0] = np.arange(18) / 9
    low, high = (
        pictures.film_strips([group(Strip(poses, ""))], OPENPOSE_18).get_size_inches()[1]
        for poses in (lying, standing)
    )
    assert high - low > 0.5


@pytest.mark.parametrize("length", [1, 5])
def test_a_short_window_repeats_poses(tmp_path: Path, length: int) -> None:
    figure = pictures.film_strips([group(fake_strip("", length=length))], OPENPOSE_18)
    image = pixels(figure, tmp_path)
    assert image.shape[1] == 900
    dark = image[..., :3].min(-1) < 0.5
    assert all(dark[:, left : left + 112].any() for left in range(0, 896, 112))


def explained(length: int = 24) -> pictures.ExplainedStrip:
    nll = RANDOM.uniform(0, 1, (length, 18))
    nll[:, 4] += 7  # right wrist
    nll[length // 3, 5] = 30.0  # left shoulder, once
    return pictures.ExplainedStrip(fake_strip("", length=length).poses, nll, "somebody")


def test_the_joints_with_most_of_the_nll_are_named_and_darkest() -> None:
    strip = explained()
    poses, curve, bars = pictures.explained_strips([strip], OPENPOSE_18).axes
    assert poses.get_title(loc="left") == "somebody"
    assert curve.get_title(loc="left") == "by frame: nll, bits / dim"
    assert [text.get_text() for text in bars.get_yticklabels()][-1] == "right wrist"
    widths = [bar.get_width() for bar in bars.patches if isinstance(bar, Rectangle)]
    np.testing.assert_allclose(widths, np.sort(strip.nll.sum(0))[-5:])
    np.testing.assert_allclose(np.asarray(curve.lines[0].get_ydata()), strip.nll.sum(1))
    dots = next(each for each in poses.collections if isinstance(each, PathCollection))
    lightness = np.asarray(dots.get_facecolor())[:, :3].sum(-1).reshape(8, 18)
    assert (lightness.argmin(1) == 4).sum() >= 7


def test_an_alarm_is_drawn_as_what_is_above_the_usual() -> None:
    alarm = pictures.alarm_strip(explained(), [fake_strip("near")], OPENPOSE_18)
    poses, curve, bars, near = alarm.axes
    assert (poses.get_title(loc="left"), near.get_title(loc="left")) == ("somebody", "near")
    assert curve.get_title(loc="left") == "by frame: nll above the usual, bits / dim"
    assert bars.get_xlabel() == "nll above the usual, bits / dim"


@pytest.mark.parametrize("length", [1, 24])
def test_explained_windows_are_drawn(tmp_path: Path, length: int) -> None:
    strips = [explained(length), explained(length)]
    image = pixels(pictures.explained_strips(strips, OPENPOSE_18), tmp_path)
    assert image.shape[1] == 900
