"""An exported model scores as the model does, where nothing of this package is."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import onnxruntime
import pytest
from ml_collections import ConfigDict

from stgnf_jax import checkpoint, load_export
from stgnf_jax.errors import InputError
from stgnf_jax.export import export
from stgnf_jax.export_onnx import scoring_model
from stgnf_jax.export_program import PLATFORMS, scoring_program
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.model import Model, score_windows
from stgnf_jax.score_kinds import SCORES
from stgnf_jax.set_scoring import window_scorer
from stgnf_jax.windows import normalise
from tests.goldens import MODELS, distance, read_golden
from tests.small import FLOW, random_model, small_config, walk
from tests.test_evaluation import calibrated, save_ensemble

ROOT = Path(__file__).parents[1]
RESOLUTION = (856.0, 480.0)
# What a machine has that knows nothing but jax.
ELSEWHERE = """
import sys
for name in ("stgnf_jax", "flax", "distrax", "optax", "orbax", "absl", "ml_collections"):
    sys.modules[name] = None
import numpy as np
from load_export import load
scorer = load(sys.argv[1])
windows = np.load(sys.argv[2])
np.savez(sys.argv[3], **{str(n): scorer.score(windows[:n]) for n in (0, 1, 7, 1000)})
"""


def run_onnx(model: bytes, x: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(["scores"], {"windows": x})[0])


@pytest.mark.reference
@pytest.mark.parametrize("name", MODELS)
def test_every_golden(shared: Path, name: str) -> None:
    golden = read_golden(shared / f"goldens/models/{name}.npz")
    model = Model(golden.config, golden.variables(), RESOLUTION)
    program = jax.export.deserialize(bytearray(scoring_program("nll", [model])))
    assert program.platforms == PLATFORMS == ("cpu", "cuda", "tpu")
    x = golden.windows("x")
    expected = score_windows(model, normalise(x, RESOLUTION))
    assert distance(program.call(x), expected) < 1e-5
    assert distance(run_onnx(scoring_model("nll", [model]), x), expected) < 1e-5


def people(count: int) -> np.ndarray:
    """(N, T, 17, 3), in pixels."""
    tracks = np.stack([walk(seed) for seed in range(20)])
    start = np.arange(count) % (tracks.shape[1] - FLOW.segment_length)
    moved = np.random.default_rng(0).normal(0, 3, (count, FLOW.segment_length, 17, 3))
    places = start[:, None] + np.arange(FLOW.segment_length)
    return np.asarray(tracks[np.arange(count)[:, None] % 20, places] + moved)


def test_a_process_with_jax_alone(tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "run", random_model())
    command = [sys.executable, "-c", "from stgnf_jax.cli import main; main()", "export"]
    command += [
        "--config=configs/custom.py",
        "--config.data.cache_dir=",
        "--config.data.max_absent=1",
    ]
    command += [f"--checkpoint={tmp_path / 'run'}", f"--out={tmp_path / 'out'}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"the scorer is in {tmp_path / 'out'}" in done.stdout
    x = people(1000)
    np.save(tmp_path / "x.npy", x)
    arguments = [tmp_path / name for name in ("out", "x.npy", "scores.npz")]
    command = [sys.executable, "-c", ELSEWHERE, *map(str, arguments)]
    subprocess.run(command, cwd=tmp_path / "out", check=True)
    facts = json.loads((tmp_path / "out/facts.json").read_text())
    model = random_model()
    expected = score_windows(model, normalise(load_export.prepare(facts, x), model.resolution))
    with np.load(tmp_path / "scores.npz") as scores:
        for count in (1, 7, 1000):
            np.testing.assert_allclose(scores[str(count)], expected[:count], rtol=1e-5)
        assert scores["0"].shape == (0,)
    assert facts["windows"] == {
        **{"length": 8, "stride": 1, "max_absent": 1, "windowing": "all", "score_frame": 4}
    }
    assert facts["skeleton"]["joints"][1] == "neck"
    assert facts["normal_scores"] is None


@pytest.mark.parametrize("kind", SCORES)
def test_ensembles_and_their_scores(kind: str) -> None:
    models = [calibrated(0), calibrated(1)]
    program = jax.export.deserialize(bytearray(scoring_program(kind, models)))
    x = people(5)[:, :, :1] + np.random.default_rng(1).normal(0, 40, (5, 8, 18, 3))
    x = x.astype(np.float32)
    windows = jnp.asarray(x)
    expected = window_scorer(kind, models)(windows)
    np.testing.assert_allclose(program.call(windows[..., :2]), expected, rtol=1e-5)
    model = scoring_model(kind, models)
    np.testing.assert_allclose(run_onnx(model, x[..., :2]), expected, rtol=1e-5)


@pytest.mark.parametrize(
    "config",
    [
        FLOW._replace(coupling="additive", channels=3, permutation="shuffle"),
        FLOW._replace(conditioner="convolution", num_levels=2),
        FLOW._replace(conditioner="fully_connected", hidden_channels=3),
    ],
    ids=lambda config: config.conditioner,
)
def test_other_flows(config: FlowConfig) -> None:
    models = [random_model(config)]
    x = np.random.default_rng(0).normal(0, 40, (7, *config.event_shape)).astype(np.float32)
    expected = window_scorer("nll", models)(jnp.asarray(x))
    program = jax.export.deserialize(bytearray(scoring_program("nll", models)))
    model = scoring_model("nll", models)
    np.testing.assert_allclose(program.call(x), expected, rtol=1e-5)
    for count in (1, 7):
        np.testing.assert_allclose(run_onnx(model, x[:count]), expected[:count], rtol=1e-5)


def test_an_onnx_model_is_written_beside(config: ConfigDict, tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "run", random_model())
    export(config, tmp_path / "run", tmp_path / "out", onnx=True)
    facts = json.loads((tmp_path / "out/facts.json").read_text())
    model = (tmp_path / "out/scorer.onnx").read_bytes()
    assert facts["files"]["scorer.onnx"] == hashlib.sha256(model).hexdigest()
    x = load_export.prepare(facts, people(1000))
    found = run_onnx(model, x)
    np.testing.assert_allclose(found, load_export.load(tmp_path / "out").score(x), rtol=1e-5)
    assert (facts["input"]["name"], facts["output"]["name"]) == ("windows", "scores")


@pytest.fixture
def config(tmp_path: Path) -> ConfigDict:
    return small_config(tmp_path)


def test_what_cannot_be_exported(config: ConfigDict, tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "run", random_model())
    run, out = tmp_path / "run", tmp_path / "out"
    with pytest.raises(InputError, match="per_hour: needs normal scores; make them with"):
        export(config, run, out, per_hour=[1.0])
    with pytest.raises(InputError, match=r"per_hour: must be above 0, got \[0.0\]"):
        export(config, run, out, per_hour=[0.0])
    config.scoring.score = "typicality"
    with pytest.raises(InputError, match=r"has no calibration.npz"):
        export(config, run, out)
    config.scoring.score = "nll"
    config.scoring.keypoint_noise = 0.1
    with pytest.raises(InputError, match="keypoint_noise: depends on a window's place"):
        export(config, run, out)
    assert not out.exists()


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        ("jax._src.export.serialization", "an export cannot be written"),
        ("stgnf_jax.export_onnx", "an ONNX model cannot be written"),
    ],
)
def test_a_package_that_is_missing(
    config: ConfigDict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, reason: str
) -> None:
    checkpoint.save(tmp_path / "run", random_model())
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match=rf"{reason} .*pip install \"stgnf-jax\[export\]\""):
        export(config, tmp_path / "run", tmp_path / "out", onnx=True)
    assert not (tmp_path / "out").exists()


def test_a_folder_that_exists_is_left_alone(config: ConfigDict, tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "run", random_model())
    with pytest.raises(InputError, match="run: exists already; give another folder"):
        export(config, tmp_path / "run", tmp_path / "run")
    assert {path.name for path in tmp_path.iterdir()} == {"run"}


def test_scores_that_changed_on_the_way_are_not_written(
    config: ConfigDict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_ensemble(tmp_path / "run", [calibrated(0), calibrated(1)])
    one = scoring_program("nll", [calibrated(0)])
    monkeypatch.setattr("stgnf_jax.export.scoring_program", lambda *_: one)
    with pytest.raises(InputError, match="out: does not score as the model does"):
        export(config, tmp_path / "run", tmp_path / "out")
    assert {path.name for path in tmp_path.iterdir()} == {"run"}
