"""A data set with what is particular to it, as a configuration."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from ml_collections import ConfigDict

from stgnf_jax.ablations import BASES
from stgnf_jax.config import default_config
from stgnf_jax.datasets import BENCHMARKS
from stgnf_jax.errors import InputError


class DataSet(NamedTuple):
    """A data set, or one that the paper has and the user has not.

    Attributes:
      name: what results call it.
      root: its folder; "" where there is none.
      changes: the fields, by full names, in which its configuration differs from the default.
    """

    name: str
    root: str
    changes: Mapping[str, Any]


def data_set(name: str, root: str = "", settings: Mapping[str, Any] | None = None) -> DataSet:
    """A data set by its name, with further settings.

    The files of one that is called like a benchmark of `datasets.BENCHMARKS` are read as that
    benchmark's, and divided by its resolution; those of any other as `custom`.

    Raises:
      InputError: a setting that the configuration cannot have; names it.
    """
    made = DataSet(name, root, {**(BASES.get(name) or _of_benchmark(name)), **(settings or {})})
    configure(made)
    return made


def _of_benchmark(name: str) -> dict[str, Any]:
    benchmark = name if name in BENCHMARKS else "custom"
    resolution = BENCHMARKS[benchmark].resolution
    known = {"data.resolution": resolution} if resolution else {}
    return {"data.benchmark": benchmark, **known}


def configure(data_set: DataSet, changes: Mapping[str, Any] | None = None) -> ConfigDict:
    """The default configuration with a data set's changes, and further ones after them.

    Raises:
      InputError: there is no such field, or its value is of another type; names it.
    """
    config = default_config()
    config.data.root = data_set.root
    for field, value in (*data_set.changes.items(), *(changes or {}).items()):
        try:
            config.update_from_flattened_dict({field: value})
        except (KeyError, TypeError) as error:
            reason = " ".join(str(error.args[0]).split())
            raise InputError(f"cannot be {value!r} ({reason})", field=f"config.{field}") from error
    return config
