"""The models of `zoo/` are what their cards say, and the script that makes them leaves nothing."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import jax
import numpy as np
import pytest

from stgnf_jax.checkpoint import load_description, load_members
from stgnf_jax.errors import InputError
from stgnf_jax.evaluation import evaluate
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.town import build_town

ROOT = Path(__file__).parents[1]
ZOO = ("town", "cmu")


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("model_zoo", ROOT / "scripts/model_zoo.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def stated(model: str, tested_on: str, score: str) -> float:
    """The micro AUC of the zoo's model, in percent, in the card's table."""
    card = (ROOT / "docs/model_zoo.md").read_text().partition(f"| {model} on | score |")[2]
    row = re.search(rf"^\| {tested_on} \| {score} \| ([\d.]+) .*$", card, re.MULTILINE)
    assert row is not None
    return float(row[1])


@pytest.mark.parametrize("name", ZOO)
def test_a_model_has_eight_calibrated_flows_of_the_preset(name: str) -> None:
    members = load_members(ROOT / "zoo" / name)
    assert len(members) == 8
    assert load_description(ROOT / "zoo" / name).flow == FlowConfig()
    assert all(member.calibration is not None for member in members)
    assert sum(leaf.size for leaf in jax.tree.leaves(members[0].variables["params"])) == 616


def measured(model: str, root: Path, score: str) -> float:
    """The micro AUC of a zoo's model, in percent."""
    config = script().config_of(root)
    config.data.cache_dir, config.scoring.score = "", score
    config.scoring.interval_resamples = 0
    return 100 * evaluate(config, ROOT / "zoo" / model, root / score).metrics.auc_micro


# The last digits depend on the processor.
@pytest.mark.parametrize("score", ["nll", "density_of_states"])
def test_the_towns_card_states_what_its_model_gives(tmp_path: Path, score: str) -> None:
    build_town(tmp_path, 1, train_clips=0)
    expected = stated("town", "1", score)
    assert measured("town", tmp_path, score) == pytest.approx(expected, abs=0.1)


@pytest.mark.reference
def test_the_card_of_real_motion_states_what_its_model_gives(shared: Path, tmp_path: Path) -> None:
    program = shared / "tools/cmu_poses.py"
    subprocess.run([sys.executable, str(program), str(tmp_path), "1"], check=True)
    expected = stated("cmu", "cmu", "density_of_states")
    found = measured("cmu", tmp_path / "data/ShanghaiTech", "density_of_states")
    assert found == pytest.approx(expected, abs=0.1)


def test_what_is_kept_scores_alike_and_names_no_place(tmp_path: Path) -> None:
    script().keep(ROOT / "zoo/town", tmp_path / "kept")
    before, after = load_members(ROOT / "zoo/town"), load_members(tmp_path / "kept")
    jax.tree.map(
        np.testing.assert_array_equal,
        [(one.variables, one.calibration) for one in before],
        [(one.variables, one.calibration) for one in after],
    )
    files = [path for path in (tmp_path / "kept").rglob("*") if path.is_file()]
    assert not [path for path in files if str(tmp_path).encode() in path.read_bytes()]
    with pytest.raises(InputError, match="holds a model already"):
        script().keep(ROOT / "zoo/town", tmp_path / "kept")
