"""Notebooks run from top to bottom in a kernel, at a small size, and are kept without outputs."""

import os
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
# What follows the cell of parameters, and what must hold at the end.
SMALL = {
    "bijectors": "CLIPS, STEPS, DEPTH = 2, 300, 2",
    "live_scores_and_thresholds": "NORMAL_CLIPS, TEST_CLIPS, EPOCHS, PER_HOUR = 8, 3, 1, 200.0",
    "published_checkpoints": "CHECKPOINTS, TEST_CLIPS = '{shared}/reference/checkpoints', 3",
    "quickstart": "TRAIN_CLIPS, TEST_CLIPS, EPOCHS = 2, 3, 1",
    "reproducing_the_paper": (
        "ONLY, SEEDS, CURVE_VALUES, TRAIN_CLIPS, TEST_CLIPS = ['table1', 'figure10'], 2, 1, 2, 3\n"
        "SETTINGS = ['training.epochs=1', 'model.num_steps=2']"
    ),
    "scaling_out": "MEMBERS, TRAIN_CLIPS, TEST_CLIPS, EPOCHS = 2, 2, 3, 1",
}
CHECKS = {
    "bijectors": "assert nll(parameters, held_out) < before - 0.1",
    "live_scores_and_thresholds": (
        "import json\n"
        "written = json.loads(Path(OUT, 'run/alarms.json').read_text())['alarms']\n"
        "assert len(written) == len(raised.alarms)\n"
        "assert (scene.lowest <= chosen.score).sum() == chosen.rank - 1\n"
        "assert [one.frame for one in settled] == list(range(settled[0].frame, number.max() + 1))"
    ),
    "published_checkpoints": "assert len(models) == 3 and auc.value > 0.95",
    "quickstart": (
        "assert scores.shape == (3,) and abs(again - x).max() < 1e-3\n"
        "assert page.stat().st_size > 100_000"
    ),
    "reproducing_the_paper": (
        "assert [outcome.status for outcome in outcomes if outcome.planned.test_name == 'town'] "
        "== [DONE] * 3\n"
        "assert len(list(Path(OUT, 'paper/figures').glob('figure10*.png'))) == 1"
    ),
    "scaling_out": (
        "assert jax.device_count() == 4 and len(scores.sharding.device_set) == 4\n"
        "assert len(robust.metrics.auc_micro_members) == 2"
    ),
}
EVERY = [
    pytest.param(
        path, id=path.stem, marks=[pytest.mark.reference] * (path.stem == "published_checkpoints")
    )
    for path in NOTEBOOKS
]


def code_cells(path: Path) -> list[Any]:
    return [cell for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]


def test_every_notebook_is_run_and_checked() -> None:
    names = {path.stem for path in NOTEBOOKS}
    assert names == SMALL.keys() == CHECKS.keys()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_outputs_and_metadata_are_stripped(path: Path) -> None:
    notebook = nbformat.read(path, 4)
    nbformat.validate(notebook)
    assert notebook.metadata == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in notebook.cells:
        assert cell.metadata in ({}, {"tags": ["parameters"]})
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


def test_all_install_alike() -> None:
    first = {code_cells(path)[0].source for path in NOTEBOOKS}
    assert len(first) == 1
    assert "google.colab" in first.pop()


def run(path: Path, folder: Path, shared: Path) -> Any:
    """The notebook with its outputs, executed in a folder."""
    notebook = nbformat.read(path, 4)
    (at,) = (i for i, cell in enumerate(notebook.cells) if cell.metadata.get("tags"))
    small, check = SMALL[path.stem].format(shared=shared), CHECKS[path.stem]
    notebook.cells.insert(at + 1, nbformat.v4.new_code_cell(small))
    notebook.cells.append(nbformat.v4.new_code_cell(check))
    place = {"metadata": {"path": str(folder)}}
    return NotebookClient(notebook, timeout=600, kernel_name="python3", resources=place).execute()


@pytest.mark.parametrize("path", EVERY)
def test_runs_at_a_small_size(
    path: Path, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What the package and Jupyter keep in a home folder is not kept.
    monkeypatch.setenv("HOME", os.fspath(tmp_path))
    cells = [cell for cell in run(path, tmp_path, shared).cells if cell.cell_type == "code"]
    outputs = [output for cell in cells for output in cell.outputs]
    assert not [text for output in outputs if "Warning:" in (text := output.get("text", ""))]
    assert any("image/png" in output.get("data", {}) for output in outputs)
