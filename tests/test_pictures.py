from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from stgnf_jax import pictures
from stgnf_jax.scoring import FrameScores, PersonScores
from tests.pixels import pixels

RANDOM = np.random.default_rng(0)


def fake_scores(*lengths: int) -> FrameScores:
    offsets = np.concatenate(([0], np.cumsum(lengths)))
    scored = np.ones(offsets[-1], bool)
    scored[:3] = False
    score = RANDOM.normal(size=offsets[-1])
    clips = tuple(f"clip{i}" for i in range(len(lengths)))
    return FrameScores(clips, offsets, scored, score, score / 2)


def crowd(scores: FrameScores, count: int) -> PersonScores:
    """So many people in all but the first and the last frame of the first clip."""
    frame = np.tile(np.arange(1, scores.frames(0).stop - 1), count)
    person = np.repeat(np.arange(1, count + 1), len(frame) // count)
    score = -person + np.linspace(0, 0.5, len(frame))
    return PersonScores(np.zeros(len(frame), int), person, frame, score)


def shaded(axes: Axes) -> list[tuple[float, float]]:
    spans = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    return [(span.get_x(), span.get_x() + span.get_width()) for span in spans]


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


def test_people_have_a_line_each_the_lowest_first_and_the_rest_are_counted() -> None:
    scores = fake_scores(30, 5)
    curve, lines, other, bar = pictures.score_curves(scores, [0, 1], people=crowd(scores, 8)).axes
    names = [text.get_text() for text in lines.get_yticklabels()]
    assert names == [f"person {number}" for number in (8, 7, 6, 5, 4, 3)]
    assert [text.get_text() for text in lines.texts] == ["2 more people, none lower"]
    assert len(curve.lines) == 8 + 2
    assert len(other.lines) == 2  # Nobody is there.
    assert lines.get_xlim() == curve.get_xlim() == (-0.5, 29.5)
    assert bar.get_xlabel() == "share of all people's scores that are as low"


def test_a_persons_colour_is_the_share_of_scores_that_are_as_low() -> None:
    scores = fake_scores(6)
    (_, lines, _) = pictures.score_curves(scores, [0], people=crowd(scores, 2)).axes
    (mesh,) = lines.collections
    shown: Any = np.ma.asarray(mesh.get_array()).reshape(2, 6)
    # Eight scores, of which person 2 has the lower four, rising.
    np.testing.assert_allclose(shown.data[:, 1:5] * 8, [[1, 2, 3, 4], [5, 6, 7, 8]])
    assert np.ma.getmaskarray(shown)[:, [0, 5]].all()


def test_a_clip_that_goes_very_low_is_not_flattened() -> None:
    scores = fake_scores(9, 9)
    raw = np.full(18, -2.0)
    raw[3:5], raw[12] = -500, -100
    low, other = pictures.score_curves(scores._replace(raw=raw), [0, 1]).axes
    assert (low.get_yscale(), other.get_yscale()) == ("symlog", "linear")


def test_the_axis_names_the_scores_unit() -> None:
    figure = pictures.score_curves(fake_scores(6), [0], unit="log density")
    assert figure.get_supylabel() == "normality (log density)"


def test_score_curves_decode_at_full_width_with_the_shade_inside(tmp_path: Path) -> None:
    normal = np.ones(100, bool)
    normal[40:60] = False
    flat = fake_scores(100)._replace(raw=np.zeros(100), smoothed=np.zeros(100))
    figure = pictures.score_curves(flat, [0], normal)
    image = pixels(figure, tmp_path)
    assert image.shape == (245, 900, 4)
    (axes,) = figure.axes
    height = axes.get_ylim()[1] / 2  # Clear of the curve.
    (left, row), (right, _) = axes.transData.transform([(39.5, height), (59.5, height)])
    red_less_blue = image[245 - int(row), :, 0] - image[245 - int(row), :, 2]
    orange = np.flatnonzero(red_less_blue > 0.15)
    assert abs(orange.min() - left) <= 1
    assert abs(orange.max() + 1 - right) <= 1
    assert len(orange) == orange.max() - orange.min() + 1


def test_a_clips_name_is_no_formula(tmp_path: Path) -> None:
    scores = fake_scores(20)._replace(clips=(r"$\nonsense$",))
    figure = pictures.score_curves(scores, [0])
    pictures.save(figure, tmp_path / "picture")
    assert figure.axes[0].get_title(loc="left") == r"$\nonsense$"


def test_a_clip_of_one_frame_is_drawn(tmp_path: Path) -> None:
    image = pixels(pictures.score_curves(fake_scores(4, 1), [1]), tmp_path)
    assert image.shape == (245, 900, 4)


def test_telling_clips_have_both_kinds_of_frames_and_move_most() -> None:
    scores = fake_scores(4, 4, 4, 0, 4)
    height = np.repeat([9.0, 1.0, 2.0, 3.0], 4)
    scores = scores._replace(smoothed=np.tile([0.0, 1, 0, 0], 4) * height)
    normal = np.array([1, 1, 1, 1, 0, 1, 1, 1, 0, 0, 1, 1, 0, 1, 1, 0], bool)
    assert pictures.telling_clips(scores, normal, 1) == [4]
    assert pictures.telling_clips(scores, normal, 2) == [2, 4]
    assert pictures.telling_clips(scores, normal, 3) == [1, 2, 4]
    assert pictures.telling_clips(scores, normal, 9) == [0, 1, 2, 4]


def test_a_picture_is_saved_as_png_and_as_svg_always_the_same(tmp_path: Path) -> None:
    saved, fake = [], fake_scores(30)
    for name in ("first", "second"):
        figure = pictures.score_curves(fake, [0], people=crowd(fake, 2))
        png, svg = pictures.save(figure, tmp_path / name)
        assert (png.name, svg.name) == (f"{name}.png", f"{name}.svg")
        saved.append((png.read_bytes(), svg.read_bytes()))
    assert saved[0] == saved[1]
    assert saved[0][0].startswith(b"\x89PNG")
    assert ElementTree.fromstring(saved[0][1]).tag == "{http://www.w3.org/2000/svg}svg"
