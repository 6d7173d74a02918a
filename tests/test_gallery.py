from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

from stgnf_jax.evaluation import Evaluation, score_against_masks
from stgnf_jax.gallery import save_pictures, strips
from stgnf_jax.metrics import Metrics, auc_micro
from stgnf_jax.skeleton import OPENPOSE_18
from tests.small import FLOW, random_model, small_config, write_data

KINDS = ("png", "svg")


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    config = small_config(write_data(tmp_path_factory.mktemp("gallery")))
    scored, normal = score_against_masks(config, [random_model()])
    metrics = Metrics(auc_micro(normal, scored.frames.smoothed), 68, 48, 2)
    return Evaluation(scored, normal, metrics)


def test_all_pictures_are_written(evaluation: Evaluation, tmp_path: Path) -> None:
    written = save_pictures(evaluation, OPENPOSE_18, tmp_path)
    names = ("score_curves", "roc", "skeletons", "clips/a", "clips/b")
    assert set(written) == {tmp_path / f"{name}.{kind}" for name in names for kind in KINDS}
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == set(written)
    for path in tmp_path.rglob("*.png"):
        picture = matplotlib.image.imread(path)
        assert picture.shape[1] <= 900
        assert picture[..., :3].std() > 0.01  # Something is drawn.


@pytest.mark.parametrize("lowest", [True, False])
def test_one_strip_per_person_ordered_by_score(evaluation: Evaluation, lowest: bool) -> None:
    shown = strips(evaluation.scored, lowest=lowest, count=10)
    assert sorted((strip.clip, strip.person) for strip in shown) == [
        *(("a", 1), ("a", 2), ("b", 1), ("b", 2))
    ]
    scores = [strip.score for strip in shown]
    assert scores == sorted(scores, reverse=not lowest)
    windows = evaluation.scored.windows
    for strip in shown:
        theirs = (windows.clip == "ab".index(strip.clip)) & (windows.person == strip.person)
        extreme = windows.score[theirs].min() if lowest else windows.score[theirs].max()
        assert strip.score == pytest.approx(float(extreme), abs=0)
        assert strip.frame == windows.start[theirs][windows.score[theirs] == extreme][0]


def test_a_strip_shows_the_poses_of_its_window(evaluation: Evaluation) -> None:
    (strip,) = strips(evaluation.scored, lowest=True, count=1)
    tracks = evaluation.scored.window_set.tracks
    track = 2 * "ab".index(strip.clip) + strip.person - 1
    first = tracks.offsets[track] + strip.frame
    assert strip.poses.shape == (FLOW.segment_length, 18, 3)
    np.testing.assert_array_equal(strip.poses, tracks.keypoints[first : first + 8])
    assert strip.person == 2  # Those who thrash about.


def test_few_strips_are_shown(evaluation: Evaluation) -> None:
    best = strips(evaluation.scored, lowest=False, count=2)
    assert len(best) == 2
    assert best[0].score == evaluation.scored.windows.score.max()
