from pathlib import Path

import jax
import numpy as np
import pytest
from ml_collections import ConfigDict

from stgnf_jax import checkpoint
from stgnf_jax.errors import InputError
from stgnf_jax.evaluation import score
from stgnf_jax.normal_calibration import calibrate_scores, weights_hash
from stgnf_jax.normal_scores_file import load_normal_scores
from stgnf_jax.run_folder import open_run
from stgnf_jax.training_set import load_training_set, split_held_out
from tests.small import FLOW, NUM_FRAMES, random_model, small_config, walk, write_clip, write_data

WINDOWS = NUM_FRAMES - FLOW.segment_length + 1


def write_run(folder: Path, config: ConfigDict) -> Path:
    """A run that has come to an untrained flow."""
    model = random_model()
    open_run(config, checkpoint.Description(FLOW, model.resolution), folder)
    with checkpoint.manager(folder) as steps:
        stacked = jax.tree.map(lambda leaf: leaf[None], model.variables)
        checkpoint.save_step(steps, 0, stacked)
    return folder


@pytest.fixture
def config(tmp_path: Path) -> ConfigDict:
    config = small_config(write_data(tmp_path / "data"))
    config.training.held_out = 0.4
    return config


def test_held_out_tracks_are_cut_as_test_poses_are(config: ConfigDict, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", config)
    normal = calibrate_scores(config, run, fps=24.0)
    (scene,) = normal.scenes
    assert scene.name == ""
    # Two of six people, in three clips of a second, at stride 1.
    assert scene.offsets.tolist() == [0, WINDOWS, 2 * WINDOWS]
    assert scene.hours == pytest.approx(3 * 2 / 6 / 3600)
    assert normal.weights == weights_hash([random_model()])
    assert normal.scored_as.test_stride == 1

    held_out = split_held_out(load_training_set(config.data, FLOW), 0.4, 0)[1].origin
    people = sorted(set(zip(held_out.clip.tolist(), held_out.person.tolist(), strict=True)))
    config.data.test_poses = config.data.train_poses
    windows = score(config, run, tmp_path / "out").windows
    expected = [
        windows.score[(windows.clip == clip) & (windows.person == person)]
        for clip, person in people
    ]
    np.testing.assert_allclose(scene.score, np.concatenate(expected), rtol=1e-6)
    assert load_normal_scores(run).weights == normal.weights


def test_a_folder_of_normal_poses_by_scene(config: ConfigDict, tmp_path: Path) -> None:
    poses = tmp_path / "data/pose/normal"
    write_clip(poses / "1_a.json", [walk(1), walk(2), walk(3)])
    write_clip(poses / "1_b.json", [])
    write_clip(poses / "2_a.json", [walk(4)])
    config.data.calibration_poses, config.training.held_out = "pose/normal", 0.0
    checkpoint.save(tmp_path / "run", random_model())
    normal = calibrate_scores(config, tmp_path / "run", fps=12.0, scene_pattern=r"\d+")
    assert [scene.name for scene in normal.scenes] == ["1", "2"]
    assert [len(scene.offsets) - 1 for scene in normal.scenes] == [3, 1]
    assert normal.scenes[0].hours == pytest.approx(NUM_FRAMES / 12 / 3600)


def test_nothing_to_calibrate_on(config: ConfigDict, tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "imported", random_model())
    with pytest.raises(InputError, match="calibration_poses: names no normal poses, and no tracks"):
        calibrate_scores(config, tmp_path / "imported", fps=24.0)
    run = write_run(tmp_path / "run", config)
    config.seed = 1
    with pytest.raises(InputError, match=r"another configuration; .* seed is 1 now and was 0"):
        calibrate_scores(config, run, fps=24.0)
    config.training.held_out = 0.0
    with pytest.raises(InputError, match=r"config.data.calibration_poses: names no normal poses"):
        calibrate_scores(config, run, fps=24.0)


@pytest.mark.parametrize("fps", [None, 0.0, float("nan")])
def test_a_rate_needs_the_frames_a_second(
    config: ConfigDict, tmp_path: Path, fps: float | None
) -> None:
    with pytest.raises(InputError, match=f"fps: must be the frames a second .*, got {fps}"):
        calibrate_scores(config, tmp_path, fps=fps)
