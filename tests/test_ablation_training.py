"""Each kind of ablation, trained and evaluated at the smallest size."""

from pathlib import Path

import jax
import numpy as np
import pytest
from ml_collections import ConfigDict

from stgnf_jax.checkpoint import load_members
from stgnf_jax.evaluation import evaluate
from stgnf_jax.likelihood import nll
from stgnf_jax.model import score_windows
from stgnf_jax.program import make_program
from stgnf_jax.run_summary import load_summary
from stgnf_jax.set_scoring import WindowSource, pixel_scorer, set_scores_of_kind
from stgnf_jax.training import train_and_evaluate
from stgnf_jax.windows import gather, normalise
from tests.small import FLOW, small_config, walk, write_clip, write_data


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_data(tmp_path_factory.mktemp("data"))
    write_clip(root / "pose/train_abnormal/x.json", [walk(77, slice(None))])
    return root


def quick_config(root: Path) -> ConfigDict:
    """One flow step and one epoch of one batch."""
    config = small_config(root)
    config.model.num_steps = 1
    config.training.epochs = 1
    config.training.batch_size = 128
    return config


@pytest.mark.parametrize("conditioner", ["convolution", "fully_connected"])
def test_an_ensemble_with_another_conditioner(conditioner: str, root: Path, tmp_path: Path) -> None:
    config = quick_config(root)
    config.ensemble, config.model.num_steps, config.model.conditioner = 2, 2, conditioner
    config.scoring.score = "density_of_states"
    evaluation = train_and_evaluate(config, tmp_path)
    assert evaluation is not None
    assert np.isfinite(evaluation.scored.members.score).all()
    models = load_members(tmp_path)
    tracks, windows = evaluation.scored.window_set
    pixels = np.asarray(gather(tracks.keypoints, windows.start, FLOW.segment_length))
    x = np.asarray(normalise(pixels[..., :2], models[1].resolution))
    plain = -nll(jax.jit(models[1].flow.apply)(models[1].variables, x), models[1].config.radius)
    np.testing.assert_allclose(score_windows(models[1], x), plain, rtol=1e-4)
    np.testing.assert_allclose(pixel_scorer(models[1], 1)(pixels[:3]), plain[:3], rtol=1e-4)
    source = WindowSource(tracks.keypoints, windows.start, models[1].resolution)
    np.testing.assert_allclose(set_scores_of_kind("nll", models, source)[1], plain, rtol=1e-4)


def test_a_single_frame_that_is_trained_on_the_test_set(root: Path, tmp_path: Path) -> None:
    config = quick_config(root)
    config.model.segment_length, config.data.train_poses = 1, config.data.test_poses
    evaluation = train_and_evaluate(config, tmp_path)
    assert evaluation is not None
    assert evaluation.metrics.num_windows == 4 * 24
    # Every second of 24 detections of 4 people is a window.
    assert load_summary(tmp_path).windows == 4 * 12


def test_noise_in_a_contaminated_share_of_the_training_data(root: Path, tmp_path: Path) -> None:
    config = quick_config(root)
    config.model.max_hop = 0
    config.data.train_share = 0.5
    config.data.second.update(
        {"root": str(root), "train_abnormal_poses": "pose/train_abnormal", "contamination": 0.1}
    )
    config.training.keypoint_noise = config.scoring.keypoint_noise = 0.2
    examples = make_program(config).examples
    assert len(examples.start) == 27 + 3
    assert (examples.label == 1).all()
    noisy = train_and_evaluate(config, tmp_path)
    config.scoring.keypoint_noise = 0.0
    clean = evaluate(config, tmp_path, tmp_path / "clean")
    assert noisy is not None
    difference = np.abs(noisy.scored.windows.score - clean.scored.windows.score)
    assert difference.min() > 0
