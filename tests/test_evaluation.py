import csv
import json
import shutil
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sklearn.metrics
from ml_collections import ConfigDict

from stgnf_jax import checkpoint
from stgnf_jax.calibration import fit_density
from stgnf_jax.calibration_file import CALIBRATION_FILE, save_calibration
from stgnf_jax.errors import InputError
from stgnf_jax.evaluation import Evaluation, evaluate, score
from stgnf_jax.fast_scoring import FlowStatistics
from stgnf_jax.model import Model, score_windows, window_statistics
from stgnf_jax.saved_scores import load_scores
from stgnf_jax.score_kinds import SCORES, Calibration
from stgnf_jax.window_set import load_window_set
from stgnf_jax.windows import gather, normalise
from tests.small import (
    ABNORMAL,
    FLOW,
    NUM_FRAMES,
    random_model,
    small_config,
    walk,
    write_clip,
    write_data,
)

NUM_WINDOWS = 4 * (NUM_FRAMES - FLOW.segment_length + 1)


class Evaluated(NamedTuple):
    """An evaluation that nobody changes, and where it lies."""

    evaluation: Evaluation
    config: ConfigDict
    run: Path
    out: Path


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> Evaluated:
    folder = tmp_path_factory.mktemp("evaluated")
    config = small_config(write_data(folder / "data"))
    checkpoint.save(folder / "run", random_model())
    return Evaluated(
        evaluate(config, folder / "run", folder / "out"), config, folder / "run", folder / "out"
    )


@pytest.fixture
def config(evaluated: Evaluated, tmp_path: Path) -> ConfigDict:
    """The configuration of a copy of the data, to damage."""
    return small_config(shutil.copytree(evaluated.config.data.root, tmp_path / "data"))


def test_window_scores_are_those_of_the_windows(evaluated: Evaluated) -> None:
    model = random_model()
    tracks, windows = load_window_set(evaluated.config.data, FLOW, "pose/test", 1)
    x = normalise(gather(tracks.keypoints, windows.start, 8)[..., :2], model.resolution)
    scored = evaluated.evaluation.scored.windows
    np.testing.assert_allclose(scored.score, score_windows(model, x), rtol=1e-5)
    np.testing.assert_array_equal(scored.clip, np.repeat([0, 1], NUM_WINDOWS // 2))
    np.testing.assert_array_equal(scored.person, np.tile(np.repeat([1, 2], 17), 2))
    np.testing.assert_array_equal(scored.start, np.tile(np.arange(17), 4))


def test_metrics_on_disk(evaluated: Evaluated) -> None:
    metrics = json.loads((evaluated.out / "metrics.json").read_text())
    for name, figure in evaluated.evaluation.metrics.figures._asdict().items():
        assert metrics[name] == figure.value
        assert metrics["intervals"].get(name) == (figure.interval and list(figure.interval))
    assert "auc_micro_members" not in metrics
    assert metrics["num_windows"] == NUM_WINDOWS
    assert metrics["num_frames"] == 2 * NUM_FRAMES
    assert metrics["num_clips"] == 2
    normal, smoothed = evaluated.evaluation.normal, evaluated.evaluation.scored.frames.smoothed
    expected_auc = sklearn.metrics.roc_auc_score(normal, smoothed)
    assert metrics["auc_micro"] == pytest.approx(expected_auc, rel=1e-12)


def test_scores_on_disk(evaluated: Evaluated) -> None:
    windows, _, people, frames = evaluated.evaluation.scored[2:]
    with np.load(evaluated.out / "scores.npz") as file:
        np.testing.assert_array_equal(file["window_score"], windows.score)
        np.testing.assert_array_equal(file["clip"], np.array(["a", "b"])[windows.clip])
        np.testing.assert_array_equal(file["person"], windows.person)
        np.testing.assert_array_equal(file["start"], windows.start)
        np.testing.assert_array_equal(file["person_frame"], people.frame)
        np.testing.assert_array_equal(file["person_frame"], windows.start + 4)
        np.testing.assert_array_equal(file["frame_smoothed"], frames.smoothed)
        abnormal = np.isin(np.arange(2 * NUM_FRAMES) % NUM_FRAMES, np.r_[ABNORMAL])
        np.testing.assert_array_equal(file["frame_normal"], ~abnormal)
    with open(evaluated.out / "window_scores.csv", newline="") as table:
        assert len(list(csv.DictReader(table))) == NUM_WINDOWS


def test_scoring_needs_no_masks(evaluated: Evaluated, config: ConfigDict, tmp_path: Path) -> None:
    shutil.rmtree(Path(config.data.root, "gt"))
    scored = score(config, evaluated.run, tmp_path / "out")
    expected = evaluated.evaluation.scored
    np.testing.assert_array_equal(scored.windows.score, expected.windows.score)
    np.testing.assert_array_equal(scored.frames.smoothed, expected.frames.smoothed)
    with np.load(tmp_path / "out/scores.npz") as file:
        np.testing.assert_array_equal(file["window_score"], expected.windows.score)
        assert "frame_normal" not in file
    assert not (tmp_path / "out/metrics.json").exists()


def test_without_masks_a_clip_is_as_long_as_its_poses(
    evaluated: Evaluated, config: ConfigDict, tmp_path: Path
) -> None:
    poses = Path(config.data.root, "pose/test")
    write_clip(poses / "a.json", [walk(1), walk(2)[:20]])
    write_clip(poses / "c.json", [])
    scored = score(config, evaluated.run, tmp_path / "out")
    np.testing.assert_array_equal(np.diff(scored.frames.offsets), [NUM_FRAMES, NUM_FRAMES, 0])
    assert scored.frames.clips == ("a", "b", "c")


def test_a_clip_without_people_counts_as_normal(
    evaluated: Evaluated, config: ConfigDict, tmp_path: Path
) -> None:
    write_clip(Path(config.data.root, "pose/test/c.json"), [])
    np.save(Path(config.data.root, "gt/test_frame_mask/c.npy"), np.zeros(5))
    evaluation = evaluate(config, evaluated.run, tmp_path / "out")
    frames = evaluation.scored.frames
    highest = frames.raw[frames.scored].max()
    np.testing.assert_allclose(frames.smoothed[frames.frames(2)], 5 * [highest], rtol=1e-12)
    assert evaluation.metrics.num_frames == 2 * NUM_FRAMES + 5


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (None, r"b\.npy: is missing; the mask of clip b is expected under this name"),
        (
            np.zeros(NUM_FRAMES - 6),
            r"b: person 1: frame 18: has a score, but the clip .* 18 frames",
        ),
        (np.full(NUM_FRAMES, 2), r"b\.npy: frame 0: holds 2, expected 0 or 1"),
    ],
)
def test_masks_that_do_not_fit(
    evaluated: Evaluated,
    config: ConfigDict,
    tmp_path: Path,
    mask: np.ndarray | None,
    message: str,
) -> None:
    file = Path(config.data.root, "gt/test_frame_mask/b.npy")
    file.unlink()
    if mask is not None:
        np.save(file, mask)
    with pytest.raises(InputError, match=message):
        evaluate(config, evaluated.run, tmp_path / "out")


def test_masks_of_one_kind_give_no_auc(
    evaluated: Evaluated, config: ConfigDict, tmp_path: Path
) -> None:
    for file in Path(config.data.root, "gt/test_frame_mask").iterdir():
        np.save(file, np.zeros(NUM_FRAMES))
    with pytest.raises(InputError, match="all 48 frames are normal"):
        evaluate(config, evaluated.run, tmp_path / "out")


def test_nobody_is_in_view_long_enough(
    evaluated: Evaluated, config: ConfigDict, tmp_path: Path
) -> None:
    for file in Path(config.data.root, "pose/test").iterdir():
        write_clip(file, [walk(0)[:7]])
    for command in (score, evaluate):
        with pytest.raises(
            InputError,
            match=r"pose/test: has no window to score: 2 clips were read with 2 people in them",
        ):
            command(config, evaluated.run, tmp_path / "out")


def test_the_model_and_not_the_configuration_says_how_windows_are_made(
    evaluated: Evaluated, config: ConfigDict, tmp_path: Path
) -> None:
    config.model.segment_length = 12
    config.data.resolution = (100.0, 200.0)
    scored = score(config, evaluated.run, tmp_path / "out")
    np.testing.assert_array_equal(scored.windows.score, evaluated.evaluation.scored.windows.score)


def test_a_configuration_is_checked_first(evaluated: Evaluated, tmp_path: Path) -> None:
    config = small_config(Path(evaluated.config.data.root))
    config.data.test_stride = 0
    for command in (score, evaluate):
        with pytest.raises(InputError, match=r"config\.data\.test_stride: must be at least 1"):
            command(config, evaluated.run, tmp_path / "out")


def test_a_folder_that_cannot_be_written(evaluated: Evaluated, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for command in (score, evaluate):
        with pytest.raises(InputError, match="file"):
            command(evaluated.config, evaluated.run, tmp_path / "file")


def test_scores_never_lie_beside_the_figures_of_another_run(
    evaluated: Evaluated, config: ConfigDict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    evaluate(config, evaluated.run, tmp_path)
    monkeypatch.setattr("stgnf_jax.evaluation.save_metrics", die)
    with pytest.raises(KeyboardInterrupt):
        evaluate(config, evaluated.run, tmp_path)
    assert (tmp_path / "metrics.json").exists()
    with pytest.raises(InputError, match=r"scores\.npz: is missing"):
        load_scores(tmp_path)


def test_what_a_checkpoint_overrules_is_said(
    evaluated: Evaluated, config: ConfigDict, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    score(config, evaluated.run, tmp_path / "silent")
    assert not caplog.messages
    config.model.segment_length = 16
    config.data.resolution = (1920.0, 1080.0)
    score(config, evaluated.run, tmp_path / "out")
    assert caplog.messages == [
        "config.data.resolution=(1920.0, 1080.0) is not used: the checkpoint has (856.0, 480.0)",
        "config.model.segment_length=16 is not used: the checkpoint has 8",
    ]


def test_a_mask_without_poses_is_said(
    evaluated: Evaluated, config: ConfigDict, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    np.save(Path(config.data.root) / config.data.masks / "nobody.npy", np.zeros(9))
    evaluate(config, evaluated.run, tmp_path / "out")
    (message,) = caplog.messages
    assert "1 masks have no pose file, so their clips do not count: nobody.npy" in message


def calibrated(seed: int) -> Model:
    """A random model, calibrated by random statistics."""
    rng = np.random.default_rng(seed)
    states = rng.normal(size=(200, FLOW.num_steps + 36)) * 3 + 1
    arrays = (
        rng.normal(size=200),
        np.zeros(200),
        states[:, : FLOW.num_steps],
        np.zeros((200, 2)),
        states[:, FLOW.num_steps :].reshape(200, 18, 2),
    )
    statistics = FlowStatistics(*map(jnp.asarray, arrays))
    density = fit_density(statistics)
    return random_model(FLOW, seed)._replace(
        calibration=Calibration(jnp.float32(np.median(statistics.score)), density)
    )


def save_ensemble(folder: Path, models: list[Model]) -> None:
    description = checkpoint.Description(FLOW, models[0].resolution, len(models))
    checkpoint.save_description(folder, description)
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *(m.variables for m in models))
    with checkpoint.manager(folder) as steps:
        checkpoint.save_step(steps, 0, stacked)
    save_calibration(folder, [m.calibration for m in models if m.calibration])


@pytest.mark.parametrize("kind", SCORES)
def test_an_ensemble(config: ConfigDict, tmp_path: Path, kind: str) -> None:
    models = [calibrated(0), calibrated(1)]
    save_ensemble(tmp_path / "run", models)
    config.scoring.score = kind
    evaluation = evaluate(config, tmp_path / "run", tmp_path / "out")
    tracks, windows = load_window_set(config.data, FLOW, "pose/test", 1)
    x = normalise(gather(tracks.keypoints, windows.start, 8)[..., :2], models[0].resolution)
    expected = np.stack(
        [SCORES[kind](window_statistics(m, x), m.calibration) for m in models if m.calibration]
    )
    found = evaluation.scored.members.score
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(evaluation.scored.windows.score, found.mean(0), rtol=1e-6)
    metrics = json.loads((tmp_path / "out/metrics.json").read_text())
    for member, model in enumerate(models):
        save_ensemble(tmp_path / f"{member}", [model])
        alone = evaluate(config, tmp_path / f"{member}", tmp_path / "alone").metrics
        assert metrics["auc_micro_members"][member] == pytest.approx(alone.auc_micro)
    assert metrics["auc_micro_mean"] == pytest.approx(np.mean(metrics["auc_micro_members"]))


def test_a_score_that_needs_a_calibration(
    evaluated: Evaluated, config: ConfigDict, tmp_path: Path
) -> None:
    config.scoring.score = "typicality"
    with pytest.raises(InputError, match=r"run: has no calibration.npz, which typicality needs"):
        score(config, evaluated.run, tmp_path / "out")


@pytest.mark.parametrize("damage", ["truncated", "misshapen", "not finite", "pickled"])
def test_a_damaged_calibration(config: ConfigDict, tmp_path: Path, damage: str) -> None:
    save_ensemble(tmp_path / "run", [calibrated(0)])
    file = tmp_path / "run" / CALIBRATION_FILE
    with np.load(file) as opened:
        columns = dict(opened)
    if damage == "truncated":
        file.write_bytes(file.read_bytes()[:500])
    else:
        columns["mean"] = {
            "misshapen": columns["mean"][:, 1:],
            "not finite": columns["mean"] * np.float32(np.nan),
            "pickled": np.array([{"not": "numbers"}]),
        }[damage]
        np.savez(file, **columns)
    with pytest.raises(InputError, match=r"calibration.npz: cannot be read or does not fit"):
        score(config, tmp_path / "run", tmp_path / "out")


def test_a_file_in_place_of_the_folder_is_told_before_the_work(
    evaluated: Evaluated, tmp_path: Path
) -> None:
    (tmp_path / "out").touch()
    for command in (score, evaluate):
        with pytest.raises(InputError, match="out: is a file, and a folder is needed"):
            command(evaluated.config, tmp_path / "no checkpoint is looked at", tmp_path / "out")
