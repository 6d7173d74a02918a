"""JSON that every reader takes, also where a number is not finite."""

import math
from collections.abc import Mapping
from typing import Any

import orjson


def dumps(value: Any, indented: bool = False) -> str:
    """JSON of a value, in which a number that is not finite is "NaN", "Infinity" or "-Infinity".

    JSON has no such numbers; as these strings, protobuf's way, `float` reads them back.
    """
    option = orjson.OPT_INDENT_2 if indented else None
    return orjson.dumps(_strict(value), option=option).decode()


def _strict(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, Mapping):
        return {name: _strict(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(inner) for inner in value]
    return value
