import json
import math
from typing import Any, NamedTuple

import pytest

from stgnf_jax.strict_json import dumps


class Point(NamedTuple):
    x: float
    y: float


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1, "0.1"),
        (math.nan, '"NaN"'),
        ([math.inf, -math.inf, 1], '["Infinity","-Infinity",1]'),
        ({"a": {"b": (math.nan,)}, "c": None}, '{"a":{"b":["NaN"]},"c":null}'),
        (Point(1.0, math.nan), '[1.0,"NaN"]'),
    ],
)
def test_numbers_that_are_not_finite_are_strings(value: Any, text: str) -> None:
    assert dumps(value) == text


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_float_reads_them_back(value: float) -> None:
    assert repr(float(json.loads(dumps(value)))) == repr(value)


def test_indented() -> None:
    assert dumps({"a": [1]}, indented=True) == '{\n  "a": [\n    1\n  ]\n}'
