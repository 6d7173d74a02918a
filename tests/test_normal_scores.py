from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from stgnf_jax.config import default_config
from stgnf_jax.errors import InputError
from stgnf_jax.normal_scores import NormalScene, NormalScores, scene_of, scenes_of, scored_as
from stgnf_jax.normal_scores_file import (
    NORMAL_SCORES_FILE,
    load_normal_scores,
    save_normal_scores,
)

NORMAL = NormalScores(
    scored_as(default_config()),
    weights="a hash",
    scene_pattern=r"\d+",
    scenes=(
        NormalScene("01", 2.5, np.array([-1.0, -np.inf, 3.0]), np.array([0, 2, 3])),
        NormalScene("12", 0.5, np.array([4.0, 5.0]), np.array([0, 2])),
    ),
)


@pytest.mark.parametrize(
    ("clip", "pattern", "scene"),
    [
        ("01_0014", r"\d+", "01"),
        ("abnormal_scene_7_scenario_2", r"scene_\d+", "scene_7"),
        ("D001_01", r"^D\d+", "D001"),
        ("anything", "", ""),
    ],
)
def test_the_scene_of_a_clip(clip: str, pattern: str, scene: str) -> None:
    assert scene_of(clip, pattern) == scene


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(", r"scene: '\(' is no regular expression"),
        (r"\d+", "the name of clip yard holds no scene"),
    ],
)
def test_no_scene(pattern: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        scene_of("yard", pattern)


def test_scenes_of_clips() -> None:
    names = [scene.name for scene in scenes_of(NORMAL, ("12_1", "01_5", "12_3"))]
    assert names == ["12", "01", "12"]
    with pytest.raises(InputError, match=r"clip 3_1 is of scene 3, .* normal poses of 01, 12 only"):
        scenes_of(NORMAL, ("01_1", "3_1"))


def test_p_values_of_a_scene() -> None:
    scene = NORMAL.scenes[0]
    np.testing.assert_array_equal(scene.lowest, [-np.inf, 3])
    np.testing.assert_allclose(scene.track_p(np.array([-2.0, 3.0])), [2 / 3, 1])
    np.testing.assert_allclose(scene.window_p(np.array([-2.0, 3.0])), [1.5 / 3, 1])


def test_on_disk_and_back(tmp_path: Path) -> None:
    save_normal_scores(tmp_path, NORMAL)
    found = load_normal_scores(tmp_path)
    assert found[:3] == NORMAL[:3]
    for scene, expected in zip(found.scenes, NORMAL.scenes, strict=True):
        assert scene[:2] == expected[:2]
        np.testing.assert_array_equal(scene.score, expected.score)
        np.testing.assert_array_equal(scene.offsets, expected.offsets)
    assert [path.name for path in tmp_path.iterdir()] == [NORMAL_SCORES_FILE]


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"normal_scores.npz: is missing; make it with stgnf cal"):
        load_normal_scores(tmp_path)


def about(**changes: Any) -> Any:
    def change(columns: dict[str, Any]) -> None:
        fields = orjson.loads(str(columns["about"])) | changes
        columns["about"] = np.array(orjson.dumps(fields).decode())

    return change


def column(name: str, value: Any) -> Any:
    return lambda columns: columns.__setitem__(name, value)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (about(hours=[1.0, -1.0]), "hours are"),
        (about(names=["01"]), "zip"),
        (about(scored_as={"score": "nll"}), "missing 4 required positional arguments"),
        (column("about", np.array("[")), "unexpected end of data"),
        (column("about", np.array([{"not": "text"}])), "allow_pickle=False"),
        (column("score", np.array([1.0, np.nan, 3.0, 4.0, 5.0])), "score holds no scores"),
        (column("score", np.array(["a"] * 5)), "score holds no scores"),
        (column("offsets", np.array([0, 2, 2, 5])), "offsets are no offsets up to 5"),
        (column("offsets", np.array([0, 2, 3, 6])), "offsets are no offsets up to 5"),
        (column("scenes", np.array([0, 2, 9])), "scenes are no offsets up to 3"),
    ],
)
def test_a_damaged_file(tmp_path: Path, damage: Any, message: str) -> None:
    save_normal_scores(tmp_path, NORMAL)
    file = tmp_path / NORMAL_SCORES_FILE
    with np.load(file) as opened:
        columns = dict(opened)
    damage(columns)
    np.savez(file, **columns)
    with pytest.raises(InputError, match=rf"normal_scores.npz: cannot be read .*{message}"):
        load_normal_scores(tmp_path)


def test_half_a_file(tmp_path: Path) -> None:
    save_normal_scores(tmp_path, NORMAL)
    file = tmp_path / NORMAL_SCORES_FILE
    file.write_bytes(file.read_bytes()[:300])
    with pytest.raises(InputError, match=r"cannot be read .* make it anew with stgnf calibrate"):
        load_normal_scores(tmp_path)
