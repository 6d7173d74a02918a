"""Notebooks run from top to bottom, at a small size, and are kept without outputs."""

import json
from pathlib import Path
from typing import Any

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
SMALL = {"OUT": "out", "TRAIN_CLIPS": 2, "TEST_CLIPS": 3, "EPOCHS": 1}


def code_cells(path: Path) -> list[dict[str, Any]]:
    cells = json.loads(path.read_text())["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def without_magics(lines: list[str]) -> str:
    return "".join(line for line in lines if not line.startswith("%"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_outputs_are_stripped(path: Path) -> None:
    assert all(not cell["outputs"] and not cell["execution_count"] for cell in code_cells(path))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs_at_a_small_size(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    settings, *cells = (without_magics(cell["source"]) for cell in code_cells(path))
    exec(settings, names)
    names |= {name: value for name, value in SMALL.items() if name in names}
    for cell in cells:
        exec(cell, names)
    assert names["scores"].shape == (3,)
    assert 0 <= names["evaluation"].metrics.auc_micro <= 1
    assert (tmp_path / "out/run/metrics.json").exists()
