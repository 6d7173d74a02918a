from pathlib import Path
from xml.etree import ElementTree

import matplotlib.image
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from stgnf_jax import pictures
from stgnf_jax.metrics import RocCurve, roc_curve
from stgnf_jax.pictures import AblationPoint
from stgnf_jax.scoring import FrameScores
from stgnf_jax.skeleton import COCO_17, OPENPOSE_18, Skeleton

RANDOM = np.random.default_rng(0)


def fake_scores(*lengths: int) -> FrameScores:
    offsets = np.concatenate(([0], np.cumsum(lengths)))
    scored = np.ones(offsets[-1], bool)
    scored[:3] = False
    score = RANDOM.normal(size=offsets[-1])
    clips = tuple(f"clip{i}" for i in range(len(lengths)))
    return FrameScores(clips, offsets, scored, score, score / 2)


def fake_strip(score: float, skeleton: Skeleton = OPENPOSE_18, length: int = 24) -> pictures.Strip:
    poses = RANDOM.uniform(300, 400, (length, skeleton.num_joints, 3)).astype(np.float32)
    return pictures.Strip(poses, score, "01_0001", 3, 17)


def shaded(axes: Axes) -> list[tuple[float, float]]:
    spans = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    return [(span.get_x(), span.get_x() + span.get_width()) for span in spans]


def pixels(figure: Figure, folder: Path) -> NDArray[np.float32]:
    """The figure's PNG, (height, width, 4), from 0 to 1."""
    png, _ = pictures.save(figure, folder / "picture")
    return np.asarray(matplotlib.image.imread(png), np.float32)


def test_abnormal_runs_are_shaded_and_no_others() -> None:
    normal = np.array([0, 0, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0], bool)
    first, second, third = pictures.score_curves(fake_scores(6, 5, 4), [0, 1, 2], normal).axes
    assert shaded(first) == [(-0.5, 1.5), (3.5, 4.5)]
    assert shaded(second) == []
    assert shaded(third) == [(2.5, 3.5)]


def test_curves_are_the_scores_of_the_clips_asked_for() -> None:
    scores = fake_scores(6, 5, 4)
    axes = pictures.score_curves(scores, [2, 0]).axes
    assert [each.get_title(loc="left") for each in axes] == ["clip2", "clip0"]
    raw, smoothed = axes[1].lines
    np.testing.assert_array_equal(raw.get_ydata(), [np.nan] * 3 + scores.raw[3:6].tolist())
    np.testing.assert_array_equal(smoothed.get_ydata(), scores.smoothed[:6])
    np.testing.assert_array_equal(axes[0].lines[1].get_ydata(), scores.smoothed[11:])


@pytest.mark.parametrize("abnormal", [True, False])
def test_the_legend_names_each_thing_once(abnormal: bool) -> None:
    scores = fake_scores(6, 5)
    normal = np.zeros(11, bool) if abnormal else None
    (legend,) = pictures.score_curves(scores, [0, 1], normal).legends
    labels = [text.get_text() for text in legend.get_texts()]
    expected = ["before smoothing", "frame score"]
    assert labels == (["abnormal (ground truth)", *expected] if abnormal else expected)


def test_score_curves_decode_at_full_width_with_the_shade_inside(tmp_path: Path) -> None:
    normal = np.ones(100, bool)
    normal[40:60] = False
    flat = fake_scores(100)._replace(raw=np.zeros(100), smoothed=np.zeros(100))
    figure = pictures.score_curves(flat, [0], normal)
    image = pixels(figure, tmp_path)
    assert image.shape == (250, 900, 4)
    (axes,) = figure.axes
    height = axes.get_ylim()[1] / 2  # Clear of the curve.
    (left, row), (right, _) = axes.transData.transform([(39.5, height), (59.5, height)])
    red_less_blue = image[250 - int(row), :, 0] - image[250 - int(row), :, 2]
    orange = np.flatnonzero(red_less_blue > 0.15)
    assert abs(orange.min() - left) <= 1
    assert abs(orange.max() + 1 - right) <= 1
    assert len(orange) == orange.max() - orange.min() + 1


def test_a_clip_of_one_frame_is_drawn(tmp_path: Path) -> None:
    image = pixels(pictures.score_curves(fake_scores(4, 1), [1]), tmp_path)
    assert image.shape == (250, 900, 4)


def test_telling_clips_have_both_kinds_of_frames_and_move_most() -> None:
    scores = fake_scores(4, 4, 4, 0, 4)
    height = np.repeat([9.0, 1.0, 2.0, 3.0], 4)
    scores = scores._replace(smoothed=np.tile([0.0, 1, 0, 0], 4) * height)
    normal = np.array([1, 1, 1, 1, 0, 1, 1, 1, 0, 0, 1, 1, 0, 1, 1, 0], bool)
    assert pictures.telling_clips(scores, normal, 1) == [4]
    assert pictures.telling_clips(scores, normal, 2) == [2, 4]
    assert pictures.telling_clips(scores, normal, 3) == [1, 2, 4]
    assert pictures.telling_clips(scores, normal, 9) == [0, 1, 2, 4]


def test_roc_draws_the_curve_and_its_area(tmp_path: Path) -> None:
    normal = np.array([True, False, True, False])
    curve = roc_curve(normal, np.array([3.0, 2.0, 1.0, 0.0]))
    figure = pictures.roc(curve, 0.75)
    (axes,) = figure.axes
    line = axes.lines[1]
    np.testing.assert_array_equal(line.get_xydata(), np.stack(curve, axis=1))
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["chance", "AUC 0.750"]
    assert pixels(figure, tmp_path).shape == (550, 550, 4)


@pytest.mark.parametrize("skeleton", [OPENPOSE_18, COCO_17], ids=lambda skeleton: skeleton.name)
def test_one_strip_a_window_with_every_bone_of_eight_poses(skeleton: Skeleton) -> None:
    strips = [fake_strip(score, skeleton) for score in (2.0, 1.5, -30.0)]
    figure = pictures.skeleton_strips(strips[:2], strips[2:], skeleton)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    place = "clip 01_0001, person 3, from frame 17"
    assert titles == [f"score {score}   {place}" for score in ("2.00", "1.50", "−30.00")]
    for axes in figure.axes:
        (bones,) = axes.collections
        assert isinstance(bones, LineCollection)
        assert len(bones.get_segments()) == 8 * len(skeleton.edges)
        assert len(np.asarray(axes.lines[0].get_xdata())) == 8 * skeleton.num_joints


def test_a_strip_keeps_bones_heights_and_scale_and_its_cells() -> None:
    strip = fake_strip(0.0)
    figure = pictures.skeleton_strips([strip], [strip], OPENPOSE_18)
    axes = figure.axes[0]
    drawn = np.asarray(axes.lines[0].get_xydata()).reshape(8, 18, 2)
    true = strip.poses[[0, 3, 7, 10, 13, 16, 20, 23], :, :2]
    np.testing.assert_allclose(drawn[..., 1], true[..., 1])
    np.testing.assert_allclose(np.diff(drawn[..., 0]), np.diff(true[..., 0]), atol=1e-4)
    cells = np.linspace(*axes.get_xlim(), 9)
    assert (drawn[..., 0] > cells[:-1, None]).all()
    assert (drawn[..., 0] < cells[1:, None]).all()
    bottom, top = axes.get_ylim()
    assert top < drawn[..., 1].min()
    assert drawn[..., 1].max() < bottom
    assert axes.get_aspect() == 1.0


@pytest.mark.parametrize("length", [1, 5])
def test_a_short_window_repeats_poses(tmp_path: Path, length: int) -> None:
    strip = fake_strip(0.0, length=length)
    image = pixels(pictures.skeleton_strips([strip], [strip], OPENPOSE_18), tmp_path)
    assert image.shape == (380, 900, 4)
    dark = image[..., :3].min(-1) < 0.5
    assert all(dark[:, left : left + 100].any() for left in range(30, 830, 100))


def test_a_picture_is_saved_as_png_and_as_svg_always_the_same(tmp_path: Path) -> None:
    saved = []
    for name in ("first", "second"):
        figure = pictures.roc(RocCurve(np.array([0.0, 1]), np.array([0.0, 1])), 0.5)
        png, svg = pictures.save(figure, tmp_path / name)
        assert (png.name, svg.name) == (f"{name}.png", f"{name}.svg")
        saved.append((png.read_bytes(), svg.read_bytes()))
    assert saved[0] == saved[1]
    assert saved[0][0].startswith(b"\x89PNG")
    assert ElementTree.fromstring(saved[0][1]).tag == "{http://www.w3.org/2000/svg}svg"


def test_an_ablation_curve_has_a_bar_a_point_and_the_papers_numbers() -> None:
    points = [AblationPoint(8, 85, 84, 86.5, 85.9), AblationPoint(4, 80, 79, 82)]
    figure = pictures.ablation_curve({"ours": points, "town": points[:1]}, xlabel="K")
    (axes,) = figure.axes
    (first, _) = axes.containers
    assert isinstance(first, ErrorbarContainer)
    curve = first.lines
    np.testing.assert_array_equal(curve[0].get_xydata(), [[4, 80], [8, 85]])
    spans = [bar[:, 1].tolist() for bar in curve[2][0].get_segments()]
    assert spans == [[79, 82], [84, 86.5]]
    paper = [line for line in axes.lines if line.get_label() == "ours (paper)"]
    np.testing.assert_array_equal(paper[0].get_xydata(), [[8, 85.9]])
    assert [text.get_text() for text in axes.get_xticklabels()] == ["4", "8"]
    assert axes.get_xlabel() == "K"
    (legend,) = figure.legends
    named = {text.get_text() for text in legend.get_texts()}
    assert named == {"ours", "ours (paper)", "town", "town (paper)"}


def test_an_ablation_curve_over_factors() -> None:
    points = [AblationPoint(x, 80, 80, 80) for x in (1, 10, 100)]
    (axes,) = pictures.ablation_curve({"ours": points}, xlabel="%", log_x=True).axes
    assert axes.get_xscale() == "log"
    assert [text.get_text() for text in axes.get_xticklabels()] == ["1", "10", "100"]
