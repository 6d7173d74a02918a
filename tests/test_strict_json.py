import json
import math
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from stgnf_jax.errors import InputError
from stgnf_jax.strict_json import dumps, read_object


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


def test_an_object_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(dumps({"a": [1, None]}))
    assert read_object(tmp_path / "a.json", "figures") == {"a": [1, None]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"a\.json: cannot be read \(No such file or directory\); evaluate again"),
        (b"{", r"a\.json: cannot be read \(.*\); evaluate again"),
        (b'{"a": NaN}', r"a\.json: cannot be read \(.*\); evaluate again"),
        (b"[]", r"a\.json: does not hold figures; evaluate again"),
    ],
)
def test_a_file_that_holds_no_object(tmp_path: Path, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_object(tmp_path / "a.json", "figures", "evaluate again")
