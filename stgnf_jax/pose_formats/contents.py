"""A file's contents: JSON and pickles as objects, CSV as rows, NPY as a mapped array."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from stgnf_jax.errors import InputError
from stgnf_jax.pose_formats.numpy_pickle import load_pickle

# Bytes of a text file. Parsed, it takes about ten times as much memory.
LARGEST_FILE = 2**30


def load(path: Path) -> Any:
    """What a file holds.

    Nothing in it is executed: arrays of Python objects are refused, pickles are read as data.

    Raises:
      InputError: it cannot be read, is too large, or is not what its name says.
    """
    try:
        if path.suffix != ".npy" and path.stat().st_size > LARGEST_FILE:
            raise InputError(f"is larger than {LARGEST_FILE} bytes; split the clip")
        return LOADERS[path.suffix](path)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", file=path) from error
    except InputError as error:
        raise error.at(path) from error.__cause__


def _json(path: Path) -> Any:
    raw = path.read_bytes()
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        pass
    try:  # Python's own parser also takes NaN, which Python's programs write.
        return json.loads(raw)
    except RecursionError:
        raise InputError("is nested too deeply to hold poses") from None
    except ValueError as error:
        raise InputError(f"is not JSON ({error})") from error


def _csv(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, skipinitialspace=True, strict=True)
        try:
            return list(reader)
        except csv.Error as error:
            raise InputError(f"is not CSV after line {reader.line_num} ({error})") from error
        except UnicodeDecodeError as error:
            raise InputError("is not text in UTF-8; save it as that") from error


def _npy(path: Path) -> NDArray[Any]:
    try:
        return np.lib.format.open_memmap(path, mode="r")
    except OSError:
        raise
    except Exception as error:  # A damaged header makes numpy raise whatever its parser meets.
        raise InputError(f"is not an array that can be read ({error})") from error


def _pickle(path: Path) -> Any:
    return load_pickle(path.read_bytes())


LOADERS: dict[str, Callable[[Path], Any]] = {
    ".json": _json,
    ".csv": _csv,
    ".npy": _npy,
    ".pkl": _pickle,
}
