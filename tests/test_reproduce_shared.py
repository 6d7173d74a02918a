"""All experiments of the paper on real and on made-up motion, with a small flow."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stgnf_jax.reproduction.command_line import parse_given
from stgnf_jax.reproduction.experiments import EXPERIMENTS
from stgnf_jax.reproduction.outcome import DONE, MISSING
from stgnf_jax.reproduction.paper_rows import OWN_ABNORMAL
from stgnf_jax.reproduction.reproduce import reproduce

# An epoch of one batch: a smaller one at its end would be a second program to compile.
SETTINGS = (
    *("data.cache_dir=", "model.segment_length=4", "model.num_steps=1"),
    *("training.epochs=1", "training.batch_size=4096"),
)


def make(shared: Path, tool: str, *arguments: object) -> None:
    program = shared / "tools" / tool
    subprocess.run([sys.executable, str(program), *map(str, arguments)], check=True)


def abnormal_people(root: Path, pattern: str) -> None:
    """Some test clips as clips of abnormal people to train on."""
    (root / OWN_ABNORMAL).mkdir()
    for file in sorted((root / "pose/test").glob(pattern))[:3]:
        shutil.copy(file, root / OWN_ABNORMAL)


@pytest.mark.reference
def test_the_paper_on_real_and_on_made_up_motion(shared: Path, tmp_path: Path) -> None:
    make(shared, "cmu_poses.py", tmp_path, 1, 1)
    make(shared, "synth.py", tmp_path / "synth", 1, 6, 5)
    cmu, synth = tmp_path / "data/ShanghaiTech", tmp_path / "synth"
    abnormal_people(cmu, "02_*")
    abnormal_people(synth, "*")
    given = parse_given([f"cmu={cmu}", f"synth={synth}"], [], SETTINGS, 2, curve_values=1)
    outcomes = reproduce(tuple(EXPERIMENTS), given, tmp_path / "out", print)
    for outcome in outcomes:
        own = outcome.planned.row.tested_on in ("cmu", "synth")
        assert outcome.status == (DONE if own else MISSING), outcome
    for data_set in ("cmu", "synth"):
        rows = [o.planned for o in outcomes if o.planned.row.tested_on == data_set]
        assert {row.experiment for row in rows} == set(EXPERIMENTS)
    assert "not run yet" not in (tmp_path / "out/report.md").read_text()
