"""Where the scores in a folder come from: the poses and the model, in a file beside them."""

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from ml_collections import ConfigDict

from stgnf_jax.checkpoint import Description, description_fields, read_description
from stgnf_jax.config import default_config
from stgnf_jax.errors import InputError
from stgnf_jax.files import write_atomically
from stgnf_jax.format_version import migrated, versioned
from stgnf_jax.strict_json import read_object

ORIGIN_FILE = "origin.json"
_SECTIONS = ("data", "scoring")
_ADVICE = (
    "it comes with the scores: run stgnf evaluate or stgnf score again, with this folder as --out"
)


class ScoreOrigin(NamedTuple):
    """What scores were made of.

    Attributes:
      config: the configuration that scored; `data.root` is absolute on disk.
      checkpoint: the folder of the model, absolute.
      model: the model's flow and resolution, which are those that count.
    """

    config: ConfigDict
    checkpoint: Path
    model: Description


def save_origin(out: str | os.PathLike[str], origin: ScoreOrigin) -> None:
    """Writes `origin.json` into the folder `out`.

    Raises:
      InputError: the file cannot be written.
    """
    config = json.loads(origin.config.to_json_best_effort())
    config["data"]["root"] = os.path.abspath(config["data"]["root"])
    fields = {
        "config": {name: config[name] for name in _SECTIONS},
        "checkpoint": os.fspath(origin.checkpoint),
        "model": description_fields(origin.model),
    }
    with write_atomically(Path(out) / ORIGIN_FILE) as path:
        path.write_bytes(orjson.dumps(versioned(fields), option=orjson.OPT_INDENT_2) + b"\n")


def load_origin(folder: str | os.PathLike[str]) -> ScoreOrigin:
    """Reads `origin.json`; what it does not say of the configuration is the default.

    Raises:
      InputError: there is none, or it is damaged.
    """
    file = Path(folder) / ORIGIN_FILE
    read = migrated(read_object(file, "where scores come from", _ADVICE), file)
    try:
        config = ConfigDict(_completed(read["config"]))
        return ScoreOrigin(config, Path(read["checkpoint"]), read_description(read["model"], file))
    except InputError:
        raise
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"does not say where scores come from ({error!r}); score again", file=file
        ) from error


def _completed(sections: dict[str, Any]) -> dict[str, Any]:
    config = default_config().to_dict()
    for section in _SECTIONS:
        for name, default in config[section].items():
            value = sections[section].get(name, default)
            expected = (list, tuple) if isinstance(default, tuple) else type(default)
            if not isinstance(value, expected):
                raise TypeError(f"config.{section}.{name} is {value!r}")
            config[section][name] = value
    return config
