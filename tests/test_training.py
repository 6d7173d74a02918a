import json
import os
import shutil
import signal
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
import optax
import pytest
from ml_collections import ConfigDict

from stgnf_jax import checkpoint, train_loop, training
from stgnf_jax.config import default_config
from stgnf_jax.errors import InputError
from stgnf_jax.evaluation import Evaluation, evaluate, score
from stgnf_jax.flow import Variables
from stgnf_jax.held_out import held_out_nll
from stgnf_jax.mesh import by_member, make_mesh
from stgnf_jax.model import score_windows
from stgnf_jax.optimizer import make_optimizer
from stgnf_jax.program import Program, make_program
from stgnf_jax.run_folder import locked
from stgnf_jax.run_log import read_log
from stgnf_jax.run_summary import load_summary, save_summary
from stgnf_jax.sampling import draws, epoch_order, load_batch
from stgnf_jax.set_scoring import WindowSource
from stgnf_jax.stopping import Stopped
from stgnf_jax.train_loop import Run, go_on
from stgnf_jax.train_step import averaged, windows_maker
from stgnf_jax.training import train, train_and_evaluate
from stgnf_jax.training_set import load_training_set
from stgnf_jax.watching import Watch
from stgnf_jax.windows import gather, normalise
from tests.small import FLOW, random_model, small_config, walk, write_clip, write_data


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_data(tmp_path_factory.mktemp("data"))


class Trained(NamedTuple):
    """A training run that nobody changes."""

    config: ConfigDict
    workdir: Path
    evaluation: Evaluation


@pytest.fixture(scope="module")
def run(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    config, workdir = small_config(root), tmp_path_factory.mktemp("run")
    evaluation = train_and_evaluate(config, workdir)
    assert evaluation is not None
    return Trained(config, workdir, evaluation)


def quick_config(root: Path) -> ConfigDict:
    """One flow step and one epoch of four batches, all of one size so that few programs compile."""
    config = small_config(root)
    config.model.num_steps = 1
    config.training.epochs = 1
    config.training.batch_size = 27
    return config


def equal(first: Variables, second: Variables) -> bool:
    return bool(jax.tree.all(jax.tree.map(np.array_equal, first, second)))


def test_the_loss_falls(run: Trained) -> None:
    # 6 tracks of 9 windows, each twice, in batches of 32, the last one smaller.
    records = read_log(run.workdir)
    assert [(record.step, record.epoch) for record in records] == [(3, 0), (7, 1)]
    first, last = (record.loss for record in records)
    assert first is not None
    assert last is not None
    assert last[0] < first[0]
    assert records[0].learning_rate == pytest.approx(5e-4)
    assert records[1].windows_per_second


def test_what_the_summary_says(run: Trained) -> None:
    summary = load_summary(run.workdir)
    assert summary.status == "finished"
    assert (summary.windows, summary.examples, summary.abnormal_examples) == (54, 108, 0)
    assert (summary.epochs, summary.steps, summary.windows_seen) == (2, 8, 216)
    leaves = jax.tree.leaves(checkpoint.load(run.workdir).variables["params"])
    assert summary.parameters == sum(leaf.size for leaf in leaves)


def test_what_a_run_leaves(run: Trained) -> None:
    names = {path.name for path in run.workdir.iterdir()}
    assert {"config.json", "model.json", "checkpoints", "metrics.json", "scores.npz"} <= names
    assert {path.name for path in (run.workdir / "checkpoints").iterdir()} == {"4", "8"}
    fields = json.loads(run.config.to_json_best_effort())
    kept = json.loads((run.workdir / "config.json").read_text())
    assert kept == {"format_version": 1} | fields


def test_files_say_their_formats(run: Trained) -> None:
    expected = dict.fromkeys(("config", "summary", "origin", "metrics"), 1) | {"model": 2}
    for name, number in expected.items():
        fields = json.loads((run.workdir / f"{name}.json").read_bytes())
        assert fields["format_version"] == number
    with np.load(run.workdir / "scores.npz") as scores:
        assert scores["format_version"] == 1


def test_each_epoch_has_a_checkpoint_of_its_own(run: Trained, tmp_path: Path) -> None:
    earlier = shutil.copytree(run.workdir, tmp_path / "earlier")
    shutil.rmtree(earlier / "checkpoints" / "8")
    first, last = checkpoint.load(earlier), checkpoint.load(run.workdir)
    assert not equal(first.variables, last.variables)
    examples = load_training_set(run.config.data, FLOW)
    x = normalise(gather(examples.keypoints, examples.start, 8)[..., :2], last.resolution)
    assert score_windows(last, x).mean() > score_windows(first, x).mean()


def test_the_model_is_evaluated(run: Trained, tmp_path: Path) -> None:
    again = evaluate(run.config, run.workdir, tmp_path)
    assert again.metrics == run.evaluation.metrics
    assert 0.5 < again.metrics.auc_micro < 1
    metrics = json.loads((run.workdir / "metrics.json").read_text())
    assert metrics["auc_micro"] == again.metrics.auc_micro


def test_the_seed_decides_everything(run: Trained, root: Path, tmp_path: Path) -> None:
    expected = checkpoint.load(run.workdir).variables
    (again,) = train(small_config(root), tmp_path / "again")
    assert equal(again.variables, expected)
    config = small_config(root)
    config.seed = 1
    (other,) = train(config, tmp_path / "other")
    assert not equal(other.variables, expected)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_finished_run_is_left_as_it_is(run: Trained) -> None:
    before = contents(run.workdir)
    (model,) = train(run.config, run.workdir)
    assert equal(model.variables, checkpoint.load(run.workdir).variables)
    assert contents(run.workdir) == before


def test_another_configuration_is_refused(run: Trained) -> None:
    before = contents(run.workdir)
    config = run.config.copy_and_resolve_references()
    config.training.learning_rate, config.training.checkpoint_every = 0.1, 7
    message = "another configuration; .*: training.learning_rate is 0.1 now and was 0.0005$"
    with pytest.raises(InputError, match=message):
        train(config, run.workdir)
    assert contents(run.workdir) == before


@pytest.mark.parametrize("finished", [True, False])
def test_other_poses_are_refused(run: Trained, tmp_path: Path, finished: bool) -> None:
    """Also when nothing but the calibration is left to do."""
    workdir = shutil.copytree(run.workdir, tmp_path / "run")
    (workdir / "calibration.npz").unlink()
    if not finished:
        shutil.rmtree(workdir / "checkpoints/8")
    data = shutil.copytree(run.config.data.root, tmp_path / "data")
    write_clip(data / "pose/train/0.json", [walk(77), walk(78)])
    before = contents(workdir)
    config = run.config.copy_and_resolve_references()
    config.data.root = str(data)
    with pytest.raises(InputError, match="run: the poses are not those that the run here was"):
        train(config, workdir)
    assert contents(workdir) == before


@pytest.mark.parametrize("status", ["running", "stopped"])
def test_a_run_that_was_killed_after_its_last_step(
    run: Trained, tmp_path: Path, status: str
) -> None:
    """Only its summary and its calibration are missing then."""
    workdir = shutil.copytree(run.workdir, tmp_path / "run")
    (workdir / "calibration.npz").unlink()
    finished = load_summary(workdir)
    earlier = finished._replace(status=status, epochs=1, steps=4, windows_seen=108, loss=9.0)
    save_summary(workdir, earlier)
    (model,) = train(run.config, workdir)
    assert load_summary(workdir)._replace(updated=finished.updated) == finished
    expected = checkpoint.load(run.workdir).calibration
    jax.tree.map(np.testing.assert_array_equal, model.calibration, expected)


def test_a_model_that_is_no_run_is_not_overwritten(root: Path, tmp_path: Path) -> None:
    checkpoint.save(tmp_path, random_model())
    with pytest.raises(InputError, match="holds a model already; give another folder"):
        train(quick_config(root), tmp_path)


def test_one_process_at_a_time(root: Path, tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(InputError, match="another process is training here"):
        train(quick_config(root), tmp_path)


class Killed(BaseException):
    """Nobody catches it, as nobody does a SIGKILL."""


@pytest.mark.parametrize("saves", [1, 3])
def test_a_run_goes_on_where_it_was_left(
    run: Trained, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, saves: int
) -> None:
    config = small_config(root)
    config.training.checkpoint_every = 3
    save = checkpoint.save_step

    def save_and_die(steps: Any, step: int, *what: Any) -> None:
        save(steps, step, *what)
        if len(steps.all_steps()) == saves:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(train_loop, "save_step", save_and_die)
        with pytest.raises(Killed):
            train(config, tmp_path / "run")
    (model,) = train(config, tmp_path / "run")
    assert equal(model.variables, checkpoint.load(run.workdir).variables)


def test_sigterm_saves_and_stops(
    run: Trained, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = make_program

    def make_and_signal(config: ConfigDict) -> Program:
        program = make(config)

        def step(state: Any, batch: Any) -> Any:
            if state.step[0] == 2:
                os.kill(os.getpid(), signal.SIGTERM)
            return program.step(state, batch)

        return program._replace(step=step)

    with monkeypatch.context() as patch:
        patch.setattr(training, "make_program", make_and_signal)
        with pytest.raises(Stopped, match="stopped after step 3; the same command goes on"):
            train(small_config(root), tmp_path / "run")
    assert {path.name for path in (tmp_path / "run/checkpoints").iterdir()} == {"3"}
    (model,) = train(small_config(root), tmp_path / "run")
    assert equal(model.variables, checkpoint.load(run.workdir).variables)


def test_members_are_the_flows_of_their_seeds(run: Trained, root: Path, tmp_path: Path) -> None:
    config = small_config(root)
    config.ensemble = 2
    first, second = train(config, tmp_path / "both")
    config.ensemble, config.seed = 1, 1
    (alone,) = train(config, tmp_path / "second")
    for member, single in ((first, checkpoint.load(run.workdir)), (second, alone)):
        jax.tree.map(
            lambda a, b: np.testing.assert_allclose(a, b, rtol=2e-3, atol=2e-4),
            member.variables,
            single.variables,
        )


def test_the_best_epoch_is_kept(root: Path, tmp_path: Path) -> None:
    config = small_config(root)
    config.ensemble, config.training.held_out, config.training.epochs = 2, 0.3, 3
    config.training.batch_size = 36
    config.training.learning_rate = 0.5  # too fast: it does not get better and better
    program = make_program(config)
    state, found = program.start(), []
    for draw in draws(program.examples, config, 0):
        state, _ = program.step(state, program.load(draw.examples))
        if int(state.step[0]) % 2 == 0:
            held_out = WindowSource(
                program.held_out.keypoints, program.held_out.start, (856.0, 480.0)
            )
            found.append(held_out_nll(FLOW, averaged(state), held_out))
            state, told = program.end_epoch(state, draw.epoch)
            np.testing.assert_array_equal(told, found[-1])
    nll = np.stack(found)
    np.testing.assert_array_equal(state.chosen.held_out_nll, nll.min(0))
    np.testing.assert_array_equal(state.chosen.epoch, nll.argmin(0))
    members = train(config, tmp_path / "run")
    logged = [record.held_out_nll for record in read_log(tmp_path / "run")]
    np.testing.assert_allclose([one for one in logged if one is not None], nll, rtol=1e-6)
    assert (np.diff(nll, axis=0) > 0).any()  # what is logged is each epoch's, not the best so far
    for member, model in enumerate(members):
        expected = jax.tree.map(lambda leaf, i=member: leaf[i], state.chosen.variables)
        assert equal(model.variables, expected)


def test_patience(root: Path, tmp_path: Path) -> None:
    config = quick_config(root)
    config.training.held_out, config.training.patience, config.training.epochs = 0.3, 2, 30
    config.training.learning_rate, config.training.batch_size = 3.0, 36
    train(config, tmp_path)
    steps = max(int(path.name) for path in (tmp_path / "checkpoints").iterdir())
    assert steps < 30 * 2
    before = contents(tmp_path)
    train(config, tmp_path)
    assert contents(tmp_path) == before


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
    (model,) = train(config, tmp_path / "run")
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
    message = r"failed_batch.npz: step 1 has a loss .* clip \d person \d from frame \d+ \(nll"
    with pytest.raises(InputError, match=message):
        train(config, tmp_path / "run")
    with pytest.raises(InputError, match="has no finished checkpoint"):
        checkpoint.load(tmp_path / "run")
    examples = load_training_set(config.data, FLOW)
    with np.load(tmp_path / "run/failed_batch.npz") as file:
        failed = dict(file)
    assert failed["keypoints"].shape == (27, 8, 18, 3)
    assert not np.isfinite(failed["nll"]).all()
    drawn = epoch_order(examples, 0, 0, "none")[27:54]
    np.testing.assert_array_equal(failed["start"], examples.origin.frame[drawn // 2])
    np.testing.assert_array_equal(failed["augmentation"], drawn % 2)


def test_the_last_good_checkpoint_is_kept(root: Path, tmp_path: Path) -> None:
    config = quick_config(root)
    train(config, tmp_path / "good")
    config.training.epochs = 2
    program = make_program(config)

    def spoilt(drawn: Any) -> Any:
        batch = program.load(drawn)
        return batch._replace(weight=batch.weight * np.inf)

    with checkpoint.manager(tmp_path / "good", create=False) as steps:
        state = checkpoint.restore_state(steps, program.start(), by_member(program.mesh))
        watch = Watch(lambda _: None, lambda _: None)
        where = Run(tmp_path, steps, lambda _: False, watch)
        with pytest.raises(InputError, match="step 4 has a loss or a gradient that is not finite"):
            go_on(program._replace(load=spoilt), where, state)
    assert {path.name for path in (tmp_path / "good/checkpoints").iterdir()} == {"4"}


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
    config = small_config(root)
    examples = load_training_set(config.data, FLOW)
    drawn = epoch_order(examples, 0, 0, "none")[:32]
    batch = load_batch(examples, drawn[None], np.ones(54, np.float32), 8, make_mesh(1))
    batch = jax.tree.map(lambda leaf: leaf[0], batch)
    make_windows = windows_maker(FLOW, (856.0, 480.0), config.training)
    poses = np.array(gather(examples.keypoints, examples.start[drawn // 2], 8))[..., :2]
    poses[drawn % 2 == 1, ..., 0] *= -1
    made = make_windows(batch, jax.random.key(0))
    np.testing.assert_allclose(made, normalise(poses, (856.0, 480.0)), rtol=0, atol=1e-5)
    config.training.keypoint_noise, config.training.keypoint_drop = 0.1, 0.2
    noisy = windows_maker(FLOW, (856.0, 480.0), config.training)
    one, other = (noisy(batch, jax.random.key(seed)) for seed in (0, 1))
    assert 0.05 < np.std(one - made) < 0.5
    assert not np.allclose(one, other)


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


def test_one_window_is_trained_on_without_a_calibration(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_clip(tmp_path / "data/pose/train/0.json", [walk(0)[:8]])
    config = quick_config(tmp_path / "data")
    config.data.augmentation = "none"
    (model,) = train(config, tmp_path / "run")
    assert model.calibration is None
    assert "there is no calibration, so only nll can be scored" in caplog.text
    assert not (tmp_path / "run/calibration.npz").exists()
