import json
import math
from pathlib import Path

import pytest

from stgnf_jax.errors import InputError
from stgnf_jax.run_summary import Summary, save_summary
from stgnf_jax.runs import DAMAGED, SORT_FIELDS, Run, differing_fields, load_runs
from tests.test_run_summary import SUMMARY

FINISHED = SUMMARY._replace(status="finished", epochs=2, loss=1.5, updated="2026-01-02T03:04:05")


def save(workdir: Path, summary: Summary = FINISHED, auc: object = None) -> None:
    save_summary(workdir, summary)
    if auc is not None:
        (workdir / "metrics.json").write_text(json.dumps({"auc_micro": auc, "num_clips": 2}))


def names(folder: Path, sort: str = "name") -> list[str]:
    return [run.name for run in load_runs(folder, sort)]


def test_what_is_known_of_a_run(tmp_path: Path) -> None:
    save(tmp_path / "a", FINISHED._replace(windows_per_second=3.5, message="m"), auc=0.75)
    assert load_runs(tmp_path) == [
        Run(
            name="a",
            status="finished",
            config={"seed": 3, "training.epochs": 2},
            seed=3,
            members=2,
            epochs=2,
            loss=1.5,
            auc=0.75,
            windows_per_second=3.5,
            updated="2026-01-02T03:04:05",
            message="m",
        )
    ]


def test_the_auc_of_members(tmp_path: Path) -> None:
    save(tmp_path / "a", auc=0.75)
    metrics = {"auc_micro": 0.8, "auc_micro_members": [0.5, 0.75, 1.0], "auc_micro_std": 0.25}
    (tmp_path / "a/metrics.json").write_text(json.dumps(metrics))
    save(tmp_path / "b", auc=0.5)
    three, one = load_runs(tmp_path)
    assert (three.auc, three.auc_std) == (0.8, 0.25)
    assert (one.auc, one.auc_std) == (0.5, None)


def test_the_average_precision_where_the_evaluation_has_it(tmp_path: Path) -> None:
    save(tmp_path / "a", auc=0.75)
    save(tmp_path / "b")
    metrics = {"auc_micro": 0.8, "average_precision": 0.5}
    (tmp_path / "b/metrics.json").write_text(json.dumps(metrics))
    assert [run.average_precision for run in load_runs(tmp_path)] == [None, 0.5]
    assert names(tmp_path, "average_precision") == ["b", "a"]


def test_runs_are_found_a_few_levels_down_and_not_within_runs(tmp_path: Path) -> None:
    for name in (
        "x",
        "x/checkpoints/y",
        "sweep/deep/b",
        "sweep/a",
        "1/2/3/4",
        "1/2/3/4/5",
        "1/b/c/d/e",
    ):
        save(tmp_path / name)
    assert names(tmp_path) == ["1/2/3/4", "sweep/a", "sweep/deep/b", "x"]
    assert names(tmp_path / "x") == ["."]


def test_links_are_followed_once(tmp_path: Path) -> None:
    save(tmp_path / "elsewhere/run")
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs/link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "runs/loop").symlink_to(tmp_path / "runs")
    (tmp_path / "runs/twice").symlink_to(tmp_path / "elsewhere/run")
    assert names(tmp_path / "runs") == ["link/run"]


def test_a_folder_without_runs(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(InputError, match=r"holds no runs: no folder with a summary\.json"):
            load_runs(folder)


def test_a_damaged_summary_is_a_run_that_says_so(tmp_path: Path) -> None:
    save(tmp_path / "a")
    (tmp_path / "b").mkdir()
    (tmp_path / "b/summary.json").write_text("{")
    for sort in SORT_FIELDS:
        assert {run.name: run.status for run in load_runs(tmp_path, sort)} == {
            "a": "finished",
            "b": DAMAGED,
        }
    assert "b/summary.json: cannot be read" in load_runs(tmp_path)[1].message


@pytest.mark.parametrize(
    "text", ["{", "[]", "{}", '{"auc_micro": "x"}', '{"auc_micro": 1, "auc_micro_std": []}']
)
def test_damaged_metrics_leave_the_rest(tmp_path: Path, text: str) -> None:
    save(tmp_path / "a", FINISHED._replace(message="failed before"))
    (tmp_path / "a/metrics.json").write_text(text)
    (run,) = load_runs(tmp_path)
    assert (run.loss, run.auc) == (1.5, None)
    assert run.message.startswith("failed before; ")
    assert "a/metrics.json: " in run.message
    assert run.message.endswith("; evaluate again")


def test_sorting(tmp_path: Path) -> None:
    save(tmp_path / "a", FINISHED._replace(loss=math.nan), auc=0.5)
    save(tmp_path / "b", FINISHED._replace(loss=2.0), auc=0.75)
    save(tmp_path / "c", FINISHED._replace(loss=None, updated="2027"))
    save(tmp_path / "d", FINISHED._replace(loss=1.0), auc=0.25)
    assert names(tmp_path, "loss") == ["d", "b", "a", "c"]
    assert names(tmp_path, "auc") == ["b", "a", "d", "c"]
    assert names(tmp_path, "updated") == ["c", "a", "b", "d"]
    assert names(tmp_path, "name") == ["a", "b", "c", "d"]


def test_fields_to_sort_by_are_fields_of_a_run() -> None:
    assert set(SORT_FIELDS) <= set(Run._fields)


def test_in_what_configurations_differ() -> None:
    runs = [
        Run("a", "finished", {"seed": 0, "x": 1, "y": 1}),
        Run("b", "finished", {"seed": 1, "x": 1, "y": 1.0}),
        Run("c", DAMAGED, {}),
    ]
    assert differing_fields(runs) == ["seed", "y"]
    assert differing_fields([*runs, Run("d", "failed", {"seed": 0, "y": 1})]) == ["seed", "x", "y"]
    assert differing_fields(runs[:1]) == []
