import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from stgnf_jax import checkpoint
from stgnf_jax.errors import InputError
from stgnf_jax.flow import abstract_variables
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.model import Model
from stgnf_jax.skeleton import COCO_17, make_skeleton
from tests.small import FLOW

HAND = make_skeleton("hand", 3, [(0, 1), (1, 2)], center=1, sources=[(0,), (1, 2), (3,)])
FLOWS = {
    "reverse": FLOW,
    "shuffle": FLOW._replace(permutation="shuffle", channels=3),
    "lu": FLOW._replace(permutation="invertible_1x1", segment_length=4),
    "dense": FLOW._replace(permutation="dense_1x1", num_steps=1),
    "levels": FLOW._replace(num_levels=2, coupling="additive"),
    "coco17": FLOW._replace(skeleton=COCO_17, edge_importance=True),
    "own skeleton": FLOW._replace(skeleton=HAND, partition="spatial", max_hop=1),
    "hidden": FLOW._replace(hidden_channels=4, temporal_kernel=3, radius=10.0),
}


def made_up_model(flow: FlowConfig, seed: int = 0) -> Model:
    """Numbers of the right shapes and types, that make no sense."""
    rng = np.random.default_rng(seed)

    def make(leaf: jax.ShapeDtypeStruct) -> jax.Array:
        return jax.numpy.asarray(rng.uniform(0, 9, leaf.shape), leaf.dtype)

    return Model(flow, jax.tree.map(make, abstract_variables(flow)), (1920.0, 1080.0))


def assert_equal_variables(first: Model, second: Model) -> None:
    jax.tree.map(np.testing.assert_array_equal, first.variables, second.variables)
    assert len(jax.tree.leaves(first.variables)) == len(jax.tree.leaves(second.variables))


@pytest.mark.parametrize("flow", FLOWS.values(), ids=FLOWS)
def test_round_trip(tmp_path: Path, flow: FlowConfig) -> None:
    model = made_up_model(flow)
    checkpoint.save(tmp_path / "run", model, step=7)
    loaded = checkpoint.load(tmp_path / "run")
    assert loaded.config == flow
    assert loaded.resolution == (1920.0, 1080.0)
    assert_equal_variables(loaded, model)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint that nobody changes."""
    folder = tmp_path_factory.mktemp("saved") / "run"
    checkpoint.save(folder, made_up_model(FLOW))
    return folder


@pytest.fixture
def run(saved: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return shutil.copytree(saved, tmp_path / "run")


def test_a_model_is_not_overwritten(run: Path) -> None:
    before = checkpoint.load(run)
    with pytest.raises(InputError, match="run: holds a model already; give another folder"):
        checkpoint.save(run, made_up_model(FLOW, seed=1))
    assert_equal_variables(checkpoint.load(run), before)
    (run / checkpoint.MODEL_FILE).unlink()
    with pytest.raises(InputError, match="holds a model already"):
        checkpoint.save(run, made_up_model(FLOW, seed=1))


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="file"):
        checkpoint.save(tmp_path / "file", made_up_model(FLOW))


def stacked(*models: Model) -> Any:
    return jax.tree.map(lambda *leaves: np.stack(leaves), *(model.variables for model in models))


def test_the_last_step_is_loaded(run: Path) -> None:
    last = made_up_model(FLOW, seed=1)
    with checkpoint.manager(run) as steps:
        checkpoint.save_step(steps, 1, stacked(last))
    assert_equal_variables(checkpoint.load(run), last)


def test_the_members_of_an_ensemble(tmp_path: Path) -> None:
    members = [made_up_model(FLOW, seed) for seed in range(3)]
    description = checkpoint.Description(FLOW, (1920.0, 1080.0), members=3)
    checkpoint.save_description(tmp_path, description)
    with checkpoint.manager(tmp_path) as steps:
        checkpoint.save_step(steps, 5, stacked(*members))
    for found, expected in zip(checkpoint.load_members(tmp_path), members, strict=True):
        assert_equal_variables(found, expected)
    assert_equal_variables(checkpoint.load(tmp_path, member=2), members[2])
    with pytest.raises(InputError, match=r"has members 0 to 2, got 3"):
        checkpoint.load(tmp_path, member=3)


def test_a_folder_of_the_first_format(run: Path) -> None:
    """Format 1 had no axis of members, and numbered its steps by epochs."""
    expected = checkpoint.load(run)
    file = run / checkpoint.MODEL_FILE
    description = json.loads(file.read_bytes())
    del description["members"]
    file.write_text(json.dumps(description | {"format_version": 1}), encoding="utf-8")
    shutil.rmtree(run / checkpoint.STEPS)
    with checkpoint.manager(run) as steps:
        checkpoint.save_step(steps, 7, expected.variables)
    assert_equal_variables(checkpoint.load(run), expected)


def test_a_damaged_last_step_gives_way(run: Path, caplog: pytest.LogCaptureFixture) -> None:
    expected = checkpoint.load(run)
    with checkpoint.manager(run) as steps:
        checkpoint.save_step(steps, 1, stacked(made_up_model(FLOW, seed=1)))
    for file in (run / checkpoint.STEPS / "1" / "variables").glob("d/*"):
        truncate(file)
    assert_equal_variables(checkpoint.load(run), expected)
    assert "run: step 1 cannot be read" in caplog.text
    assert "step 0 before it is used" in caplog.text


@pytest.mark.parametrize("item", ["state", "variables"])
def test_a_training_goes_on_from_a_step_that_is_whole(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, item: str
) -> None:
    variables = stacked(made_up_model(FLOW))
    states = [
        {"done": jax.numpy.full((1, 1), step), "x": jax.numpy.ones((1, 3))} for step in (1, 2)
    ]
    place = jax.sharding.SingleDeviceSharding(jax.devices()[0])
    with checkpoint.manager(tmp_path) as steps:
        for step, state in enumerate(states, start=1):
            checkpoint.save_step(steps, step, variables, state)
        assert checkpoint.restore_state(steps, states[0], place)["done"] == 2
        for file in (tmp_path / f"checkpoints/2/{item}").glob("**/d/*"):
            file.write_bytes(file.read_bytes()[:10])
        assert checkpoint.restore_state(steps, states[0], place)["done"] == 1
    assert "step 1 before it is used" in caplog.text


def test_only_the_newest_steps_are_kept(run: Path) -> None:
    variables = stacked(made_up_model(FLOW))
    with checkpoint.manager(run) as steps:
        for step in range(1, 8):
            checkpoint.save_step(steps, step, variables)
        assert sorted(steps.all_steps()) == [3, 4, 5, 6, 7]


def change(**fields: object) -> Callable[[dict[str, Any]], None]:
    return lambda description: description.update(fields)


def change_flow(**fields: object) -> Callable[[dict[str, Any]], None]:
    return lambda description: description["flow"].update(fields)


def change_skeleton(**fields: object) -> Callable[[dict[str, Any]], None]:
    return lambda description: description["flow"]["skeleton"].update(fields)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (change(members=0), "members must be at least 1, got 0"),
        (change(members="2"), "members must be at least 1, got 2"),
        (lambda description: description.pop("members"), "KeyError.*members"),
        (change(resolution=[856]), r"resolution must be width and height .* got \[856\]"),
        (change(resolution=[0, 480]), r"resolution must be width and height .* got \[0, 480\]"),
        (change(resolution=None), "TypeError"),
        (change(flow=None), "TypeError"),
        (lambda description: description.pop("flow"), "KeyError.*flow"),
        (change_flow(trainer="x"), "trainer"),
        (change_flow(num_steps="2"), "num_steps must be int, got '2'"),
        (change_flow(segment_length=8.5), "segment_length must be int, got 8.5"),
        (change_flow(permutation="invcov"), "permutation must be one of"),
        (change_skeleton(edges=[[0.0, 1.0]]), "edges must be pairs of joints"),
        (change_skeleton(center=1.0), "center must be a joint"),
        (change_skeleton(num_joints=17), "edges must be pairs of joints below 17"),
    ],
)
def test_a_damaged_description(
    run: Path, damage: Callable[[dict[str, Any]], None], message: str
) -> None:
    file = run / checkpoint.MODEL_FILE
    description = json.loads(file.read_bytes())
    damage(description)
    file.write_text(json.dumps(description), encoding="utf-8")
    with pytest.raises(InputError, match=rf"model\.json: does not describe a model .*{message}"):
        checkpoint.load(run)


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff\x00", b"NaN"])
def test_a_description_that_is_not_json(run: Path, raw: bytes) -> None:
    (run / checkpoint.MODEL_FILE).write_bytes(raw)
    with pytest.raises(InputError, match=r"model\.json: is not JSON"):
        checkpoint.load(run)


@pytest.mark.parametrize("raw", [b"[]", b"1", b"null", b'"model"', b"{}"])
def test_a_description_of_something_else(run: Path, raw: bytes) -> None:
    (run / checkpoint.MODEL_FILE).write_bytes(raw)
    with pytest.raises(InputError, match=r"model\.json: does not describe a model"):
        checkpoint.load(run)


@pytest.mark.parametrize(
    ("fields", "misfit"),
    [
        ({"num_steps": 3}, r"\.rest\.\S* has shape \(1, 1, 2\), expected \(1, 2, 2\)"),
        ({"num_steps": 1}, r"\.rest\.\S* has shape \(1, 1, 2\), expected None"),
        ({"segment_length": 16}, r"\.kernel has shape \(1, 5, 2, 2\), expected \(1, 9, 2, 2\)"),
        ({"edge_importance": True}, r"\.edge_importance has shape None, expected \(1, 1, 18, 18\)"),
    ],
)
def test_arrays_that_do_not_fit_the_description(
    run: Path, fields: dict[str, int], misfit: str
) -> None:
    file = run / checkpoint.MODEL_FILE
    description = json.loads(file.read_bytes())
    description["flow"].update(fields)
    file.write_text(json.dumps(description), encoding="utf-8")
    message = rf"run: step 0 cannot be read or does not fit model\.json \(\S*{misfit}\)$"
    with pytest.raises(InputError, match=message):
        checkpoint.load(run)


def test_no_checkpoint_at_all(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(InputError, match=r"model\.json: is no checkpoint: cannot be read"):
            checkpoint.load(folder)


def test_no_epochs(run: Path) -> None:
    shutil.rmtree(run / checkpoint.STEPS)
    with pytest.raises(InputError, match="run: has no checkpoints; train first"):
        checkpoint.load(run)
    (run / checkpoint.STEPS).mkdir()
    with pytest.raises(InputError, match="run: has no finished checkpoint; train first"):
        checkpoint.load(run)
    (run / checkpoint.STEPS / "0").mkdir()
    with pytest.raises(InputError, match="run: step 0 cannot be read"):
        checkpoint.load(run)


def test_foreign_files_among_the_epochs(run: Path) -> None:
    (run / checkpoint.STEPS / "notes").mkdir()
    (run / checkpoint.STEPS / "readme.txt").write_text("mine")
    assert checkpoint.load(run).config == FLOW


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def overwrite(file: Path) -> None:
    file.write_bytes(os.urandom(200))


def flip(file: Path) -> None:
    raw = bytearray(file.read_bytes())
    raw[len(raw) // 2] ^= 0xFF
    file.write_bytes(raw)


@pytest.mark.parametrize("damage", [Path.unlink, truncate, overwrite, flip])
@pytest.mark.parametrize("pattern", ["d/*", "manifest.ocdbt"])
def test_a_damaged_epoch(run: Path, pattern: str, damage: Callable[[Path], None]) -> None:
    files = list((run / checkpoint.STEPS / "0" / "variables").glob(pattern))
    assert files
    for file in files:
        damage(file)
    message = r"run: step 0 cannot be read or does not fit model\.json \([^\n]+\)$"
    with pytest.raises(InputError, match=message):
        checkpoint.load(run)
