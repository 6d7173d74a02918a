import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest

from stgnf_jax.ensemble_scores import MemberScores
from stgnf_jax.errors import InputError
from stgnf_jax.metrics import Bootstrap, Figure, Figures, Interval, Metrics
from stgnf_jax.score_files import save_metrics, save_scores
from stgnf_jax.scoring import WindowScores, frame_scores, person_scores

WINDOWS = WindowScores(
    np.array([1, 0], np.int32),
    np.array([4, 7]),
    np.array([0, 1], np.int32),
    np.array([-0.1, 1 / 3], np.float32),
)
PEOPLE = person_scores(WINDOWS, length=2)
FRAMES = frame_scores(PEOPLE, ['a "b", c', "ü"], [3, 2])
ALONE = MemberScores(WINDOWS.score[None])
NORMAL = np.array([True, False, True, True, False])


def read_csv(path: Path) -> list[list[str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_npz_holds_every_score_without_pickles(tmp_path: Path) -> None:
    save_scores(tmp_path / "new", WINDOWS, PEOPLE, FRAMES, members=ALONE, normal=NORMAL)
    with np.load(tmp_path / "new" / "scores.npz", allow_pickle=False) as file:
        arrays = dict(file)
    expected = {
        "window_score": WINDOWS.score,
        "clip": np.array(["ü", 'a "b", c']),
        "person": [4, 7],
        "start": [0, 1],
        "person_clip": np.array(["ü", 'a "b", c']),
        "person_id": [4, 7],
        "person_frame": [1, 2],
        "person_score": WINDOWS.score,
        "frame_clip": np.array(['a "b", c'] * 3 + ["ü"] * 2),
        "frame": [0, 1, 2, 0, 1],
        "frame_scored": [False, False, True, False, True],
        "frame_score": FRAMES.raw,
        "frame_smoothed": FRAMES.smoothed,
        "frame_normal": NORMAL,
        "format_version": 1,
    }
    assert arrays.keys() == expected.keys()
    for key, value in expected.items():
        np.testing.assert_array_equal(arrays[key], value, err_msg=key)


def test_csv_has_a_header_and_reads_back_exactly(tmp_path: Path) -> None:
    save_scores(tmp_path, WINDOWS, PEOPLE, FRAMES, members=ALONE, normal=NORMAL)
    assert read_csv(tmp_path / "window_scores.csv") == [
        ["clip", "person", "start", "window_score"],
        ["ü", "4", "0", "-0.1"],
        ['a "b", c', "7", "1", "0.33333334"],
    ]
    assert read_csv(tmp_path / "person_scores.csv") == [
        ["person_clip", "person_id", "person_frame", "person_score"],
        ["ü", "4", "1", "-0.1"],
        ['a "b", c', "7", "2", "0.33333334"],
    ]
    header, *rows = read_csv(tmp_path / "frame_scores.csv")
    assert header == [
        *("frame_clip", "frame", "frame_scored", "frame_score", "frame_smoothed"),
        "frame_normal",
    ]
    columns = list(zip(*rows, strict=True))
    assert columns[1] == ("0", "1", "2", "0", "1")
    assert columns[2] == ("0", "0", "1", "0", "1")
    assert [float(x) for x in columns[3]] == FRAMES.raw.tolist()
    assert [float(x) for x in columns[4]] == FRAMES.smoothed.tolist()
    assert columns[5] == ("1", "0", "1", "1", "0")


def test_without_ground_truth_there_is_no_column_for_it(tmp_path: Path) -> None:
    save_scores(tmp_path, WINDOWS, PEOPLE, FRAMES, members=ALONE)
    with np.load(tmp_path / "scores.npz") as file:
        assert "frame_normal" not in file.files
    assert read_csv(tmp_path / "frame_scores.csv")[0][-1] == "frame_smoothed"


def test_only_whole_files_are_left(tmp_path: Path) -> None:
    save_scores(tmp_path, WINDOWS, PEOPLE, FRAMES, members=ALONE)
    names = ["frame_scores.csv", "person_scores.csv", "scores.npz", "window_scores.csv"]
    assert sorted(os.listdir(tmp_path)) == names


def test_ground_truth_of_another_length_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="zip"):
        save_scores(tmp_path, WINDOWS, PEOPLE, FRAMES, members=ALONE, normal=NORMAL[:-1])
    assert not (tmp_path / "scores.npz").exists()


def test_metrics_are_sorted_json(tmp_path: Path) -> None:
    figures = Figures(
        auc_micro=Figure(0.75, Interval(0.5, 1.0), 2),
        auc_macro=Figure(0.5, None, 1),
        average_precision=Figure(0.25, Interval(0.125, 0.5), 2),
        eer=Figure(reason="why not"),
    )
    bootstrap = Bootstrap(0.9, 10, 0)
    metrics = Metrics(0.75, 9, 5, 2, figures=figures, bootstrap=bootstrap)
    save_metrics(tmp_path, metrics)
    text = (tmp_path / "metrics.json").read_text()
    found = json.loads(text)
    reasons = found.pop("not_computed")
    assert found == {
        "format_version": 1,
        "auc_micro": 0.75,
        "auc_macro": 0.5,
        "average_precision": 0.25,
        "eer": None,
        "fpr_at_95_tpr": None,
        "rbdc": None,
        "tbdc": None,
        "intervals": {"auc_micro": [0.5, 1.0], "average_precision": [0.125, 0.5]},
        "interval_level": 0.9,
        "interval_resamples": 10,
        "num_clips": 2,
        "num_clips_auc_macro": 1,
        "num_frames": 5,
        "num_windows": 9,
    }
    assert reasons["eer"] == "why not"
    assert set(reasons) == {"eer", "fpr_at_95_tpr", "rbdc", "tbdc"}
    assert list(json.loads(text)) == sorted(json.loads(text))
    assert text.endswith("}\n")


def test_a_figure_that_is_no_number_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nan"):
        save_metrics(tmp_path, Metrics(float("nan"), 9, 5, 2))
    assert not list(tmp_path.iterdir())


def test_a_file_in_place_of_the_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(InputError, match="out: is a file, and a folder is needed"):
        save_scores(tmp_path / "out", WINDOWS, PEOPLE, FRAMES, members=ALONE)
    with pytest.raises(InputError, match="out: is a file, and a folder is needed"):
        save_metrics(tmp_path / "out", Metrics(0.5, 9, 5, 2))


def test_members_beside_their_ensemble(tmp_path: Path) -> None:
    members = MemberScores(np.array([[1.0, 3.0], [2.0, 2.0]]))
    windows = WINDOWS._replace(score=members.mean)
    save_scores(tmp_path, windows, PEOPLE, FRAMES, members=members)
    with np.load(tmp_path / "scores.npz", allow_pickle=False) as file:
        np.testing.assert_array_equal(file["member_window_score"], members.score)
        np.testing.assert_array_equal(file["window_score"], [1.5, 2.5])
        np.testing.assert_array_equal(file["window_spread"], [0.5, 0.5])
        np.testing.assert_array_equal(file["window_disagreement"], members.disagreement)
    assert read_csv(tmp_path / "window_scores.csv")[0][3:] == [
        "window_score",
        "window_spread",
        "window_disagreement",
    ]


def test_figures_of_members(tmp_path: Path) -> None:
    save_metrics(tmp_path, Metrics(0.75, 2, 5, 2))
    alone = json.loads((tmp_path / "metrics.json").read_text())
    assert not {"auc_micro_members", "auc_micro_mean", "auc_micro_std"} & set(alone)
    save_metrics(tmp_path, Metrics(0.75, 2, 5, 2, auc_micro_members=(0.5, 0.75, 1.0)))
    found = json.loads((tmp_path / "metrics.json").read_text())
    assert found["auc_micro"] == 0.75
    assert found["auc_micro_mean"] == 0.75
    assert found["auc_micro_members"] == [0.5, 0.75, 1.0]
    assert found["auc_micro_std"] == 0.25
