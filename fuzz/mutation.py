"""Inputs that are nearly right: JSON with another value in it, archives with another member."""

import copy
import io
import json
import random
import re
import zipfile
from collections.abc import Iterable
from typing import Any

TOKENS = (
    *rb'{ } [ ] : , " null true NaN 1e999 -0 1e-400 0x10 \u0000 \ud800'.split(),
    *(b"99999999999999999999", b"1" + b"0" * 400),
    *(b"\xff\xfe", b"\x00" * 8, b"\xff" * 8, b"[" * 2000, b"9" * 5000, b"__reduce__", b"../../x"),
)
VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 2, 2.5, 1e308, -1e-320, 2**31, 2**63, 2**64, float("nan"), float("inf")),
    *("", "1", "nan", "\0", "\ud800", "../x", "é" * 300, [], {}, [[]], {"": 0}, [1e9] * 60),
)

MOST_PLACES = 5000


def mutated(raw: bytes, rng: random.Random) -> bytes:
    """Another input like this one.

    Args:
      raw: an input.
      rng: decides.
    """
    for change in (_json, _zip, _fields) if rng.random() < 0.7 else ():
        try:
            return change(raw, rng)
        except Exception:  # not of this kind, or not after a change before
            continue
    return _bytes(raw, rng)


def _bytes(raw: bytes, rng: random.Random) -> bytes:
    """A few bytes changed, left out, said twice or put in."""
    out = bytearray(raw)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        at, size = rng.randrange(len(out) + 1), rng.choice((1, 1, 2, 8, 64))
        kind = rng.randrange(5)
        if kind == 0:
            del out[at : at + size]
        elif kind == 1:
            out[at:at] = out[at : at + size]
        elif kind == 2:
            out[at:at] = rng.choice(TOKENS)
        elif kind == 3:
            out[at : at + 1] = bytes([rng.randrange(256)])
        elif at < len(out):
            out[at] ^= 1 << rng.randrange(8)
    return bytes(out)


def _json(raw: bytes, rng: random.Random) -> bytes:
    """A value, a name or an entry of it changed; ValueError when it is no JSON object or list."""
    document = json.loads(raw)
    places = list(_places(document))
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        parent, key = rng.choice(places)
        kind = rng.randrange(6)
        if kind == 0:
            del parent[key]
        elif kind == 1 and isinstance(parent, dict):
            parent[rng.choice(("", "-1", "1e5", "\0", "people", key + "x"))] = parent.pop(key)
        elif kind == 2:
            other, place = rng.choice(places)
            parent[key] = copy.deepcopy(other[place])
        elif kind == 3 and isinstance(parent, list):
            parent.insert(key, _value(rng))
        else:
            parent[key] = _value(rng)
        places = list(_places(document))
        if len(places) > MOST_PLACES:  # Copies of copies may be of any size.
            break
    return json.dumps(document).encode("utf-8", "surrogatepass")


def _value(rng: random.Random) -> Any:
    """A copy, so that what is put into it later does not go into the next input too."""
    return copy.deepcopy(rng.choice(VALUES))


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every object or list in it with every key or index, outer ones first."""
    found, rest = [], [value]
    while rest:
        one = rest.pop(0)
        keys: Iterable[Any] = range(len(one)) if isinstance(one, list) else ()
        keys = list(one) if isinstance(one, dict) else keys
        found += [(one, key) for key in keys]
        rest += [one[key] for key in keys if isinstance(one[key], dict | list)]
    return found


def _fields(raw: bytes, rng: random.Random) -> bytes:
    """Another value between two commas, colons or equals signs; ValueError where there are none."""
    text = raw.decode()
    parts = re.split(r"([,=:\n])", text)
    if len(parts) < 3:
        raise ValueError("no fields")
    for _ in range(rng.choice((1, 1, 2, 4))):
        other = (str(_value(rng)), rng.choice(parts[::2]), "")
        parts[2 * rng.randrange(len(parts) // 2 + 1)] = rng.choice(other)
    return "".join(parts).encode("utf-8", "surrogatepass")


def _zip(raw: bytes, rng: random.Random) -> bytes:
    """A member of it changed and its checksum made right; BadZipFile when it is no archive."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    at, out = rng.randrange(len(members)), io.BytesIO()
    name, held = members[at]
    kind = rng.randrange(8)
    if kind == 0:
        del members[at]
    elif kind == 1:
        members[at] = (_bytes(name.encode(), rng).decode("latin1"), held)
    elif kind == 2:
        members.append((rng.choice(members)[0], held))
    else:
        members[at] = (name, _bytes(held, rng))
    packing = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    with zipfile.ZipFile(out, "w", packing) as archive:
        for name, held in members:
            archive.writestr(name, held)
    return out.getvalue()
