"""What lies in a folder, so far as two runs of one command must agree on it."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jax import tree
from numpy import asarray

from stgnf_jax import checkpoint
from stgnf_jax.errors import InputError
from stgnf_jax.load_export import check
from stgnf_jax.metrics_file import load_metrics
from stgnf_jax.normal_scores_file import load_normal_scores
from stgnf_jax.run_log import read_log
from stgnf_jax.run_summary import load_summary
from stgnf_jax.saved_scores import load_scores
from stgnf_jax.score_origin import load_origin

# Of clocks and speed, which no two runs share.
_TIMES = ("time", "windows_per_second", "started", "updated", "wall_seconds", "latency_ms")
# TensorBoard's files are named and filled by the clock; orbax's hold times, and are read instead.
_BY_CLOCK = re.compile(r"run/events\.|run/checkpoints/\d+/")
# Locks hold nothing; half-written files and folders have hidden names, which no reader asks for.
_HIDDEN = re.compile(r"(^|/)\.|\.orbax-checkpoint-tmp")
_READERS: dict[str, Callable[[Path], object]] = {
    "scores.npz": load_scores,
    "origin.json": load_origin,
    "metrics.json": load_metrics,
    "normal_scores.npz": load_normal_scores,
    "summary.json": load_summary,
    "log.jsonl": read_log,
    "model.json": checkpoint.load_description,
    "facts.json": check,
}


def visible(work: Path) -> dict[str, bytes]:
    """The files below a folder that a reader may take for whole, without times."""
    found = {}
    for path in sorted(work.rglob("*")):
        name = path.relative_to(work).as_posix()
        if path.is_file() and not _HIDDEN.search(name) and not _BY_CLOCK.match(name):
            found[name] = _without_times(path)
    return found


def litter(work: Path) -> list[str]:
    """What interrupted writers have left, by name."""
    names = (path.relative_to(work).as_posix() for path in work.rglob("*"))
    return sorted(name for name in names if _HIDDEN.search(name) and not name.endswith(".lock"))


def _without_times(path: Path) -> bytes:
    raw = path.read_bytes()
    if path.name not in ("summary.json", "log.jsonl", "stream.txt"):
        return raw
    parts = [raw] if path.suffix == ".json" else raw.splitlines()
    return b"\n".join(map(_timeless, parts))


def _timeless(part: bytes) -> bytes:
    try:
        fields = json.loads(part)
    except ValueError:  # a last line cut short
        return b""
    return json.dumps({k: v for k, v in fields.items() if k not in _TIMES}).encode()


def weights(work: Path) -> Any:
    """The weights that a run has come to, as lists; None where it has none yet."""
    try:
        members = checkpoint.load_members(work / "run")
    except InputError:
        return None
    return [asarray(leaf).tolist() for one in members for leaf in tree.leaves(one.variables)]


def read_all(work: Path) -> None:
    """Reads every file for which there is a reader.

    Raises:
      InputError: one is there and cannot be read.
    """
    for path in sorted(work.rglob("*")):
        name = path.relative_to(work).as_posix()
        if path.name in _READERS and not _HIDDEN.search(name):
            _READERS[path.name](path.parent)
