import contextlib
import io
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
import optax
import pytest
from ml_collections import ConfigDict

from stgnf_jax import checkpoint
from stgnf_jax.config import default_config
from stgnf_jax.errors import InputError
from stgnf_jax.evaluation import Evaluation, evaluate, score
from stgnf_jax.flow import Variables
from stgnf_jax.model import score_windows
from stgnf_jax.optimizer import make_optimizer
from stgnf_jax.training import train, train_and_evaluate, windows_maker
from stgnf_jax.training_set import batches, load_training_set
from stgnf_jax.windows import gather, normalise
from tests.small import FLOW, small_config, write_data


@pytest.fixture(scope="module", autouse=True)
def _compiled_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keeps compiled programs, so that a second run with the same configuration is quick."""
    options = {
        "jax_compilation_cache_dir": str(tmp_path_factory.mktemp("compiled")),
        "jax_persistent_cache_min_compile_time_secs": 0,
    }
    before = {name: getattr(jax.config, name) for name in options}
    for name, value in options.items():
        jax.config.update(name, value)
    yield
    for name, value in before.items():
        jax.config.update(name, value)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_data(tmp_path_factory.mktemp("data"))


class Run(NamedTuple):
    """A training run that nobody changes, and what it printed."""

    config: ConfigDict
    workdir: Path
    evaluation: Evaluation
    printed: str


@pytest.fixture(scope="module")
def run(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    config, workdir = small_config(root), tmp_path_factory.mktemp("run")
    with contextlib.redirect_stderr(io.StringIO()) as printed:
        evaluation = train_and_evaluate(config, workdir)
    assert evaluation is not None
    return Run(config, workdir, evaluation, printed.getvalue())


def quick_config(root: Path) -> ConfigDict:
    """One flow step and one epoch."""
    config = small_config(root)
    config.model.num_steps = 1
    config.training.epochs = 1
    return config


def equal(first: Variables, second: Variables) -> bool:
    return bool(jax.tree.all(jax.tree.map(np.array_equal, first, second)))


def test_the_loss_falls(run: Run) -> None:
    losses = [float(loss) for loss in re.findall(r"loss (\S+) bits/dim", run.printed)]
    assert len(losses) == 2
    assert losses[1] < losses[0]


def test_the_progress_is_shown(run: Run) -> None:
    # 6 tracks of 9 windows, each twice, in batches of 32: the last one is smaller.
    lines = run.printed.strip().splitlines()
    assert len(lines) == 2
    for epoch, line in enumerate(lines, start=1):
        assert re.fullmatch(rf"epoch {epoch}/2 .* 4/4 loss .* windows/s +\S+", line)


def test_what_a_run_leaves(run: Run) -> None:
    names = {path.name for path in run.workdir.iterdir()}
    assert {"config.json", "model.json", "checkpoints", "metrics.json", "scores.npz"} <= names
    assert {path.name for path in (run.workdir / "checkpoints").iterdir()} == {"0", "1"}
    assert json.loads((run.workdir / "config.json").read_text()) == json.loads(
        run.config.to_json_best_effort()
    )


def test_each_epoch_has_a_checkpoint_of_its_own(run: Run, tmp_path: Path) -> None:
    earlier = shutil.copytree(run.workdir, tmp_path / "earlier")
    shutil.rmtree(earlier / "checkpoints" / "1")
    first, last = checkpoint.load(earlier), checkpoint.load(run.workdir)
    assert not equal(first.variables, last.variables)
    examples = load_training_set(run.config.data, FLOW)
    x = normalise(gather(examples.keypoints, examples.start, 8)[..., :2], last.resolution)
    assert score_windows(last, x).mean() > score_windows(first, x).mean()


def test_the_model_is_evaluated(run: Run, tmp_path: Path) -> None:
    again = evaluate(run.config, run.workdir, tmp_path)
    assert again.metrics == run.evaluation.metrics
    assert 0.5 < again.metrics.auc_micro < 1
    metrics = json.loads((run.workdir / "metrics.json").read_text())
    assert metrics["auc_micro"] == again.metrics.auc_micro


def test_the_seed_decides_everything(run: Run, root: Path, tmp_path: Path) -> None:
    expected = checkpoint.load(run.workdir).variables
    again = train(small_config(root), tmp_path / "again")
    assert equal(again.variables, expected)
    config = small_config(root)
    config.seed = 1
    other = train(config, tmp_path / "other")
    assert not equal(other.variables, expected)


def test_a_run_is_not_overwritten(run: Run) -> None:
    before = checkpoint.load(run.workdir).variables
    with pytest.raises(InputError, match="holds a model already; give another folder"):
        train(run.config, run.workdir)
    assert equal(checkpoint.load(run.workdir).variables, before)


def test_without_a_test_set_nothing_is_evaluated(
    root: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = quick_config(tmp_path / "data")
    shutil.copytree(root / "pose/train", tmp_path / "data/pose/train")
    assert train_and_evaluate(config, tmp_path / "run") is None
    assert "there will be no evaluation: there is no folder" in caplog.text
    assert checkpoint.load(tmp_path / "run").config.num_steps == 1


def write_skeleton(path: Path) -> str:
    skeleton = {
        "num_joints": 5,
        "edges": [[0, 1], [1, 2], [1, 3], [1, 4]],
        "center": 1,
        "sources": [[0], [5, 6], [9], [10], [15, 16]],
    }
    path.write_text(json.dumps(skeleton), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("field", "value", "event_shape"),
    [
        ("channels", 3, (8, 18, 3)),
        ("skeleton", "coco17", (8, 17, 2)),
        ("skeleton", "file", (8, 5, 2)),
    ],
)
def test_other_skeletons_and_confidence_train_and_score(
    root: Path, tmp_path: Path, field: str, value: Any, event_shape: tuple[int, ...]
) -> None:
    config = quick_config(root)
    config.model[field] = write_skeleton(tmp_path / "five.json") if value == "file" else value
    model = train(config, tmp_path / "run")
    assert model.config.event_shape == event_shape
    (tmp_path / "five.json").unlink(missing_ok=True)
    scored = score(config, tmp_path / "run", tmp_path / "out")
    assert np.isfinite(scored.windows.score).all()
    x = np.random.default_rng(0).normal(size=(2, *event_shape)).astype(np.float32)
    x[1] = x[0]
    x[1, ..., -1] += 1
    one, other = score_windows(model, x)
    assert one != other


def test_a_loss_that_is_not_finite_stops(root: Path, tmp_path: Path) -> None:
    config = quick_config(root)
    config.training.learning_rate = 1e30
    with pytest.raises(InputError, match=r"loss of an epoch is (nan|inf), .*learning_rate"):
        train(config, tmp_path / "run")
    with pytest.raises(InputError, match="has no finished checkpoint"):
        checkpoint.load(tmp_path / "run")


def test_nothing_is_written_where_nothing_can_be_trained(root: Path, tmp_path: Path) -> None:
    config = quick_config(root)
    config.training.batch_size = 0
    with pytest.raises(
        InputError, match=r"config\.training\.batch_size: must be at least 1 and .* got 0"
    ):
        train(config, tmp_path / "run")
    config = quick_config(root)
    config.model.channels = 4
    with pytest.raises(InputError, match=r"config\.model\.channels: must be 2 or 3"):
        train(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_windows_are_augmented_in_pixels_then_normalised(root: Path) -> None:
    examples = load_training_set(small_config(root).data, FLOW)
    batch = next(batches(examples, 32, seed=0, epoch=0))
    mirrored = batch.matrix[:, 0, 0] < 0
    assert 0 < mirrored.sum() < 32
    made = windows_maker(FLOW, (856.0, 480.0))(jax.numpy.asarray(examples.keypoints), batch)
    poses = np.array(gather(examples.keypoints, batch.start, 8))[..., :2]
    poses[mirrored, ..., 0] *= -1
    np.testing.assert_allclose(made, normalise(poses, (856.0, 480.0)), rtol=0, atol=1e-5)


def updates(gradients: list[Any], steps_per_epoch: int = 100, **fields: float) -> list[Any]:
    """What the optimiser adds to a parameter, step by step."""
    config = default_config().training
    config.update(fields)
    optimizer = make_optimizer(config, steps_per_epoch)
    parameter = np.zeros_like(gradients[0])
    state, found = optimizer.init(parameter), []
    for gradient in gradients:
        change, state = optimizer.update(gradient, state, parameter)
        found.append(np.asarray(change))
    return found


def test_the_learning_rate_of_each_epoch() -> None:
    # Adamax makes steps of the learning rate along a gradient that stays the same.
    steps = updates(15 * [np.array([2.0], np.float32)], steps_per_epoch=3)
    epochs = np.arange(15) // 3
    expected = -5e-4 * 0.99 ** np.maximum(epochs - 1, 0)
    np.testing.assert_allclose(np.ravel(steps), expected, rtol=1e-5)
    assert len(set(np.round(expected, 9))) == 4


def test_gradients_are_clipped() -> None:
    large, small = np.array([300, 400], np.float32), np.array([3, 4], np.float32)
    clipped = optax.adamax(5e-4, b1=0.9, b2=0.999, eps=1e-8)
    state, expected = clipped.init(small), []
    for gradient in (large * 0.2, small):
        change, state = clipped.update(gradient, state, small)
        expected.append(np.asarray(change))
    np.testing.assert_allclose(updates([large, small]), expected, rtol=1e-5)
    loose = updates([large, small], max_gradient_norm=1000.0)
    assert np.abs(np.array(loose) - expected).max() > 1e-5


def test_a_test_set_that_does_not_fit_is_known_before_training(root: Path, tmp_path: Path) -> None:
    data = shutil.copytree(root, tmp_path / "data")
    mask = next((data / "gt/test_frame_mask").iterdir())
    mask.unlink()
    with pytest.raises(InputError, match=f"{mask.name}: is missing"):
        train_and_evaluate(quick_config(data), tmp_path / "run")
    assert not (tmp_path / "run").exists()
