"""Normal windows kept beside a model, and alarms explained by them, in folders."""

import json
import shutil
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from stgnf_jax import checkpoint
from stgnf_jax.alarm_request import AlarmRequest
from stgnf_jax.compared_windows import compare, make_reference
from stgnf_jax.decomposition import decompose
from stgnf_jax.errors import InputError
from stgnf_jax.evaluation import score
from stgnf_jax.explained_alarms import explain_alarms
from stgnf_jax.kept_windows import keep_windows
from stgnf_jax.normal_windows import NormalWindows, find_nearest, window_shapes
from stgnf_jax.normal_windows_file import load_normal_windows
from stgnf_jax.raised_alarms import raise_alarms
from stgnf_jax.report_facts import gather_facts
from stgnf_jax.saved_scores import load_scores
from stgnf_jax.score_origin import load_origin
from stgnf_jax.training_set import load_training_set
from stgnf_jax.windows import gather, normalise
from tests.small import FLOW, random_model, small_config, write_data

T, V = FLOW.segment_length, FLOW.skeleton.num_joints


class Made(NamedTuple):
    """A model with its normal windows, and scores."""

    root: Path
    model: Path
    out: Path
    normal: NormalWindows


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("explained")
    config = small_config(write_data(folder / "data"))
    checkpoint.save(folder / "model", random_model())
    normal, _ = keep_windows(config, folder / "model", 40)
    score(config, folder / "model", folder / "out")
    return Made(folder / "data", folder / "model", folder / "out", normal)


def test_what_is_kept_is_of_the_training_and_reads_back(made: Made) -> None:
    examples = load_training_set(small_config(made.root).data, FLOW, 0)
    keypoints = np.asarray(gather(examples.keypoints, examples.start, T))
    rows = list(zip(*examples.origin, strict=True))
    drawn = [rows.index(origin) for origin in zip(*made.normal.origin, strict=True)]
    assert len(set(drawn)) == 40 < len(rows)
    np.testing.assert_array_equal(made.normal.shape, window_shapes(keypoints[drawn]))
    model = random_model()
    nll = decompose(model, normalise(keypoints[drawn][..., :2], model.resolution)).nll
    np.testing.assert_allclose(made.normal.usual, np.mean(nll, 0), rtol=1e-3, atol=1e-6)
    read = load_normal_windows(made.model, FLOW, made.normal.weights)
    for found, expected in zip(read[3:], made.normal[3:], strict=True):
        np.testing.assert_array_equal(found, expected)
    assert read.clips == made.normal.clips


def test_neighbours_are_the_nearest_and_of_other_tracks(made: Made) -> None:
    normal = made.normal
    shape = normal.shape[:3] + np.float32(0.01)
    found = find_nearest(normal, shape, 3)
    apart = np.square(shape[:, None] - normal.shape).sum((2, 3, 4)) / (T * V)
    np.testing.assert_array_equal(found.window[:, 0], apart.argmin(1))
    np.testing.assert_allclose(found.distance[:, 0] ** 2, apart.min(1), rtol=1e-3)
    tracks = np.stack(normal.origin[:2], 1)
    for row in found.window:
        assert len(np.unique(tracks[row], axis=0)) == 3
    same = (tracks[:, None] == tracks).all(-1)
    between = np.square(normal.shape[:, None] - normal.shape).sum((2, 3, 4)) / (T * V)
    expected = np.sqrt(np.where(same, np.inf, between).min(1))
    np.testing.assert_allclose(normal.distance, expected, rtol=1e-3)


def test_alarms_carry_the_words_of_their_windows(made: Made, tmp_path: Path) -> None:
    out = shutil.copytree(made.out, tmp_path / "out")
    scores = load_scores(out)
    request = AlarmRequest(threshold=float(np.quantile(scores.frames.raw, 0.2)))
    raised = raise_alarms(out, request, explain_alarms)
    entries = json.loads((out / "alarms.json").read_text())["alarms"]
    assert len(entries) == len(raised.alarms) > 0
    for alarm, entry in zip(raised.alarms, entries, strict=True):
        why = entry["explanation"]
        assert why["nll"] == pytest.approx(-alarm.score, rel=1e-4)
        excess = why["nll"] - why["usual_nll"]
        assert sum(row["excess"] for row in why["joints"]) == pytest.approx(excess, rel=1e-3)
        assert sum(why["excess_by_frame"]) == pytest.approx(excess, rel=1e-3)
        assert why["frame"][0] == alarm.frame - T // 2
        nearest = why["nearest"]["windows"][0]
        assert any(
            f"clip {nearest['clip']}, person {nearest['person']}, from frame {nearest['start']}"
            in sentence
            for sentence in why["words"]
        )
        assert (out / why["picture"]).read_bytes().startswith(b"\x89PNG")
    tables = {table.title: table for table in gather_facts(out, scores, load_origin(out), {})}
    assert [words for _, words in tables["Alarms, explained"].rows] == [
        " ".join(entry["explanation"]["words"]) for entry in entries
    ]
    (out / "alarms.json").write_text("[]")
    with pytest.raises(InputError, match=r"alarms.json: does not hold alarms"):
        gather_facts(out, scores, load_origin(out), {})


def test_poses_that_are_elsewhere(made: Made, tmp_path: Path) -> None:
    out = shutil.copytree(made.out, tmp_path / "out")
    request = AlarmRequest(threshold=0.0)
    with pytest.raises(InputError, match=r"nowhere: is no folder; .* --poses=FOLDER"):
        raise_alarms(out, request, partial(explain_alarms, poses=tmp_path / "nowhere"))
    assert not (out / "alarms.json").exists()


def test_members_of_an_ensemble_have_a_spread(made: Made) -> None:
    examples = load_training_set(small_config(made.root).data, FLOW, 0)
    keypoints = np.asarray(gather(examples.keypoints, examples.start[:1], T))
    models = [random_model(seed=0), random_model(seed=1)]
    reference = make_reference(made.normal, FLOW.skeleton)
    (found,) = compare(models, keypoints, np.arange(T)[None], reference)
    x = normalise(keypoints[..., :2], models[0].resolution)
    first, second = (np.asarray(decompose(model, x).nll)[0].sum(0) for model in models)
    assert found.evidence.spread is not None
    np.testing.assert_allclose(found.evidence.spread, np.abs(first - second) / 2, rtol=1e-3)


def test_normal_windows_that_do_not_fit(made: Made, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"normal_windows.npz: is missing; make it with stgnf"):
        load_normal_windows(tmp_path, FLOW, "")
    with pytest.raises(InputError, match="is of other weights than the model has now"):
        load_normal_windows(made.model, FLOW, "others")
    other = FLOW._replace(segment_length=T + 1)
    with pytest.raises(InputError, match=r"cannot be read \(shape is no finite array of shape"):
        load_normal_windows(made.model, other, made.normal.weights)
    with np.load(made.model / "normal_windows.npz") as opened:
        columns = dict(opened)
    columns["about"] = np.array(json.dumps({"format_version": 2}))
    np.savez(tmp_path / "normal_windows.npz", **columns)
    with pytest.raises(
        InputError, match=r"windows.npz: format_version: is 2, .*; update stgnf-jax"
    ):
        load_normal_windows(tmp_path, FLOW, "")
    (tmp_path / "normal_windows.npz").write_bytes(b"PK\x03\x04")
    with pytest.raises(InputError, match="cannot be read"):
        load_normal_windows(tmp_path, FLOW, "")


def test_one_track_has_nothing_to_be_compared_with(made: Made, tmp_path: Path) -> None:
    model = shutil.copytree(made.model, tmp_path / "model")
    with pytest.raises(InputError, match="--count: needs normal windows of two tracks"):
        keep_windows(small_config(made.root), model, 1)
