import errno
import fcntl
import json
import os
from pathlib import Path

import pytest

from stgnf_jax.checkpoint import Description, load_description
from stgnf_jax.config import default_config, flow_config
from stgnf_jax.errors import InputError
from stgnf_jax.run_folder import locked, open_run

RESOLUTION = (856.0, 480.0)


def test_the_same_run_is_opened_again(tmp_path: Path) -> None:
    config = default_config()
    description = Description(flow_config(config.model), RESOLUTION, 1)
    open_run(config, description, tmp_path)
    config.data.root, config.data.test_stride, config.scoring.score = "elsewhere", 3, "typicality"
    config.training.checkpoint_every = 7
    config.data.clips, config.data.track_truth = "human.txt", "boxes"
    config.scoring.box_confidence, config.scoring.interval_level = 0.5, 0.5
    config.scoring.interval_resamples = 0
    open_run(config, description, tmp_path)
    assert load_description(tmp_path) == description


def test_a_run_that_was_killed_before_its_model_was_described(tmp_path: Path) -> None:
    config = default_config()
    description = Description(flow_config(config.model), RESOLUTION, 1)
    open_run(config, description, tmp_path)
    (tmp_path / "model.json").unlink()
    open_run(config, description, tmp_path)
    assert load_description(tmp_path) == description


def test_a_run_from_before_a_field_was_there(tmp_path: Path) -> None:
    config = default_config()
    description = Description(flow_config(config.model), RESOLUTION, 1)
    open_run(config, description, tmp_path)
    for name, section in (("config.json", "model"), ("model.json", "flow")):
        old = json.loads((tmp_path / name).read_bytes())
        del old[section]["conditioner"]
        (tmp_path / name).write_text(json.dumps(old))
    open_run(config, description, tmp_path)
    config.model.conditioner = "convolution"
    with pytest.raises(InputError, match=r"conditioner is 'convolution' now and was 'stgcn'"):
        open_run(config, description, tmp_path)


def test_a_skeleton_whose_file_has_changed(tmp_path: Path) -> None:
    """The configuration has its name only."""
    config, file, run = default_config(), tmp_path / "hand.json", tmp_path / "run"
    config.model.skeleton = str(file)
    file.write_text('{"num_joints": 3, "edges": [[0, 1], [1, 2]]}')
    open_run(config, Description(flow_config(config.model), RESOLUTION, 1), run)
    file.write_text('{"num_joints": 3, "edges": [[0, 1], [0, 2]]}')
    with pytest.raises(InputError, match=r"model\.json: is not the model that config\.model desc"):
        open_run(config, Description(flow_config(config.model), RESOLUTION, 1), run)


def test_a_damaged_configuration(tmp_path: Path) -> None:
    config = default_config()
    for text in ("{", "[" * 10**5):
        (tmp_path / "config.json").write_text(text)
        with pytest.raises(InputError, match=r"config\.json: cannot be read \("):
            open_run(config, Description(flow_config(config.model), RESOLUTION, 1), tmp_path)


def test_only_the_lock_tells_of_another_process(tmp_path: Path) -> None:
    with pytest.raises(BlockingIOError), locked(tmp_path):
        raise BlockingIOError  # as of a terminal that takes no more
    with locked(tmp_path), pytest.raises(InputError, match="another process is training here"):
        locked(tmp_path).__enter__()


def test_a_file_system_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(InputError, match=r"cannot be locked \(No locks available\)"):
        locked(tmp_path).__enter__()
