"""Alarms and drift of scores in a folder, from the request to the files."""

import csv
import json
import shutil
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from ml_collections import ConfigDict

from stgnf_jax import checkpoint
from stgnf_jax.alarm_request import AlarmRequest, check_request
from stgnf_jax.alarms import AlarmRule, find_alarms
from stgnf_jax.conformal import by_track
from stgnf_jax.drift import drift
from stgnf_jax.errors import InputError
from stgnf_jax.evaluation import evaluate, score
from stgnf_jax.normal_calibration import calibrate_scores
from stgnf_jax.normal_scores import NormalScores
from stgnf_jax.normal_scores_file import load_normal_scores, save_normal_scores
from stgnf_jax.raised_alarms import FIELDS, raise_alarms
from stgnf_jax.saved_scores import load_scores
from stgnf_jax.watched_drift import watch_drift
from tests.small import random_model, small_config, walk, write_clip, write_data


class Folder(NamedTuple):
    """Scores of clips `a` and `b`, and a model that is calibrated by scene."""

    config: ConfigDict
    model: Path
    out: Path
    normal: NormalScores


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    folder = tmp_path_factory.mktemp("alarms")
    config = small_config(write_data(folder / "data"))
    for scene in ("a", "b"):
        people = [walk(40 + i + 10 * (scene == "b")) for i in range(4)]
        write_clip(folder / f"data/pose/normal/{scene}1.json", people)
    config.data.calibration_poses = "pose/normal"
    checkpoint.save(folder / "model", random_model())
    normal = calibrate_scores(config, folder / "model", fps=24.0, scene_pattern="^.")
    evaluate(config, folder / "model", folder / "out")
    return Folder(config, folder / "model", folder / "out", normal)


@pytest.fixture
def out(made: Folder, tmp_path: Path) -> Path:
    """A copy of the scores, to write beside."""
    return shutil.copytree(made.out, tmp_path / "out")


def rows(file: Path) -> list[dict[str, str]]:
    with open(file, newline="", encoding="utf-8") as opened:
        return list(csv.DictReader(opened))


def test_alarms_of_a_threshold(out: Path) -> None:
    scores = load_scores(out)
    threshold = float(np.quantile(scores.frames.raw, 0.3))
    request = AlarmRequest(threshold=threshold, hysteresis=0.01, min_frames=2)
    raised = raise_alarms(out, request)
    rules = [AlarmRule(threshold, 0.01, 2)] * 2
    assert raised.alarms == find_alarms(scores.frames, scores.people, rules)
    assert raised.alarms
    table = rows(out / "alarms.csv")
    document = json.loads((out / "alarms.json").read_text())
    assert document["request"]["threshold"] == threshold
    assert document["thresholds"] == {"a": threshold, "b": threshold}
    assert document["rates"] == {}
    for alarm, row, entry in zip(raised.alarms, table, document["alarms"], strict=True):
        expected = ("ab"[alarm.clip], *alarm.span, alarm.person, alarm.score, alarm.frame)
        assert tuple(entry[name] for name in FIELDS) == expected
        assert tuple(row[name] for name in FIELDS) == tuple(map(str, expected))


@pytest.mark.parametrize("smoothed", [False, True])
def test_alarms_of_the_best_f1(out: Path, smoothed: bool) -> None:
    raised = raise_alarms(out, AlarmRequest(best_f1=True, smoothed=smoothed))
    scores = load_scores(out)
    score_of_frame = scores.frames.smoothed if smoothed else scores.frames.raw
    assert scores.normal is not None
    abnormal = ~scores.normal

    def f1(threshold: float) -> float:
        found = score_of_frame <= threshold
        return float(2 * (found & abnormal).sum() / (found.sum() + abnormal.sum()))

    (threshold,) = {rule.threshold for rule in raised.rules.clips}
    assert f1(threshold) == max(map(f1, score_of_frame))


def test_alarms_of_a_rate_by_scene(made: Folder, out: Path) -> None:
    hours = made.normal.scenes[0].hours
    raised = raise_alarms(out, AlarmRequest(per_hour=2.5 / hours))
    thresholds = [rule.threshold for rule in raised.rules.clips]
    for scene, threshold in zip(made.normal.scenes, thresholds, strict=True):
        # The second lowest of the scene's four tracks just raises no alarm.
        assert (scene.lowest <= threshold).sum() == 1
        assert threshold == np.nextafter(np.sort(scene.lowest)[1], -np.inf)
    document = json.loads((out / "alarms.json").read_text())
    assert document["rates"]["b"]["rank"] == 2
    assert document["rates"]["b"]["per_hour"] == pytest.approx(2 / hours)
    with pytest.raises(InputError, match=r"^scene a: .* need .* hours of normal poses"):
        raise_alarms(out, AlarmRequest(per_hour=2.5 / hours, confidence=0.95))


def test_drift_and_p_values(made: Folder, out: Path) -> None:
    found = watch_drift(out)
    scores = load_scores(out)
    tracks = by_track(scores.windows)
    for number, (one, scene) in enumerate(zip(found, made.normal.scenes, strict=True)):
        assert one.name == scene.name == "ab"[number]
        assert one.person.tolist() == [1, 2]
        np.testing.assert_array_equal(one.lowest, tracks.lowest[tracks.clip == number])
        np.testing.assert_array_equal(one.drift.p, drift(scene.lowest, one.lowest).p)
    table = rows(out / "p_values.csv")
    assert len(table) == len(scores.windows.score)
    lowest = int(np.argmin(scores.windows.score))
    scene = made.normal.scenes[scores.windows.clip[lowest]]
    assert table[lowest]["clip"] == scene.name
    assert float(table[lowest]["track_p"]) == scene.track_p(scores.windows.score[[lowest]])[0]
    assert float(table[lowest]["window_p"]) == scene.window_p(scores.windows.score[[lowest]])[0]
    listed = rows(out / "drift.csv")
    assert [row["clip"] for row in listed] == ["a", "a", "b", "b"]
    assert float(listed[3]["log10_capital"]) == found[1].drift.log10_capital[1]
    assert (out / "drift.png").exists()


def test_scores_that_are_not_comparable(made: Folder, tmp_path: Path) -> None:
    config = made.config.copy_and_resolve_references()
    config.data.test_stride = 2
    score(config, made.model, tmp_path / "out")
    with pytest.raises(InputError, match="test_stride is 1 there and 2 here; calibrate with the"):
        watch_drift(tmp_path / "out")


def test_normal_scores_of_other_weights(made: Folder, tmp_path: Path) -> None:
    model = shutil.copytree(made.model, tmp_path / "model")
    save_normal_scores(model, load_normal_scores(model)._replace(weights="others"))
    score(made.config, model, tmp_path / "out")
    with pytest.raises(InputError, match=r"normal_scores.npz: is of other weights"):
        raise_alarms(tmp_path / "out", AlarmRequest(per_hour=1.0))


def test_a_scene_without_normal_scores(made: Folder, tmp_path: Path) -> None:
    config = made.config.copy_and_resolve_references()
    config.data.test_poses = "pose/elsewhere"
    write_clip(Path(config.data.root) / "pose/elsewhere/c.json", [walk(1)])
    score(config, made.model, tmp_path / "out")
    with pytest.raises(InputError, match="clip c is of scene c, and there are normal poses of"):
        watch_drift(tmp_path / "out")
    with pytest.raises(InputError, match="--best_f1: needs frames that are known to be abnormal"):
        raise_alarms(tmp_path / "out", AlarmRequest(best_f1=True))


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (AlarmRequest(), "exactly one of --threshold, --best_f1 and --per_hour"),
        (AlarmRequest(threshold=0.0, best_f1=True), "exactly one of"),
        (AlarmRequest(threshold=0.0, confidence=0.9), "--confidence: is of --per_hour"),
        (AlarmRequest(per_hour=0.0), "--per_hour: must be above 0, got 0.0"),
        (AlarmRequest(per_hour=1.0, confidence=1.0), "--confidence: must be within 0 and 1"),
        (AlarmRequest(threshold=0.0, hysteresis=-1.0), "--hysteresis: must be at least 0"),
        (AlarmRequest(threshold=0.0, min_frames=0), "--min_frames: must be at least 1, got 0"),
    ],
)
def test_requests_that_are_none(request_: AlarmRequest, message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_request(request_)
