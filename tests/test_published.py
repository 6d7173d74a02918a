from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np
import pytest
from numpy.typing import NDArray

from stgnf_jax import checkpoint, published
from stgnf_jax.errors import InputError
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.published import import_published, published_config
from stgnf_jax.torch_archive import TorchArchive, read_torch_archive

SHANGHAITECH = "reference/checkpoints/ShanghaiTech_85_9.tar"
# The arguments of a run, as the authors' files have them.
ARGS: dict[str, object] = {
    "seg_len": 24,
    "K": 8,
    "L": 1,
    "flow_permutation": "invcov",
    "strategy": "uniform",
    "max_hop": 8,
    "edge_importance": False,
    "hidden_dim": 0,
    "temporal_kernel": None,
    "R": 3.0,
}
# The published code forgets a squeeze, which shows only from the second level on.
PUBLISHED = FlowConfig(squeeze_first_at_level=3)
FILES = {
    "ShanghaiTech_85_9": PUBLISHED,
    "UBnormal_unsupervised_71_8": PUBLISHED._replace(segment_length=16),
    "UBnormal_supervised_79_2": PUBLISHED._replace(segment_length=16, radius=10.0),
}


def archive(*names: str, **args: object) -> TorchArchive:
    state: dict[str, NDArray[np.float32]] = {name: np.zeros(1, np.float32) for name in names}
    return TorchArchive(state, ARGS | args, epoch=None)


@pytest.mark.reference
@pytest.mark.parametrize("name", FILES)
def test_a_published_file_round_trips(
    shared: Path, tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    imported = import_published(shared / f"reference/checkpoints/{name}.tar", tmp_path / "out")
    warning, *others = caplog.messages
    assert f"{name}.tar: its flow_permutation `invcov`" in warning
    resolution = ["vid_res is 1080x720"] if name == "UBnormal_supervised_79_2" else []
    assert len(others) == len(resolution)
    assert all(text in other for text, other in zip(resolution, others, strict=True))
    assert "imported as permutation=reverse" in warning
    loaded = checkpoint.load(tmp_path / "out")
    assert loaded.config == imported.config == FILES[name]
    assert loaded.resolution == (856.0, 480.0)
    jax.tree.map(np.testing.assert_array_equal, loaded.variables, imported.variables)


@pytest.mark.reference
def test_a_model_is_not_overwritten(shared: Path, tmp_path: Path) -> None:
    import_published(shared / SHANGHAITECH, tmp_path / "out")
    before = checkpoint.load(tmp_path / "out")
    other = shared / "reference/checkpoints/UBnormal_supervised_79_2.tar"
    with pytest.raises(InputError, match="out: holds a model already; give another folder"):
        import_published(other, tmp_path / "out")
    after = checkpoint.load(tmp_path / "out")
    assert after.config == before.config
    jax.tree.map(np.testing.assert_array_equal, after.variables, before.variables)


@pytest.mark.parametrize("name", ARGS)
def test_a_missing_argument(name: str) -> None:
    without = TorchArchive({}, {k: v for k, v in ARGS.items() if k != name}, None)
    with pytest.raises(InputError, match=rf"^args\.{name}: is missing$"):
        published_config(without)


@pytest.mark.parametrize("permutation", ["shuffle", "random", None, 3])
def test_a_permutation_that_the_file_does_not_tell(permutation: object) -> None:
    with pytest.raises(InputError, match=rf"args\.flow_permutation: is {permutation!r}, which"):
        published_config(archive(flow_permutation=permutation))


def test_permutations() -> None:
    assert published_config(archive()).permutation == "reverse"
    assert published_config(archive(flow_permutation="permute")).permutation == "reverse"
    lu = archive("flow.layers.0.invconv.lower", flow_permutation="invconv")
    assert published_config(lu).permutation == "invertible_1x1"
    dense = archive("flow.layers.0.invconv.weight", flow_permutation="invconv")
    assert published_config(dense).permutation == "dense_1x1"


def test_arguments_become_fields() -> None:
    made = published_config(
        archive(
            seg_len=32, K=4, L=2, strategy="spatial", max_hop=2, edge_importance=True,
            hidden_dim=8, temporal_kernel=5, R=10, confidence=True,
        )
    )  # fmt: skip
    assert made == FlowConfig(
        segment_length=32,
        channels=3,
        num_steps=4,
        num_levels=2,
        squeeze_first_at_level=3,
        partition="spatial",
        max_hop=2,
        edge_importance=True,
        hidden_channels=8,
        temporal_kernel=5,
        radius=10,
    )


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        ("seg_len", "24", "segment_length"),
        ("K", 0, "num_steps"),
        ("L", None, "num_levels"),
        ("strategy", "none", "partition"),
        ("hidden_dim", None, "hidden_channels"),
        ("temporal_kernel", 4, "temporal_kernel"),
        ("R", "far", "radius"),
    ],
)
def test_arguments_that_describe_no_flow(name: str, value: object, field: str) -> None:
    with pytest.raises(InputError, match=rf"^args: describe no flow \({field} must be"):
        published_config(archive(**{name: value}))


Damage = Callable[[TorchArchive], object]
CONV = "flow.layers.3.block.0.tcn.2.weight"


@pytest.mark.reference
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda a: a.args.pop("R"), r"args\.R: is missing"),
        (lambda a: a.args.update(K=7), "state_dict: has 8 flow steps, expected 1 levels of 7"),
        (lambda a: a.args.update(flow_permutation="shuffle"), r"args\.flow_permutation: is"),
        (lambda a: a.args.update(seg_len=16), r"tcn\.2\.weight: has shape \(2, 2, 13, 1\)"),
        (lambda a: a.args.update(edge_importance=True), r"edge_importance\.0: is missing"),
        (lambda a: a.state.clear(), "state_dict: has 0 flow steps"),
        (lambda a: a.state.pop(CONV), rf"{CONV}: is missing"),
        (
            lambda a: a.state.update({CONV: a.state[CONV].repeat(2, -1)}),
            rf"{CONV}: has shape \(2, 2, 13, 2\), which does not fit \(13, 2, 2\)",
        ),
        (
            lambda a: a.state.update({CONV: a.state[CONV].reshape(2, 26, 1, 1)}),
            rf"{CONV}: has shape \(2, 26, 1, 1\), which does not fit \(13, 2, 2\)",
        ),
    ],
)
def test_a_damaged_file(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: Damage, message: str
) -> None:
    archive = read_torch_archive(shared / SHANGHAITECH)
    damage(archive)
    monkeypatch.setattr(published, "read_torch_archive", lambda _: archive)
    with pytest.raises(InputError, match=rf"^made\.tar: .*{message}"):
        import_published("made.tar", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.tar: cannot be read \(No such file"):
        import_published(tmp_path / "none.tar", tmp_path / "out")


def test_flows_without_a_head_are_refused() -> None:
    with pytest.raises(InputError, match=r"args\.headless: is set"):
        published_config(archive(headless=True))
    assert published_config(archive(headless=False)).permutation == "reverse"
