"""Python in three lines: every way to give poses comes to the scores of the commands."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import stgnf_jax
from stgnf_jax import checkpoint
from stgnf_jax.errors import InputError
from stgnf_jax.evaluation import Scored, score
from stgnf_jax.model import score_windows
from stgnf_jax.pose_input import as_tracks
from stgnf_jax.skeleton import OPENPOSE_18
from stgnf_jax.windows import gather, normalise
from tests.small import FLOW, random_model, small_config, walk, write_clip, write_data
from tests.test_evaluation import calibrated, save_ensemble


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    checkpoint.save(folder / "run", random_model())
    return folder / "run"


def same_scores(found: Scored, expected: Scored) -> None:
    np.testing.assert_array_equal(found.windows.start, expected.windows.start)
    np.testing.assert_allclose(found.windows.score, expected.windows.score, rtol=1e-4)
    np.testing.assert_array_equal(found.people.frame, expected.people.frame)
    np.testing.assert_allclose(found.frames.smoothed, expected.frames.smoothed, rtol=1e-4)


def test_a_folder_is_scored_as_by_the_command(run: Path, tmp_path: Path) -> None:
    config = small_config(write_data(tmp_path))
    model = stgnf_jax.load(run)
    found = model.score(tmp_path / "pose/test")
    expected = score(config, run, tmp_path / "out")
    same_scores(found, expected)
    assert found.frames.clips == ("a", "b")


def test_a_file_tracks_and_arrays(run: Path, tmp_path: Path) -> None:
    people = [walk(1), walk(2)]
    write_clip(tmp_path / "yard.json", people)
    model = stgnf_jax.load(run)
    expected = model.score(tmp_path / "yard.json")
    assert expected.frames.clips == ("yard",)
    same_scores(model.score(people), expected)
    same_scores(model.score(np.stack(people)), expected)
    same_scores(model.score([person[..., :2] for person in people]), expected)
    tracks = as_tracks(tmp_path / "yard.json", OPENPOSE_18)
    same_scores(model.score(tracks), expected)
    keypoints = tracks.keypoints.astype(float)
    same_scores(model.score(np.split(keypoints, tracks.offsets[1:-1])), expected)


def test_a_loaded_model_is_a_model(run: Path) -> None:
    model = stgnf_jax.load(run)
    x = model.distribution.sample(seed=0, sample_shape=(3,))
    np.testing.assert_array_equal(score_windows(model, x), score_windows(random_model(), x))
    with pytest.raises(InputError, match="has members 0 to 0, got 1"):
        stgnf_jax.load(run, member=1)


def test_an_ensemble_and_its_scores(tmp_path: Path) -> None:
    save_ensemble(tmp_path / "run", [calibrated(0), calibrated(1)])
    members = stgnf_jax.load_members(tmp_path / "run")
    people = [walk(1)]
    both = stgnf_jax.score_poses(members, people, "typicality")
    alone = [stgnf_jax.load(tmp_path / "run", i).score(people, "typicality") for i in range(2)]
    expected = np.mean([one.windows.score for one in alone], 0)
    np.testing.assert_allclose(both.windows.score, expected, rtol=1e-4, atol=1e-4)


def test_a_person_who_is_not_there(run: Path) -> None:
    person, absent = walk(1), walk(2)
    person[:5], absent[:] = np.nan, np.nan
    tracks = as_tracks([absent, person], OPENPOSE_18)
    assert tracks.person.tolist() == [1]
    assert tracks.frame.tolist() == list(range(5, 24))
    windows = stgnf_jax.load(run).score([absent, person]).windows
    assert windows.start.tolist() == list(range(5, 24 - FLOW.segment_length + 1))
    x = normalise(gather(tracks.keypoints, np.array([0]), 8)[..., :2], (856.0, 480.0))
    np.testing.assert_allclose(windows.score[0], score_windows(random_model(), x)[0], rtol=1e-4)


def broken() -> np.ndarray:
    person = walk(1)
    person[7, 3, 0] = np.inf
    return person


@pytest.mark.parametrize(
    ("poses", "message"),
    [
        ([walk(1), np.zeros((9, 5, 3))], r"person 1: has shape \(9, 5, 3\), expected \(frames, 17"),
        ([np.zeros((9, 17))], r"person 0: has shape \(9, 17\)"),
        (
            [walk(1), broken()],
            "person 1: frame 7: keypoints: holds what is no number of size 1e\\+09 at most",
        ),
        ([walk(1)[:5]], "people long enough in view to fill a window"),
        ([], "people long enough in view to fill a window"),
        ("nowhere.json", "nowhere.json: cannot be read"),
    ],
)
def test_poses_that_cannot_be_used(run: Path, poses: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        stgnf_jax.load(run).score(poses)


@pytest.mark.parametrize("kind", ["typicality", "beauty"])
def test_a_score_that_the_model_cannot_give(run: Path, kind: str) -> None:
    with pytest.raises(InputError, match=f"kind: must be one of nll, got '{kind}'"):
        stgnf_jax.load(run).score([walk(1)], kind)
