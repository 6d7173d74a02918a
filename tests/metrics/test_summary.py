import numpy as np
import pytest
import sklearn.metrics
from numpy.typing import NDArray

from stgnf_jax.errors import InputError
from stgnf_jax.metrics import (
    Bootstrap,
    Figure,
    Figures,
    Interval,
    Metrics,
    auc_macro,
    auc_micro,
    average_precision,
    bootstrap,
    box_figures,
    eer,
    fpr_at_tpr,
    frame_figures,
    rbdc_tbdc,
)
from stgnf_jax.metrics.bootstrap import draw_clips, interval
from stgnf_jax.metrics.text import TITLES, figure_lines

HUNDRED = Bootstrap(level=0.9, resamples=100, seed=3)
OFFSETS = np.array([0, 30, 50, 55, 80, 140])


def random_frames(seed: int) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Frames of five clips; in the second one, and in no other, all are normal."""
    random = np.random.default_rng(seed)
    normal = random.random(140) < 0.6
    normal[30:50] = True
    normal[50:52] = True, False
    return normal, np.round(normal + random.normal(size=140), 1)


def resamples(num_clips: int) -> list[NDArray[np.int64]]:
    """The clips of each resample, those drawn twice twice."""
    weights = draw_clips(num_clips, HUNDRED).astype(int)
    return [np.repeat(np.arange(num_clips), row) for row in weights]


def test_resamples_are_drawn_with_replacement() -> None:
    weights = draw_clips(50, Bootstrap(0.95, 4000, 0))
    assert weights.shape == (4000, 50)
    np.testing.assert_array_equal(weights.sum(1), 50)
    # Every clip is drawn once a resample on average, with a binomial's variance, 1 - 1 / 50. The
    # tolerances are four standard deviations of a mean of 4000.
    np.testing.assert_allclose(weights.mean(0), 1, atol=4 / np.sqrt(4000))
    assert weights.var() == pytest.approx(0.98, abs=0.02)


def test_the_seed_decides() -> None:
    np.testing.assert_array_equal(draw_clips(5, HUNDRED), draw_clips(5, HUNDRED))
    assert (draw_clips(5, HUNDRED) != draw_clips(5, HUNDRED._replace(seed=4))).any()


def test_an_interval_is_the_middle_of_the_resamples() -> None:
    # 101 figures, 0 to 100: a tenth of the middle 90 % lies below 5 and above 95.
    assert interval(np.arange(101.0)[::-1], 0.9) == pytest.approx((5, 95), abs=1e-12)
    assert interval(np.empty(0), 0.9) is None


def test_figures_of_frames() -> None:
    normal, score = random_frames(0)
    figures = frame_figures(normal, score, OFFSETS, HUNDRED)
    assert figures.auc_micro.value == auc_micro(normal, score)
    assert figures.average_precision.value == average_precision(normal, score)
    assert figures.eer.value == eer(normal, score)
    assert figures.fpr_at_95_tpr.value == fpr_at_tpr(normal, score, 0.95)
    macro = auc_macro(normal, score, OFFSETS)
    assert (figures.auc_macro.value, figures.auc_macro.num_clips) == macro
    assert macro.num_clips == 4
    assert figures.auc_micro.num_clips == 5
    assert figures.rbdc == figures.tbdc
    assert figures.rbdc.value is None
    assert "config.data.track_truth" in figures.rbdc.reason


def test_intervals_are_those_of_resampled_clips() -> None:
    normal, score = random_frames(0)
    figures = frame_figures(normal, score, OFFSETS, HUNDRED)
    found: dict[str, list[float]] = {name: [] for name in Figures._fields[:5]}
    for clips in resamples(5):
        frames = np.concatenate([np.arange(OFFSETS[clip], OFFSETS[clip + 1]) for clip in clips])
        drawn = normal[frames], score[frames]
        if drawn[0].all():
            continue
        found["auc_micro"].append(sklearn.metrics.roc_auc_score(*drawn))
        found["average_precision"].append(
            sklearn.metrics.average_precision_score(~drawn[0], -drawn[1])
        )
        found["eer"].append(eer(*drawn))
        found["fpr_at_95_tpr"].append(fpr_at_tpr(*drawn))
        found["auc_macro"].append(auc_macro(*drawn, np.cumsum([0, *np.diff(OFFSETS)[clips]])).auc)
    for name, values in found.items():
        low, high = np.quantile(values, (0.05, 0.95))
        assert 90 < len(values) <= 100
        assert low < high
        assert getattr(figures, name).interval == pytest.approx((low, high), abs=1e-12)


def test_resamples_are_counted_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    normal, score = random_frames(0)
    expected = frame_figures(normal, score, OFFSETS, HUNDRED)
    monkeypatch.setattr(bootstrap, "_CHUNK", 7)
    assert frame_figures(normal, score, OFFSETS, HUNDRED) == expected


def test_many_scores_share_levels(monkeypatch: pytest.MonkeyPatch) -> None:
    """20,000 scores on 512 levels: intervals change by less than two thousandths."""
    random = np.random.default_rng(0)
    normal = random.random(20_000) < 0.6
    score = normal + random.normal(size=20_000) + np.repeat(random.normal(size=20), 1000)
    offsets = np.arange(0, 20_001, 1000)
    found = frame_figures(normal, score, offsets, HUNDRED)
    monkeypatch.setattr("stgnf_jax.metrics.summary.MOST_LEVELS", 20_000)
    exact = frame_figures(normal, score, offsets, HUNDRED)
    for rounded, figure in zip(found[:5], exact[:5], strict=True):
        assert rounded.value == figure.value
        assert rounded.interval == pytest.approx(figure.interval, abs=2e-3)
    assert found.auc_micro.interval == pytest.approx(exact.auc_micro.interval, abs=1e-4)
    assert found.eer.interval != exact.eer.interval


def test_resamples_of_one_kind_count_for_nothing() -> None:
    # A normal and an abnormal clip: half of the resamples are of one kind, the others are whole.
    normal, score = np.array([True, True, False]), np.array([1.0, 3.0, 2.0])
    figures = frame_figures(normal, score, np.array([0, 2, 3]), HUNDRED)
    assert figures.auc_micro == Figure(0.5, Interval(0.5, 0.5), 2)
    assert figures.auc_macro.value is None
    assert figures.auc_macro.reason == "no clip has both normal and abnormal frames"


@pytest.mark.parametrize(
    ("offsets", "how"),
    [(np.array([0, 140]), HUNDRED), (OFFSETS, HUNDRED._replace(resamples=0))],
)
def test_one_clip_or_no_resamples_give_no_interval(
    offsets: NDArray[np.int64], how: Bootstrap
) -> None:
    figures = frame_figures(*random_frames(0), offsets, how)
    assert [figure.interval for figure in figures] == 7 * [None]
    assert figures.auc_micro.value == auc_micro(*random_frames(0))


def test_frames_of_one_kind_are_an_input_error() -> None:
    with pytest.raises(InputError, match="all 140 frames are normal"):
        frame_figures(np.ones(140, bool), np.zeros(140), OFFSETS, HUNDRED)


def renumbered(rows: NDArray[np.float64], clips: NDArray[np.int64]) -> NDArray[np.float64]:
    """The rows of some clips, each time that it is drawn as those of a video of its own."""
    parts = [rows[rows[:, 0] == clip] for clip in clips]
    video = np.repeat(np.arange(len(clips)), [len(part) for part in parts])
    return np.column_stack([video, np.concatenate(parts)[:, 1:]])


def test_figures_of_boxes() -> None:
    random = np.random.default_rng(0)
    corners = random.uniform(0, 30, (400, 2))
    box = np.hstack([corners, corners + random.uniform(5, 20, (400, 2))])
    tracks = np.hstack([random.integers((0, 0, 0), (4, 5, 20), (150, 3)), box[:150]])
    places = random.integers((0, 0), (5, 20), (250, 2))
    detections = np.hstack([places, box[150:], np.round(random.normal(size=(250, 1)), 1)])
    num_frames = np.array([20, 20, 20, 20, 90])
    figures = box_figures(tracks, detections, num_frames, HUNDRED)
    expected = rbdc_tbdc(tracks, detections, 170)
    assert (figures.rbdc.value, figures.tbdc.value) == expected
    found = []
    for clips in resamples(5):
        truth, seen = renumbered(tracks, clips), renumbered(detections, clips)
        if len(truth):
            found.append(rbdc_tbdc(truth, seen, num_frames[clips].sum().item()))
    intervals = np.quantile(found, (0.05, 0.95), 0).T
    assert figures.rbdc.interval == pytest.approx(intervals[0], abs=1e-12)
    assert figures.tbdc.interval == pytest.approx(intervals[1], abs=1e-12)
    assert intervals[0, 0] < expected.rbdc < intervals[0, 1]
    assert (figures.rbdc.num_clips, figures.tbdc.num_clips) == (5, 5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stgnf_jax.metrics.summary.MOST_LEVELS", 2)
        rounded = box_figures(tracks, detections, num_frames, HUNDRED)
    assert rounded.rbdc.value == expected.rbdc
    assert rounded.rbdc.interval != figures.rbdc.interval


def test_resamples_without_a_box_count_for_nothing() -> None:
    """One box, found, in one of two clips: half of the resamples hold it, and all are perfect."""
    box = [0.0, 0.0, 10.0, 10.0]
    tracks, detections = np.array([[0, 0, 3, *box]]), np.array([[0, 3, *box, -1.0]])
    figures = box_figures(tracks, detections, np.array([20, 20]), HUNDRED)
    assert figures.rbdc == figures.tbdc == Figure(1.0, Interval(1.0, 1.0), 2)


def test_boxes_without_ground_truth() -> None:
    figures = box_figures(np.empty((0, 7)), np.empty((0, 7)), np.array([5]), HUNDRED)
    assert figures == 2 * (Figure(reason="the ground truth holds no box"),)


def test_lines_for_people() -> None:
    figures = Figures(
        auc_micro=Figure(0.75, Interval(0.7, 0.8), 5),
        auc_macro=Figure(0.5, Interval(0.25, 0.625), 3),
        average_precision=Figure(0.25, None, 5),
        eer=Figure(0.125, Interval(0.1, 0.2), 5),
        fpr_at_95_tpr=Figure(1.0, Interval(1, 1), 5),
    )
    metrics = Metrics(0.75, 9, 140, 5, figures=figures, bootstrap=HUNDRED)
    assert figure_lines(metrics)[:6] == [
        "with 90 % intervals over clips:",
        "micro AUC          0.7500  0.7000 to 0.8000",
        "macro AUC          0.5000  0.2500 to 0.6250  (3 clips)",
        "average precision  0.2500",
        "equal error rate   0.1250  0.1000 to 0.2000",
        "FPR at 95 % TPR    1.0000  1.0000 to 1.0000",
    ]
    assert figure_lines(metrics)[6].startswith("RBDC               not computed: config.data.track")
    plain = metrics._replace(figures=Figures(auc_micro=Figure(0.75, None, 5)))
    assert figure_lines(plain)[0] == "micro AUC          0.7500"


def test_every_figure_has_a_title() -> None:
    assert tuple(TITLES) == Figures._fields
