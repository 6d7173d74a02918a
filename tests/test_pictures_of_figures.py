from pathlib import Path

import numpy as np
import pytest
from matplotlib.container import ErrorbarContainer
from matplotlib.patches import Circle, Rectangle, StepPatch

from stgnf_jax import pictures
from stgnf_jax.metrics import PrCurve, RocCurve, pr_curve, roc_curve
from stgnf_jax.pictures import AblationPoint, DriftCurve
from stgnf_jax.pictures.histograms import bin_edges
from tests.pixels import pixels

RANDOM = np.random.default_rng(0)


def test_detection_curves_are_drawn_with_their_areas(tmp_path: Path) -> None:
    normal = np.array([True, False, True, False])
    score = np.array([3.0, 2.0, 1.0, 0.0])
    roc, pr = roc_curve(normal, score), pr_curve(normal, score)
    figure = pictures.detection_curves(roc, pr, 0.75, 0.8333)
    texts = []
    for axes, curve in zip(figure.axes, (roc, pr), strict=True):
        np.testing.assert_array_equal(axes.lines[1].get_xydata(), np.stack(curve, axis=1))
        legend = axes.get_legend()
        assert legend is not None
        texts += [text.get_text() for text in legend.get_texts()]
    assert texts == ["chance", "AUC 0.750", "chance", "average precision 0.833"]
    np.testing.assert_array_equal(figure.axes[1].lines[0].get_ydata(), [0.5, 0.5])
    assert pixels(figure, tmp_path).shape == (460, 900, 4)


def test_a_curve_of_many_points_keeps_its_ends() -> None:
    many = np.linspace(0, 1, 9999)
    figure = pictures.detection_curves(RocCurve(many, many), PrCurve(many, 1 - many / 2), 0.5, 0.7)
    for axes in figure.axes:
        drawn = np.asarray(axes.lines[1].get_xdata())
        assert len(drawn) == 1000
        assert (drawn[0], drawn[-1]) == (0, 1)


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


def test_histograms_hold_all_scores_and_what_is_far_below_in_one_bin() -> None:
    normal = RANDOM.normal(size=4000)
    abnormal = np.concatenate([RANDOM.normal(-4, 1, 900), np.full(100, -500.0)])
    edges = bin_edges(normal, abnormal)
    assert -60 < edges[0] < -20
    groups = pictures.ScoreGroups("frames", normal, abnormal)
    (axes,) = pictures.score_histograms([groups]).axes
    # Of each group the bins, filled and outlined, then the one that stands apart.
    stairs = [patch for patch in axes.patches if isinstance(patch, StepPatch)]
    heights = [patch.get_data()[0] for patch in stairs]
    for first, tail in ((0, 0.0), (4, 0.1)):
        assert heights[first].sum() == pytest.approx(1 - tail)
        np.testing.assert_allclose(heights[first + 2], [tail])
    assert axes.get_xticklabels()[0].get_text() == f"below\n{edges[0]:.1f}".replace("-", "−")


def test_equal_scores_make_a_histogram(tmp_path: Path) -> None:
    groups = pictures.ScoreGroups("frames", np.zeros(5), np.zeros(3))
    assert pixels(pictures.score_histograms([groups]), tmp_path).shape == (360, 900, 4)


def test_the_principal_plane_holds_what_normal_windows_do() -> None:
    turn = 2 * np.pi * np.arange(200) / 150
    z = np.full((200, 4, 5, 2), 3.0)
    z[:, 1, 2, 0] += 7 + 9 * np.cos(turn)  # The direction that varies most,
    z[:, 3, 4, 1] += 5 * np.sin(turn)  # and the next one.
    normal = np.arange(200) < 150
    z[~normal, 0, 0, 0] += 1000
    plane = pictures.principal_plane(z, normal, radius=3.0)
    expected = np.stack([9 * np.cos(turn), 5 * np.sin(turn)], 1)
    signs = np.sign(plane.place[10] * expected[10])
    np.testing.assert_allclose(signs * plane.place, expected, atol=1e-9)
    np.testing.assert_allclose(signs * plane.prior, [-7, 0], atol=1e-9)
    # Variances in the proportion of 81 to 25.
    assert plane.axes == ("first, 76 % of the variance", "second, 24 %")


def test_a_plane_of_few_normal_windows_is_that_of_all() -> None:
    z = RANDOM.normal(size=(6, 4, 5, 2))
    few, none = np.arange(6) < 2, np.zeros(6, bool)
    plane = pictures.principal_plane(z, few, 3.0)
    np.testing.assert_array_equal(plane.place, pictures.principal_plane(z, none, 3.0).place)


def test_latents_are_drawn_by_kind_around_the_prior(tmp_path: Path) -> None:
    z = RANDOM.normal(3, 1, (300, 4, 5, 2))
    z[-1] += 90
    normal = np.arange(300) < 200
    plane = pictures.mean_plane(z, radius=3.0)
    np.testing.assert_allclose(plane.place, z.mean((1, 2)))
    assert plane.deviation == pytest.approx(1 / np.sqrt(20))
    figure = pictures.latent_planes((plane,), normal)
    (axes,) = figure.axes
    assert [len(np.asarray(axes.lines[i].get_xdata())) for i in (0, 2)] == [200, 100]
    rings = [patch for patch in axes.patches if isinstance(patch, Circle)]
    np.testing.assert_allclose([ring.radius for ring in rings], np.arange(1, 4) / np.sqrt(20))
    assert [ring.center for ring in rings] == [(3.0, 3.0)] * 3
    assert axes.get_title(loc="left").endswith("of 300 outside)")
    assert axes.get_xlim()[1] < 10
    assert pixels(figure, tmp_path).shape == (470, 900, 4)


@pytest.mark.parametrize("scenes", [1, 3, 12])
def test_drift_is_drawn_by_scene(tmp_path: Path, scenes: int) -> None:
    p = np.linspace(0, 1, 40)
    curves = [DriftCurve(f"{i:02}", p, np.linspace(0, i, 40)) for i in range(scenes)]
    figure = pictures.drift_curves(curves)
    capital, histogram = figure.axes
    drawn = capital.get_lines()
    assert len(drawn) == scenes + 2
    for curve, line in zip(curves, drawn, strict=False):
        np.testing.assert_array_equal(line.get_ydata(), np.append(0, curve.log10_capital))
    bars = [bar for bar in histogram.patches if isinstance(bar, Rectangle)]
    assert sum(bar.get_height() for bar in bars) == 40 * scenes
    assert [len(legend.get_texts()) for legend in figure.legends] == ([3] if scenes == 3 else [])
    assert pixels(figure, tmp_path).shape[1] <= 900
