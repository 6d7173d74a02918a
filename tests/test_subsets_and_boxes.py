"""Evaluations of some of the clips, and against boxes of abnormal events."""

import json
from pathlib import Path

import numpy as np
import pytest
from ml_collections import ConfigDict
from numpy.typing import NDArray

from stgnf_jax import checkpoint
from stgnf_jax.errors import InputError
from stgnf_jax.evaluation import evaluate, score
from stgnf_jax.metrics import rbdc_tbdc
from stgnf_jax.training import train_and_evaluate
from stgnf_jax.window_set import load_test_windows, load_window_set
from tests.small import ABNORMAL, FLOW, NUM_FRAMES, random_model, small_config, walk, write_data

# The seeds of the test clips' people.
SEEDS = {"a": (100, 101), "b": (200, 201)}


@pytest.fixture
def config(tmp_path: Path) -> ConfigDict:
    checkpoint.save(tmp_path / "run", random_model())
    return small_config(write_data(tmp_path / "data"))


def boxes(poses: NDArray[np.float64]) -> NDArray[np.float64]:
    """[x1, y1, x2, y2] of one person, (F, 4); every joint is seen well."""
    places = poses[..., :2].astype(np.float32)
    return np.hstack([places.min(1), places.max(1)]).astype(np.float64)


def write_truth(folder: Path) -> NDArray[np.float64]:
    """Boxes of the second person of each clip, who thrashes about: as files, and as rows."""
    folder.mkdir()
    rows = []
    for clip, (name, (_, seed)) in enumerate(SEEDS.items()):
        box = boxes(walk(seed, ABNORMAL))
        frames = range(*ABNORMAL.indices(NUM_FRAMES))
        lines = [",".join(map(repr, [2, frame, *box[frame].tolist()])) for frame in frames]
        (folder / f"{name}.csv").write_text("\n".join(["track,frame,x1,y1,x2,y2", *lines]))
        rows += [[clip, 2, frame, *box[frame]] for frame in frames]
    return np.array(rows)


def test_boxes_of_people_against_boxes_of_events(config: ConfigDict, tmp_path: Path) -> None:
    tracks = write_truth(tmp_path / "data/boxes")
    config.data.track_truth = "boxes"
    config.scoring.interval_level = 0.5
    evaluation = evaluate(config, tmp_path / "run", tmp_path / "out")
    # Windows of 8 frames speak for the frames 4 to 20; before and after, the nearest one does.
    by_person = evaluation.scored.windows.score.reshape(4, NUM_FRAMES - 8 + 1)
    scores = np.pad(by_person, ((0, 0), (4, 3)), "edge")
    people = [walk(100), walk(101, ABNORMAL), walk(200), walk(201, ABNORMAL)]
    detections = np.concatenate(
        [
            np.column_stack([np.full(NUM_FRAMES, i // 2), range(NUM_FRAMES), boxes(poses), -score])
            for i, (poses, score) in enumerate(zip(people, scores, strict=True))
        ]
    )
    expected = rbdc_tbdc(tracks, detections, 2 * NUM_FRAMES)
    figures = evaluation.metrics.figures
    assert 0 < expected.rbdc < 1
    assert figures.rbdc.value == pytest.approx(expected.rbdc, abs=1e-12)
    assert figures.tbdc.value == pytest.approx(expected.tbdc, abs=1e-12)
    found = json.loads((tmp_path / "out/metrics.json").read_text())
    assert found["rbdc"] == figures.rbdc.value
    assert found["not_computed"] == {}
    low, high = found["intervals"]["rbdc"]
    assert low <= found["rbdc"] <= high
    assert found["interval_level"] == 0.5


def test_without_boxes_the_reason_is_said(config: ConfigDict, tmp_path: Path) -> None:
    evaluate(config, tmp_path / "run", tmp_path / "out")
    found = json.loads((tmp_path / "out/metrics.json").read_text())
    assert found["rbdc"] is None
    assert found["tbdc"] is None
    reason = "config.data.track_truth names no folder of boxes of abnormal events"
    assert found["not_computed"] == {"rbdc": reason, "tbdc": reason}
    assert set(found["intervals"]) == {
        *("auc_macro", "auc_micro", "average_precision", "eer", "fpr_at_95_tpr")
    }


def test_broken_boxes_stop_before_the_training(config: ConfigDict, tmp_path: Path) -> None:
    write_truth(tmp_path / "data/boxes")
    (tmp_path / "data/boxes/b.csv").write_text("2,0,5,5,4,9\n")
    config.data.track_truth = "boxes"
    with pytest.raises(InputError, match=r"b\.csv: line 1: x2: is 4, less than x1, 5"):
        train_and_evaluate(config, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_only_listed_clips_count(
    config: ConfigDict, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "data/human.txt").write_text("# only people\nb\n")
    config.data.clips = "human.txt"
    evaluation = evaluate(config, tmp_path / "run", tmp_path / "out")
    assert evaluation.scored.frames.clips == ("b",)
    assert evaluation.metrics.num_clips == 1
    assert evaluation.metrics.num_frames == NUM_FRAMES
    assert evaluation.metrics.figures.auc_micro.interval is None  # of one clip
    assert score(config, tmp_path / "run", tmp_path / "out").frames.clips == ("b",)
    assert not caplog.messages  # nothing is said of the mask of clip a
    assert load_test_windows(config.data, FLOW).tracks.clips == ("b",)
    training = load_window_set(config.data, FLOW, config.data.train_poses, 1)
    assert training.tracks.clips == ("0", "1", "2")


def test_a_listed_clip_without_poses(config: ConfigDict, tmp_path: Path) -> None:
    (tmp_path / "data/human.txt").write_text("b\nc\n")
    config.data.clips = "human.txt"
    for command in (score, evaluate):
        with pytest.raises(InputError, match=r"human\.txt: line 2: clip c has no pose file in .*"):
            command(config, tmp_path / "run", tmp_path / "out")
