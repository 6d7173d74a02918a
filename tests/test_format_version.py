import re
from typing import Any

import numpy as np
import pytest

from stgnf_jax.errors import InputError
from stgnf_jax.format_version import Fields, migrated, versioned


def _with_b(fields: Fields) -> Fields:
    return fields | {"b": fields["a"] + 1}


def _renamed(fields: Fields) -> Fields:
    return {"c": fields["b"]}


MIGRATIONS = (_with_b, _renamed)


@pytest.mark.parametrize(
    "fields", [{"a": 1}, {"a": 1, "format_version": 1}, {"b": 2, "format_version": 2}]
)
def test_each_format_becomes_the_newest_one(fields: Fields) -> None:
    before = dict(fields)
    assert migrated(fields, "file", MIGRATIONS) == {"c": 2}
    assert fields == before


def test_what_is_written_is_of_the_newest_format() -> None:
    assert versioned({"c": 2}, MIGRATIONS) == {"format_version": 3, "c": 2}
    assert migrated(versioned({"c": 2}, MIGRATIONS), "file", MIGRATIONS) == {"c": 2}
    assert migrated({"c": 2, "format_version": np.array(1)}, "file") == {"c": 2}


@pytest.mark.parametrize("version", [0, -1, "1", None, 1.0, [1], np.array([1, 2])])
def test_no_version(version: Any) -> None:
    message = f"run.json: format_version: must be a whole number from 1 to 3, got {version!r}"
    with pytest.raises(InputError, match=re.escape(message)):
        migrated({"format_version": version}, "run.json", MIGRATIONS)


def test_a_later_version() -> None:
    message = (
        "run.json: format_version: is 4, and this version of stgnf-jax reads up to 3: a later one "
        "wrote the file; update stgnf-jax"
    )
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        migrated({"format_version": 4}, "run.json", MIGRATIONS)
