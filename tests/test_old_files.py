"""Files that earlier versions wrote (tests/data/README.md), and ones that a later one may write."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from stgnf_jax import checkpoint
from stgnf_jax.errors import InputError
from stgnf_jax.metrics_file import load_metrics
from stgnf_jax.model import score_windows
from stgnf_jax.normal_scores_file import load_normal_scores
from stgnf_jax.run_folder import check_same_config
from stgnf_jax.run_summary import load_summary
from stgnf_jax.runs import load_runs
from stgnf_jax.saved_scores import load_scores
from stgnf_jax.score_origin import load_origin
from stgnf_jax.set_scoring import window_scorer
from stgnf_jax.training import train
from tests.small import FLOW, small_config, write_data

DATA = Path(__file__).parent / "data"
FIRST, SECOND = DATA / "checkpoint_v1", DATA / "checkpoint_v2"


def run_config(root: Path, members: int) -> Any:
    """That of the runs in `DATA`."""
    config = small_config(root)
    config.training.epochs = 1
    config.ensemble = members
    if members > 1:
        config.scoring.score = "density_of_states"
    return config


@pytest.mark.parametrize(("folder", "members"), [(FIRST, 1), (SECOND, 2)])
def test_a_checkpoint_gives_the_scores_it_gave(folder: Path, members: int) -> None:
    models = checkpoint.load_members(folder)
    assert len(models) == members
    assert all(model.config == FLOW for model in models)
    with np.load(folder / "windows.npz") as then:
        for model, score in zip(models, then["score"], strict=True):
            np.testing.assert_allclose(score_windows(model, then["x"]), score, rtol=2e-6)
        if members > 1:
            now = window_scorer("density_of_states", models)(then["x"])
            np.testing.assert_allclose(now, then["density_of_states"], rtol=2e-6)


def test_the_files_beside_a_checkpoint(tmp_path: Path) -> None:
    for folder, members in ((FIRST, 1), (SECOND, 2)):
        check_same_config(run_config(tmp_path, members), folder)
        assert len(load_scores(folder).windows.score) == 68
        assert (load_metrics(folder) or {})["num_frames"] == 48
    assert load_origin(SECOND).model.members == 2
    assert load_summary(SECOND).status == "finished"
    assert len(load_normal_scores(SECOND).scenes[0].lowest) == 2
    assert [run.auc for run in load_runs(SECOND)] == [(load_metrics(SECOND) or {})["auc_micro"]]


def test_a_training_goes_on(tmp_path: Path) -> None:
    """From the state of the second one, which is at its end: nothing changes."""
    run, root = shutil.copytree(SECOND, tmp_path / "run"), write_data(tmp_path / "data")
    trained = train(run_config(root, 2), run)
    assert [path.name for path in (run / "checkpoints").iterdir()] == ["4"]
    for now, then in zip(trained, checkpoint.load_members(SECOND), strict=True):
        jax.tree.map(np.testing.assert_array_equal, now.variables, then.variables)


def test_a_training_of_the_first_format_does_not_go_on(tmp_path: Path) -> None:
    run, root = shutil.copytree(FIRST, tmp_path / "run"), write_data(tmp_path / "data")
    with pytest.raises(InputError, match=r"model\.json: an earlier version of stgnf-jax began"):
        train(run_config(root, 1), run)


def _set_in_json(file: Path) -> None:
    file.write_text(json.dumps(json.loads(file.read_bytes()) | {"format_version": 99}))


def _set_in_npz(file: Path) -> None:
    with np.load(file) as opened:
        columns = dict(opened)
    np.savez(file, **columns | {"format_version": np.array(99)})


def _set_in_about(file: Path) -> None:
    with np.load(file) as opened:
        columns = dict(opened)
    about = json.loads(str(columns["about"])) | {"format_version": 99}
    np.savez(file, **columns | {"about": np.array(json.dumps(about))})


READERS: dict[str, tuple[Callable[[Path], None], Callable[[Path], object]]] = {
    "model.json": (_set_in_json, checkpoint.load_description),
    "config.json": (_set_in_json, lambda run: check_same_config(run_config(run, 2), run)),
    "summary.json": (_set_in_json, load_summary),
    "origin.json": (_set_in_json, load_origin),
    "metrics.json": (_set_in_json, load_metrics),
    "scores.npz": (_set_in_npz, load_scores),
    "calibration.npz": (_set_in_npz, checkpoint.load_members),
    "normal_scores.npz": (_set_in_about, load_normal_scores),
}


@pytest.mark.parametrize("name", READERS)
def test_a_file_of_a_later_version(tmp_path: Path, name: str) -> None:
    run = shutil.copytree(SECOND, tmp_path / "run")
    change, read = READERS[name]
    read(run)
    change(run / name)
    with pytest.raises(InputError, match=rf"run/{name}: format_version: is 99, .*; update stgnf"):
        read(run)


def test_runs_show_a_file_of_a_later_version(tmp_path: Path) -> None:
    run = shutil.copytree(SECOND, tmp_path / "run")
    _set_in_json(run / "metrics.json")
    assert "metrics.json: format_version: is 99" in load_runs(tmp_path)[0].message
