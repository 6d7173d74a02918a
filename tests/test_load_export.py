"""The loader of an export: bad folders and bad windows are told, windows and p-values are ours."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stgnf_jax import checkpoint
from stgnf_jax.conformal import lowest_of_tracks, track_p_values
from stgnf_jax.export import export
from stgnf_jax.load_export import ExportError, Scorer, check, load, prepare
from stgnf_jax.normal_calibration import weights_hash
from stgnf_jax.normal_scores import NormalScene, NormalScores, scored_as
from stgnf_jax.normal_scores_file import save_normal_scores
from stgnf_jax.pose_input import as_tracks
from stgnf_jax.rate_threshold import rate_threshold
from stgnf_jax.skeleton import OPENPOSE_18
from stgnf_jax.windows import gather, index_windows
from tests.small import random_model, small_config, walk

SCENES = (
    NormalScene("1", 2.0, np.array([-1.0, -3.0, -2.0]), np.array([0, 2, 3])),
    NormalScene("2", 1.0, np.array([-5.0, -4.0]), np.array([0, 2])),
)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    config = small_config(folder)
    checkpoint.save(folder / "run", random_model())
    normal = NormalScores(scored_as(config), weights_hash([random_model()]), r"\d+", SCENES)
    save_normal_scores(folder / "run", normal)
    export(config, folder / "run", folder / "out", per_hour=[1.0, 2.0])
    return folder / "out"


@pytest.fixture
def copy(exported: Path, tmp_path: Path) -> Path:
    """The export, to damage."""
    return shutil.copytree(exported, tmp_path / "out")


def change_facts(folder: Path, change: Callable[[Any], object]) -> None:
    facts = json.loads((folder / "facts.json").read_text())
    change(facts)
    (folder / "facts.json").write_text(json.dumps(facts))


def write_hashed(folder: Path, name: str, content: bytes) -> None:
    """A file of somebody who also knows how to hash."""
    (folder / name).write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    change_facts(folder, lambda facts: facts["files"].update({name: digest}))


def test_normal_scores_and_thresholds(exported: Path) -> None:
    scorer = load(exported)
    for scene in SCENES:
        lowest = lowest_of_tracks(scene.score, scene.offsets)
        score = np.array([-9.0, -3.0, -2.5, 0.0])
        np.testing.assert_array_equal(
            scorer.track_p(score, scene.name), track_p_values(lowest, score)
        )
    found = [(one["scene"], one["asked_per_hour"]) for one in scorer.facts["thresholds"]]
    assert found == [("1", 1.0), ("1", 2.0), ("2", 1.0), ("2", 2.0)]
    expected = rate_threshold(SCENES[0].lowest, 2.0, 1.0)._asdict()
    assert scorer.facts["thresholds"][0].items() >= expected.items()
    with pytest.raises(ExportError, match="has normal scores of scenes: '1', '2'; none of ''"):
        scorer.track_p([0.0])


@pytest.mark.parametrize("name", ["scorer.stablehlo", "sample.json", "normal_scores.npz"])
@pytest.mark.parametrize("change", ["gone", "flipped", "short"])
def test_a_damaged_file(copy: Path, name: str, change: str) -> None:
    file = copy / name
    raw = bytearray(file.read_bytes())
    raw[len(raw) // 2] ^= 1
    file.write_bytes({"gone": b"", "flipped": bytes(raw), "short": bytes(raw[:-9])}[change])
    if change == "gone":
        file.unlink()
    reason = "cannot be read" if change == "gone" else "is damaged"
    with pytest.raises(ExportError, match=f"{name}: {reason}"):
        check(copy)


@pytest.mark.parametrize("content", [b"", b"not a program", bytes(4096), b"\xff" * 4096])
def test_a_program_that_is_none(copy: Path, content: bytes) -> None:
    write_hashed(copy, "scorer.stablehlo", content)
    with pytest.raises(ExportError, match=r"scorer.stablehlo: cannot be used by jax 0"):
        load(copy)


def test_a_program_that_calls_out_is_refused(copy: Path) -> None:
    def scorer(x: jax.Array) -> jax.Array:
        factor = jnp.linalg.cholesky(jnp.eye(2) * x[0, 0, 0, 0])  # by LAPACK
        return x.sum((1, 2, 3)) * factor[0, 0]

    (batch,) = jax.export.symbolic_shape("N")
    windows = jax.ShapeDtypeStruct((batch, 8, 18, 2), np.float32)
    program = jax.export.export(jax.jit(scorer), platforms=["cpu"])(windows)
    write_hashed(copy, "scorer.stablehlo", bytes(program.serialize()))
    with pytest.raises(ExportError, match="calls lapack_spotrf_ffi, which no scorer"):
        load(copy)


def test_a_program_of_another_shape(copy: Path) -> None:
    change_facts(copy, lambda facts: facts["input"].update(shape=["N", 9, 18, 2]))
    change_facts(copy, lambda facts: facts["windows"].update(length=9))
    with pytest.raises(ExportError, match=r"goes from .* not \('N', '9', '18', '2'\) to"):
        load(copy)


def test_normal_scores_that_would_run_code(copy: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "evil.npz", score=np.array([print, None], object), offsets=[0], scenes=[0])
    write_hashed(copy, "normal_scores.npz", (tmp_path / "evil.npz").read_bytes())
    with pytest.raises(ExportError, match=r"normal_scores.npz: cannot be read .*allow_pickle"):
        load(copy)


def test_a_sample_with_other_scores(copy: Path) -> None:
    sample = json.loads((copy / "sample.json").read_text())
    sample["scores"][1] *= 1.001
    write_hashed(copy, "sample.json", json.dumps(sample).encode())
    with pytest.raises(ExportError, match=r"the sample's scores are .*, expected"):
        check(copy)
    write_hashed(copy, "sample.json", b"[]")
    with pytest.raises(ExportError, match=r"sample.json: holds no sample"):
        check(copy)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "JSONDecodeError"),
        (b"[]", "TypeError"),
        (b"[" * 100_000, "RecursionError"),
        (b'{"format_version": 99}', "format_version is 99, not 1"),
        (b'{"format_version": 1}', "KeyError"),
    ],
)
def test_facts_that_are_none(copy: Path, content: bytes, reason: str) -> None:
    (copy / "facts.json").write_bytes(content)
    with pytest.raises(ExportError, match=f"facts.json: does not describe an export .*{reason}"):
        load(copy)


@pytest.mark.parametrize(
    ("section", "field", "value"),
    [
        ("skeleton", "sources", [[99]] * 18),
        ("skeleton", "sources", [[0]]),
        ("skeleton", "file_joints", 2**40),
        ("windows", "stride", 0),
        ("windows", "windowing", "some"),
        ("input", "shape", ["N", 8, 18, 2.0]),
    ],
)
def test_facts_that_are_impossible(copy: Path, section: str, field: str, value: object) -> None:
    change_facts(copy, lambda facts: facts[section].update({field: value}))
    with pytest.raises(ExportError, match=r"facts.json: does not describe an export"):
        load(copy)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"facts.json: cannot be read \(No such file"):
        load(tmp_path / "none")


def broken(place: Any, value: float) -> np.ndarray:
    x = np.stack([walk(seed)[:8] for seed in range(3)])
    x[place] = value
    return x


@pytest.mark.parametrize(
    ("windows", "message"),
    [
        (np.zeros((8, 17, 3)), r"have shape \(8, 17, 3\), expected \(N, 8, 17, 2 or 3\)"),
        (np.zeros((1, 8, 16, 3)), r"have shape \(1, 8, 16, 3\)"),
        (np.zeros((1, 8, 17, 4)), "have 4 channels, the model needs 2"),
        (broken((1, 3, 4, 0), np.inf), "window 1: holds numbers that are not finite"),
        (broken((2, slice(None), slice(None), 1), 7.0), "window 2: .* one y in all joints"),
    ],
)
def test_windows_that_cannot_be_scored(exported: Path, windows: np.ndarray, message: str) -> None:
    facts = json.loads((exported / "facts.json").read_text())
    with pytest.raises(ExportError, match=message):
        prepare(facts, windows)


@settings(deadline=None, max_examples=50)
@given(
    gaps=st.lists(st.sampled_from([1, 1, 1, 1, 2, 3, 7]), max_size=30),
    stride=st.integers(1, 4),
    max_absent=st.integers(0, 3),
    windowing=st.sampled_from(["all", "reference"]),
)
def test_windows_are_cut_as_ours(
    gaps: list[int], stride: int, max_absent: int, windowing: Any
) -> None:
    frame = np.cumsum([0, *gaps])
    keypoints = np.random.default_rng(0).uniform(1, 9, (len(frame), 17, 3))
    rules = {"length": 6, "stride": stride, "max_absent": max_absent, "windowing": windowing}
    scorer = Scorer({"windows": rules | {"score_frame": 3}}, np.asarray, {})  # type: ignore[arg-type]
    found, frames = scorer.cut_windows(frame, keypoints)
    person = np.full((frame[-1] + 1, 17, 3), np.nan)
    person[frame] = keypoints
    tracks = as_tracks([person], OPENPOSE_18)
    windows = index_windows(
        tracks, length=6, stride=stride, max_absent=max_absent, windowing=windowing
    )
    np.testing.assert_array_equal(frames, tracks.frame[windows.start] + 3)
    expected = gather(keypoints, windows.start, 6)
    np.testing.assert_array_equal(found, expected)


def test_frames_that_do_not_ascend(exported: Path) -> None:
    scorer = load(exported)
    with pytest.raises(ExportError, match="frames must ascend, one for each"):
        scorer.cut_windows([0, 2, 1], np.zeros((3, 17, 3)))
    with pytest.raises(ExportError, match="frames must ascend, one for each"):
        scorer.cut_windows([0, 1], np.zeros((3, 17, 3)))
