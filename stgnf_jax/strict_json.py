"""JSON that every reader takes, also where a number is not finite."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from stgnf_jax.errors import InputError


def dumps(value: Any, indented: bool = False) -> str:
    """JSON of a value, in which a number that is not finite is "NaN", "Infinity" or "-Infinity".

    JSON has no such numbers; as these strings, protobuf's way, `float` reads them back.
    """
    option = orjson.OPT_INDENT_2 if indented else None
    return orjson.dumps(_strict(value), option=option).decode()


def read_object(file: Path, what: str, advice: str = "") -> dict[str, Any]:
    """The fields of a file that holds one JSON object.

    Args:
      file: of the package's own.
      what: it holds, to be named where it does not.
      advice: what to do then.

    Raises:
      InputError: the file is missing, is not JSON, or holds something else.
    """
    advised = f"; {advice}" if advice else ""
    try:
        read = orjson.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"cannot be read ({reason}){advised}", file=file) from error
    if not isinstance(read, dict):
        raise InputError(f"does not hold {what}{advised}", file=file)
    return read


def _strict(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, Mapping):
        return {name: _strict(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(inner) for inner in value]
    return value
