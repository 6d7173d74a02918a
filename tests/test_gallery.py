from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from matplotlib.patches import StepPatch

from stgnf_jax.evaluation import Evaluation, score_against_masks
from stgnf_jax.gallery import (
    explanations,
    extremes,
    histograms,
    normal_windows,
    save_pictures,
)
from stgnf_jax.metrics import Metrics, auc_micro
from stgnf_jax.pictures import Strip
from stgnf_jax.score_kinds import SCORES, UNITS
from tests.small import FLOW, random_model, small_config, write_data

NAMES = (
    *("score_curves", "detection", "histograms", "latents", "skeletons", "explanations"),
    *("samples", "clips/a", "clips/b"),
)


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    config = small_config(write_data(tmp_path_factory.mktemp("gallery")))
    scored, normal = score_against_masks(config, [random_model()])
    metrics = Metrics(auc_micro(normal, scored.frames.smoothed), 68, 48, 2)
    return Evaluation(scored, normal, metrics)


def test_all_pictures_are_written(evaluation: Evaluation, tmp_path: Path) -> None:
    written = save_pictures(evaluation, [random_model()], "nll", tmp_path)
    kinds = ("png", "svg")
    assert set(written) == {tmp_path / f"{name}.{kind}" for name in NAMES for kind in kinds}
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == set(written)
    for path in tmp_path.rglob("*.png"):
        picture = matplotlib.image.imread(path)
        assert picture.shape[1] <= 900
        assert picture[..., :3].std() > 0.01  # Something is drawn.


def test_a_window_without_any_likelihood_counts_but_is_not_explained(
    evaluation: Evaluation,
) -> None:
    score = evaluation.scored.windows.score.copy()
    lowest = int(score.argmin())
    score[lowest] = -np.inf
    windows = evaluation.scored.windows._replace(score=score)
    evaluation = evaluation._replace(scored=evaluation.scored._replace(windows=windows))
    by_windows, _ = histograms(evaluation, "bits / dim").axes
    stairs = [patch for patch in by_windows.patches if isinstance(patch, StepPatch)]
    shares = [patch.get_data()[0].sum() for patch in stairs]
    assert shares[0] + shares[2] == pytest.approx(1)
    assert shares[4] + shares[6] == pytest.approx(1)
    titles = [
        axes.get_title(loc="left")
        for axes in explanations(evaluation.scored, [random_model()]).axes
    ]
    clip, person, start, _ = (column[lowest] for column in windows)
    place = f"clip {'ab'[clip]}, person {person}, from frame {start}"
    shown = [title for title in titles if "clip" in title]
    assert len(shown) == 3
    assert not any("inf" in title or title.endswith(place) for title in shown)


def test_a_window_is_what_its_middle_frame_is(evaluation: Evaluation) -> None:
    normal = normal_windows(evaluation)
    middle = evaluation.scored.windows.start + 4
    np.testing.assert_array_equal(normal, (middle < 8) | (middle >= 20))


@pytest.mark.parametrize("lowest", [True, False])
def test_one_strip_per_person_ordered_by_score(evaluation: Evaluation, *, lowest: bool) -> None:
    strips = extremes(evaluation.scored, count=10)[lowest].strips
    windows = evaluation.scored.windows
    expected = []
    for clip in (0, 1):
        for person in (1, 2):
            theirs = np.flatnonzero((windows.clip == clip) & (windows.person == person))
            score = windows.score[theirs]
            i = score.argmin() if lowest else score.argmax()
            place = f"clip {'ab'[clip]}, person {person}, from frame {windows.start[theirs[i]]}"
            expected.append((float(score[i]), place))
    expected.sort(reverse=not lowest)
    captions = [strip.caption.split("   ") for strip in strips]
    assert [place for _, place in captions] == [place for _, place in expected]
    scores = [f"score {score:.2f}".replace("-", "−") for score, _ in expected]
    assert [score for score, _ in captions] == scores


def test_a_strip_shows_the_poses_of_its_window(evaluation: Evaluation) -> None:
    strip: Strip = extremes(evaluation.scored, count=1)[1].strips[0]
    tracks, windows = evaluation.scored.window_set.tracks, evaluation.scored.windows
    lowest = windows.score.argmin()
    track = 2 * windows.clip[lowest] + windows.person[lowest] - 1
    first = tracks.offsets[track] + windows.start[lowest]
    assert strip.poses.shape == (FLOW.segment_length, 18, 3)
    np.testing.assert_array_equal(strip.poses, tracks.keypoints[first : first + 8])
    assert "person 2" in strip.caption  # Those who thrash about.


def test_every_kind_of_score_has_a_unit() -> None:
    assert UNITS.keys() == SCORES.keys()
