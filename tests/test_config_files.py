import json
import os
import re
from pathlib import Path

import pytest

from stgnf_jax.config_files import FOLDER, config_names, find_config, with_config_files
from stgnf_jax.errors import InputError

ROOT = Path(__file__).parents[1]


def test_the_files_of_the_project_are_those_of_the_package() -> None:
    assert config_names() == sorted(path.stem for path in (ROOT / "configs").glob("*.py"))
    for path in (ROOT / "configs").glob("*.py"):
        assert (FOLDER / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("value", ["robust", "robust.py", "configs/robust.py"])
def test_a_name_is_that_of_a_file_of_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_config(value) == os.fspath(FOLDER / "robust.py")
    assert find_config(f"{value}:x:y") == f"{FOLDER}/robust.py:x:y"


def test_a_file_of_ones_own_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "configs").mkdir()
    for name in ("configs/robust.py", "robust"):
        (tmp_path / name).touch()
        assert find_config(name) == name
        assert find_config(f"{name}:x") == f"{name}:x"


@pytest.mark.parametrize(
    "value", ["configs/none.py", "none.py", "mine/robust.py", "../robust.py", "configs/../robust"]
)
def test_other_files_are_left_to_be_missed(value: str) -> None:
    assert find_config(value) == value


def test_an_unknown_name() -> None:
    names = re.escape(json.dumps(config_names())[1:-1].replace('"', ""))
    with pytest.raises(InputError, match=f"^--config: is neither .* one of {names}: 'robst'$"):
        find_config("robst")


def test_arguments_of_a_command() -> None:
    file = os.fspath(FOLDER / "robust.py")
    argv = ["stgnf", "--config=robust", "--config", "robust", "--config.data.root=robust", "robust"]
    expected = [
        "stgnf",
        f"--config={file}",
        "--config",
        file,
        "--config.data.root=robust",
        "robust",
    ]
    assert list(with_config_files(argv)) == expected
