import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stgnf_jax.config_fields import flatten
from stgnf_jax.errors import InputError
from stgnf_jax.metrics import auc_micro
from stgnf_jax.report import write_report
from stgnf_jax.run_summary import save_summary
from stgnf_jax.saved_scores import load_scores
from tests.small import NUM_FRAMES, walk, write_clip
from tests.small_run import evaluated_run
from tests.test_run_summary import SUMMARY


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with `data`, `model` and `run`; tests copy it before they change it."""
    folder = tmp_path_factory.mktemp("report")
    evaluated_run(folder)
    return folder


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made / "run", tmp_path / "run"))


def index_of(file: Path) -> dict[str, Any]:
    found = re.search(
        r'<script type="application/json" id="index">(.*?)</script>', file.read_text()
    )
    assert found is not None
    index: dict[str, Any] = json.loads(found[1])
    return index


def facts_of(file: Path) -> dict[str, dict[str, str]]:
    return {title: dict(rows) for title, rows in index_of(file)["facts"]}


def as_shown(metrics: dict[str, Any]) -> dict[str, str]:
    """Figures as the page has them, those within others by their full names."""
    figures = flatten(metrics).items()
    return {name: value if isinstance(value, str) else compact(value) for name, value in figures}


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def test_the_page_says_what_the_folder_holds(run: Path, made: Path) -> None:
    file = write_report(run)
    assert file == run / "report.html"
    index, saved = index_of(file), load_scores(run)
    metrics = json.loads((run / "metrics.json").read_bytes())
    assert index["headline"][0] == ["AUC", f"{metrics['auc_micro']:.4f}"]
    assert index["headline"][-3:] == [["clips", "3"], ["frames", "72"], ["windows", "68"]]
    assert [clip["name"] for clip in index["clips"]] == ["a", "b", "c"]
    assert saved.normal is not None
    nobody = index["clips"].pop()
    assert (nobody["people"], nobody["rows"], nobody["auc"], nobody["range"]) == (
        [],
        [],
        None,
        None,
    )
    for number, clip in enumerate(index["clips"]):
        frames = saved.frames.frames(number)
        assert clip["auc"] == auc_micro(saved.normal[frames], saved.frames.smoothed[frames])
        assert (clip["people"], clip["rows"]) == (["1", "2"], [NUM_FRAMES, NUM_FRAMES])
    facts = facts_of(file)
    assert facts["Figures"] == as_shown(metrics)
    assert facts["Data"]["poses"] == str(made / "data/pose/test")
    assert facts["Model"]["checkpoint"] == str(made / "model")
    assert facts["Scores"]["abnormal frames"] == "24"
    assert not any(title.startswith("Training") for title in facts)


def test_figures_that_could_not_be_computed_are_not_said_first(run: Path) -> None:
    metrics = {"auc_micro": 0.75, "eer": None, "average_precision": 1}
    (run / "metrics.json").write_text(json.dumps(metrics))
    file = write_report(run)
    assert index_of(file)["headline"][:3] == [["AUC", "0.7500"], ["AP", "1.0000"], ["clips", "3"]]
    assert facts_of(file)["Figures"]["eer"] == "null"


def test_a_training_is_told_of_by_its_summary(run: Path) -> None:
    save_summary(run, SUMMARY)
    facts = facts_of(write_report(run))
    assert facts["Training"]["parameters"] == str(SUMMARY.parameters)
    assert "started" not in facts["Training"]


def test_the_same_scores_give_the_same_bytes(run: Path, tmp_path: Path) -> None:
    first = write_report(run, tmp_path / "new/first.html").read_bytes()
    assert write_report(run, tmp_path / "second.html").read_bytes() == first


def test_scores_without_truth(tmp_path: Path) -> None:
    run = evaluated_run(tmp_path, truth=False)
    (run / "metrics.json").write_text('{"auc_micro": 0.5}')  # of an earlier evaluation
    index = index_of(write_report(run))
    assert not index["truth"]
    assert index["threshold"]["rule"] == "the lowest 1% of the frames"
    assert index["headline"][0] == ["clips", "2"]
    assert "Figures" not in dict(index["facts"])


def test_poses_that_have_moved(made: Path, run: Path, tmp_path: Path) -> None:
    moved = Path(shutil.copytree(made / "data/pose/test", tmp_path / "elsewhere"))
    origin = json.loads((run / "origin.json").read_bytes())
    origin["config"]["data"]["root"] = str(tmp_path / "gone")
    (run / "origin.json").write_text(json.dumps(origin))
    with pytest.raises(InputError, match=r"gone/pose/test: is no folder; .* --poses=FOLDER"):
        write_report(run)
    assert not (run / "report.html").exists()
    assert index_of(write_report(run, poses=moved))["clips"][0]["name"] == "a"


@pytest.mark.parametrize("change", ["other frames", "a clip more", "a clip less"])
def test_poses_that_are_not_those_that_were_scored(
    made: Path, run: Path, tmp_path: Path, change: str
) -> None:
    poses = Path(shutil.copytree(made / "data/pose/test", tmp_path / "poses"))
    if change == "other frames":
        write_clip(poses / "a.json", [walk(1)[:20], walk(2)])
    elif change == "a clip more":
        write_clip(poses / "d.json", [walk(1)])
    else:
        (poses / "b.json").unlink()
    with pytest.raises(InputError, match=r"poses: holds other poses than those that were scored"):
        write_report(run, poses=poses)


def test_metrics_that_are_damaged(run: Path) -> None:
    (run / "metrics.json").write_text("[]")
    with pytest.raises(InputError, match=r"metrics\.json: does not hold figures"):
        write_report(run)
    (run / "metrics.json").write_text("{")
    with pytest.raises(InputError, match=r"metrics\.json: cannot be read"):
        write_report(run)


def test_a_person_without_any_likelihood_is_shown(run: Path) -> None:
    with np.load(run / "scores.npz") as file:
        arrays = dict(file)
    arrays["person_score"][3] = -np.inf
    np.savez(run / "scores.npz", allow_pickle=False, **arrays)
    low, high = index_of(write_report(run))["clips"][0]["range"]
    assert np.isfinite([low, high]).all()
