import functools
import socket
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from ml_collections import ConfigDict

from stgnf_jax import demo as demo_module
from stgnf_jax.demo import demo, demo_config
from stgnf_jax.errors import InputError
from stgnf_jax.town import build_town


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A hamlet, and one epoch on it in one batch."""

    def config() -> ConfigDict:
        small = demo_config()
        small.training.epochs, small.training.batch_size = 1, 4096
        small.data.cache_dir = str(tmp_path / "cache")
        return small

    hamlet = functools.partial(build_town, train_clips=2, test_clips=3)
    monkeypatch.setattr(demo_module, "build_town", hamlet)
    monkeypatch.setattr(demo_module, "demo_config", config)


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """No name can be looked up, and no socket can listen or reach out."""

    def refuse(*_: object) -> NoReturn:
        raise AssertionError("the demo asked for the network")

    for name in ("bind", "connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.usefixtures("no_network")
def test_the_network_is_refused() -> None:
    with pytest.raises(AssertionError, match="asked for the network"):
        socket.create_connection(("127.0.0.1", 9))
    with socket.socket() as one, pytest.raises(AssertionError, match="asked for the network"):
        one.connect(("127.0.0.1", 9))


@pytest.mark.usefixtures("small", "no_network")
def test_from_poses_to_pictures(tmp_path: Path) -> None:
    evaluation = demo(tmp_path / "out", seed=3)
    assert evaluation.metrics.num_clips == 3
    out = tmp_path / "out"
    pictures = {path.name for path in out.rglob("*.png")}
    assert {"score_curves.png", "detection.png", "explanations.png"} < pictures
    assert len(list((out / "clips").glob("*.png"))) == 3
    with np.load(out / "run/scores.npz") as scores:
        assert len(scores["frame_normal"]) == evaluation.metrics.num_frames
    before = (out / "town/pose/train/01_001_alphapose_tracked_person.json").read_bytes()
    with pytest.raises(InputError, match="run: holds a model already"):
        demo(out, seed=4)
    after = (out / "town/pose/train/01_001_alphapose_tracked_person.json").read_bytes()
    assert after == before


@pytest.mark.usefixtures("small")
def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(InputError, match="out"):
        demo(tmp_path / "out", seed=0)
