"""From a request to what each live camera is held to."""

import shutil
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from ml_collections import ConfigDict

from stgnf_jax import checkpoint
from stgnf_jax.alarm_request import AlarmRequest
from stgnf_jax.alarms import AlarmRule
from stgnf_jax.conformal import look_up
from stgnf_jax.errors import InputError
from stgnf_jax.live_alarms import CameraRules
from stgnf_jax.live_rules import live_rules
from stgnf_jax.normal_calibration import weights_hash
from stgnf_jax.normal_scores import NormalScene, NormalScores, ScoredAs
from stgnf_jax.normal_scores_file import save_normal_scores
from tests.small import random_model, small_config

SCORE = np.array([-3.0, -1.0, -2.0, 0.0])
HOURS = 2.0


class Made(NamedTuple):
    """A configuration, and a model that is calibrated for the scenes 1 and 2."""

    config: ConfigDict
    model: Path


def normal_scores(**changed: Any) -> NormalScores:
    how = ScoredAs("nll", 0.0, "all", 2, 1)._replace(**changed)
    scenes = [NormalScene(name, HOURS, SCORE + int(name), np.arange(5)) for name in ("1", "2")]
    return NormalScores(how, weights_hash([random_model()]), r"\d+", tuple(scenes))


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("rules")
    checkpoint.save(folder / "model", random_model())
    return Made(small_config(folder), folder / "model")


@pytest.fixture
def made(bare: Made, tmp_path: Path) -> Made:
    model = shutil.copytree(bare.model, tmp_path / "model")
    save_normal_scores(model, normal_scores())
    return Made(bare.config, model)


def rules(made: Made, request: AlarmRequest | None, camera: str) -> CameraRules:
    return live_rules(made.config, made.model, [random_model()], request)(camera)


def test_a_rate_by_scene(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    request = AlarmRequest(per_hour=1.0, hysteresis=0.5, min_frames=3)
    for camera, second in (("gate 1", -1.0), ("gate 2", 0.0)):  # lowest track of its scene
        found = rules(made, request, camera)
        assert found.alarm == AlarmRule(np.nextafter(second, -np.inf), 0.5, 3)
        assert found.normal is not None
        assert look_up(found.normal, np.array([second])).tolist() == [3 / 5]
    told = capsys.readouterr().err.splitlines()
    assert told[0].startswith("stgnf stream: scene 1: threshold -1: 1 false alarms an hour in the")
    assert len(told) == 4


def test_a_threshold_needs_no_normal_scores(bare: Made, made: Made) -> None:
    request = AlarmRequest(threshold=0.0)
    assert rules(bare, request, "gate 1") == CameraRules(AlarmRule(0.0), None)
    with_p, without = rules(made, request, "gate 1"), rules(made, request, "gate 3")
    assert with_p.alarm == AlarmRule(0.0)
    assert with_p.normal is not None
    assert without == rules(made, request, "gate") == CameraRules(AlarmRule(0.0), None)


def test_no_alarms(bare: Made, made: Made) -> None:
    assert rules(bare, None, "gate 1") == CameraRules(None, None)
    assert rules(made, None, "gate 1").normal is not None
    assert rules(made, None, "gate 1").alarm is None


@pytest.mark.parametrize(
    ("camera", "message"),
    [("gate 3", "clip gate 3 is of scene 3, and there are normal"), ("gate", "holds no scene")],
)
def test_no_promise_for_a_camera_of_no_scene(made: Made, camera: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        rules(made, AlarmRequest(per_hour=1.0), camera)


def test_requests_that_cannot_be_met(bare: Made, made: Made) -> None:
    with pytest.raises(InputError, match=r"normal_scores.npz: is missing; make it with stgnf cal"):
        rules(bare, AlarmRequest(per_hour=1.0), "gate 1")
    with pytest.raises(InputError, match=r"^scene 1: 0.1 false alarms an hour need 10 hours"):
        rules(made, AlarmRequest(per_hour=0.1), "gate 1")
    with pytest.raises(InputError, match=r"exactly one of --threshold and --per_hour$"):
        rules(made, AlarmRequest(hysteresis=1.0), "gate 1")


def test_normal_scores_that_were_made_otherwise(
    made: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    save_normal_scores(made.model, normal_scores(windowing="reference", test_stride=2))
    different = (
        "was not scored as a live stream is: windowing is 'reference' there and 'all' here; "
        "test_stride is 2 there and 1 here"
    )
    with pytest.raises(InputError, match=different):
        rules(made, AlarmRequest(per_hour=1.0), "gate 1")
    assert rules(made, None, "gate 1") == CameraRules(None, None)
    told = capsys.readouterr().err
    assert told.startswith("stgnf stream: no p-values: ")
    assert different in told
