"""The JavaScript example gives the published system's scores of its own windows."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stgnf_jax import checkpoint, load_export
from stgnf_jax.export import export
from stgnf_jax.model import Model
from tests.conftest import SHARED
from tests.goldens import read_golden
from tests.small import small_config

EXAMPLE = Path(__file__).parents[1] / "examples/onnx_node"
# Of 984.
WINDOWS = slice(None, None, 20)


@pytest.fixture
def node() -> str:
    """The program; skips where it or the example's packages are missing."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("node is not installed")
    if not (EXAMPLE / "node_modules/onnxruntime-web").is_dir():
        reason = "packages are missing: cd examples/onnx_node && npm ci --ignore-scripts"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@pytest.fixture(scope="module")
def golden_export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published ShanghaiTech weights as an export, and windows.json with published scores."""
    folder = tmp_path_factory.mktemp("golden")
    golden = read_golden(SHARED / "goldens/checkpoints/ShanghaiTech_85_9.npz")
    checkpoint.save(folder / "run", Model(golden.config, golden.variables(), (856.0, 480.0)))
    export(small_config(folder), folder / "run", folder / "out", onnx=True)
    with np.load(SHARED / "goldens/windows.npz") as file:
        windows = np.moveaxis(file["test/windows"], 1, -1)[WINDOWS]
    with np.load(SHARED / "goldens/end_to_end_shanghaitech.npz") as file:
        scores = file["window_score"][WINDOWS]
    content = {"windows": windows.tolist(), "scores": scores.tolist()}
    (folder / "windows.json").write_text(json.dumps(content))
    return folder


def run(node: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [node, str(EXAMPLE / "score.mjs"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)


@pytest.mark.reference
def test_golden_windows(node: str, golden_export: Path) -> None:
    file = golden_export / "windows.json"
    content = json.loads(file.read_text())
    done = run(node, golden_export / "out", file)
    assert done.returncode == 0, done.stderr
    assert "50 scores agree to " in done.stderr
    found = np.array(done.stdout.split(), float)
    np.testing.assert_allclose(found, content["scores"], rtol=1e-4)
    by_jax = load_export.load(golden_export / "out").score(content["windows"])
    np.testing.assert_allclose(found, by_jax, rtol=1e-5)
    sample = run(node, golden_export / "out")
    assert "3 scores agree to " in sample.stderr


@pytest.mark.reference
def test_other_scores(node: str, golden_export: Path, tmp_path: Path) -> None:
    content = json.loads((golden_export / "windows.json").read_text())
    content["scores"][3] *= 1.01
    (tmp_path / "windows.json").write_text(json.dumps(content))
    done = run(node, golden_export / "out", tmp_path / "windows.json")
    assert done.returncode == 1
    assert "score.mjs: scores differ by " in done.stderr


BAD_WINDOWS: dict[str, Callable[[Any], object]] = {
    "window 1: frames are 23, expected 24": lambda windows: windows[1].pop(),
    "window 2: joints are 17, expected 18": lambda windows: windows[2][5].pop(),
    "window 0: joints are 16, expected 18": lambda windows: windows[0].insert(0, [[1, 2]] * 16),
    "window 2: holds what is no finite number": lambda windows: windows[2][5][1].__setitem__(
        1, None
    ),
    "window 1: has one y in all joints": lambda windows: windows[1].__setitem__(
        slice(None), [[[x, 7] for x in range(18)]] * 24
    ),
}
PREPARE = """
import { readFileSync } from "node:fs";
import { prepare } from "EXAMPLE/scorer.mjs";
const [facts, files] = process.argv.slice(1).map((file) => JSON.parse(readFileSync(file)));
for (const windows of files) {
  try { prepare(facts, windows); } catch (error) { console.log(error.message); }
}
"""


@pytest.mark.reference
def test_windows_that_cannot_be_scored(node: str, golden_export: Path, tmp_path: Path) -> None:
    files = []
    for damage in BAD_WINDOWS.values():
        windows = json.loads((golden_export / "windows.json").read_text())["windows"][:3]
        damage(windows)
        files.append(windows)
    (tmp_path / "files.json").write_text(json.dumps(files))
    code = PREPARE.replace("EXAMPLE", EXAMPLE.as_uri())
    arguments = [golden_export / "out/facts.json", tmp_path / "files.json"]
    command = [node, "--input-type=module", "-e", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True)
    found = done.stdout.splitlines()
    assert len(found) == len(BAD_WINDOWS)
    for message, start in zip(found, BAD_WINDOWS, strict=True):
        assert message.startswith(start)


@pytest.mark.reference
def test_a_damaged_model(node: str, golden_export: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(golden_export / "out", tmp_path / "out")
    model = bytearray((folder / "scorer.onnx").read_bytes())
    model[len(model) // 2] ^= 1
    (folder / "scorer.onnx").write_bytes(model)
    assert "scorer.onnx: is damaged, or of another" in run(node, folder).stderr
