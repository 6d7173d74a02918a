"""The configuration files that come with the package, by their names."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from stgnf_jax.errors import InputError

# The project's `configs/`, by a link where the package lies in the project.
FOLDER = Path(__file__).parent / "configs"
_FLAGS = ("--config", "-config")


def config_names() -> list[str]:
    """What `find_config` knows by name, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.py"))


def find_config(value: str) -> str:
    """The file that a value of `--config` names, with what follows its colon.

    Args:
      value: a file of one's own; or `NAME`, `NAME:ARGUMENT` or `configs/NAME.py` of a file that
        comes with the package, unless there is such a file here.

    Raises:
      InputError: a plain name that is neither.
    """
    name, colon, argument = value.partition(":")
    shipped = FOLDER / f"{name.removeprefix('configs/').removesuffix('.py')}.py"
    if os.path.exists(name):
        return value
    if shipped.parent == FOLDER and shipped.is_file():
        return f"{shipped}{colon}{argument}"
    if "/" not in name and not name.endswith(".py"):
        raise InputError(
            f"is neither a file nor one of {', '.join(config_names())}: {name!r}", field="--config"
        )
    return value


def with_config_files(argv: Sequence[str]) -> Iterator[str]:
    """A command's arguments with the files that `--config=NAME` or `--config NAME` stands for."""
    before = ""
    for argument in argv:
        flag, equals, value = argument.partition("=")
        if flag in _FLAGS and equals:
            yield f"{flag}={find_config(value)}"
        else:
            yield find_config(argument) if before in _FLAGS else argument
        before = argument
