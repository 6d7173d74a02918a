import json
import os
from pathlib import Path
from typing import Any

import pytest

from stgnf_jax.checkpoint import Description
from stgnf_jax.errors import InputError
from stgnf_jax.score_origin import ScoreOrigin, load_origin, save_origin
from tests.small import FLOW, small_config

MODEL = Description(FLOW, (1920.0, 1080.0), members=3)


def saved(folder: Path) -> ScoreOrigin:
    config = small_config(Path("poses"))
    config.data.windowing, config.scoring.score = "reference", "typicality"
    origin = ScoreOrigin(config, folder / "model", MODEL)
    save_origin(folder, origin)
    return origin


def in_json(value: Any) -> Any:
    """The value with lists for tuples."""
    return json.loads(json.dumps(value))


def test_an_origin_is_read_back_with_an_absolute_root(tmp_path: Path) -> None:
    written, read = saved(tmp_path), load_origin(tmp_path)
    assert read.model == MODEL
    assert read.checkpoint == tmp_path / "model"
    assert read.config.scoring.to_dict() == written.config.scoring.to_dict()
    expected = written.config.data.to_dict() | {"root": os.path.abspath("poses")}
    assert in_json(read.config.data.to_dict()) == in_json(expected)


def test_a_field_of_a_newer_version_has_its_default(tmp_path: Path) -> None:
    saved(tmp_path)
    file = tmp_path / "origin.json"
    fields = json.loads(file.read_bytes())
    del fields["config"]["data"]["max_absent"]
    file.write_text(json.dumps(fields))
    assert load_origin(tmp_path).config.data.max_absent == 2


def test_a_folder_without_one(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"origin\.json: cannot be read .* evaluate or stgnf score"
    ):
        load_origin(tmp_path)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("config", "data", "root"), 5, "config.data.root is 5"),
        (("config",), [], "score again"),
        (("config",), None, "score again"),
        (("checkpoint",), None, "score again"),
        (("model", "resolution"), [0, 1], "does not describe a model"),
        (("config", "data", "second", "a.b"), 1, "does not accept dots in field names"),
    ],
)
def test_a_damaged_one(tmp_path: Path, path: tuple[str, ...], value: Any, message: str) -> None:
    saved(tmp_path)
    file = tmp_path / "origin.json"
    fields = json.loads(file.read_bytes())
    place = fields
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    file.write_text(json.dumps(fields))
    with pytest.raises(InputError, match=r"origin\.json") as caught:
        load_origin(tmp_path)
    assert message in str(caught.value)


def test_one_that_is_no_json(tmp_path: Path) -> None:
    (tmp_path / "origin.json").write_text("{")
    with pytest.raises(InputError, match="cannot be read"):
        load_origin(tmp_path)
