"""The format that a file on disk is in, and how one of an earlier format is brought up to date."""

import operator
import os
from collections.abc import Callable, Mapping
from typing import Any

from stgnf_jax.errors import InputError

FIELD = "format_version"
Fields = dict[str, Any]
# Of one kind of file: a function from the fields of format n to those of n + 1, for n from 1 on.
Migrations = tuple[Callable[[Fields], Fields], ...]


def versioned(fields: Mapping[str, Any], migrations: Migrations = ()) -> Fields:
    """Fields to be written, with the number of their format: the newest one."""
    return {FIELD: 1 + len(migrations), **fields}


def migrated(
    fields: Mapping[str, Any], file: str | os.PathLike[str], migrations: Migrations = ()
) -> Fields:
    """Fields that were read, in the newest format and without its number.

    Args:
      fields: as they are in the file; format 1 where they do not say which.
      file: to be named.
      migrations: of this kind of file.

    Raises:
      InputError: a later version of the package wrote the file, or it has no such format.
    """
    newest = 1 + len(migrations)
    try:
        version = operator.index(fields.get(FIELD, 1))
    except TypeError:
        version = 0
    if version < 1:
        raise InputError(
            f"must be a whole number from 1 to {newest}, got {fields[FIELD]!r}",
            file=file,
            field=FIELD,
        )
    if version > newest:
        raise InputError(
            f"is {version}, and this version of stgnf-jax reads up to {newest}: a later one wrote "
            "the file; update stgnf-jax",
            file=file,
            field=FIELD,
        )
    found = {name: value for name, value in fields.items() if name != FIELD}
    for migrate in migrations[version - 1 :]:
        found = migrate(found)
    return found
