"""Two programs measured in turn: machines are noisy, so the ratio of each pair is what to quote."""

import json
import os
import platform
import re
import shlex
import statistics
import subprocess
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np


class Row(NamedTuple):
    """A name, and in each round what ours and the peer did; NaN where there is no peer."""

    name: str
    ours: list[float]
    peer: list[float]


def rate(command: str, threads: int = 0) -> float:
    """The number that a command prints after `windows/s: `, bound to so many cores, 0 for all."""
    bind = ["taskset", "--cpu-list", f"0-{threads - 1}"] if threads else []
    words = [*bind, *shlex.split(command)]
    printed = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    match = re.search(r"windows/s: ([\d.]+)", printed)
    if match is None:
        raise ValueError(f"{command!r} must print `windows/s: NUMBER`, got {printed!r}")
    return float(match[1])


def table(rows: Sequence[Row], unit: str = "windows/s", *, faster_is: str = "more") -> str:
    """A Markdown table of medians, and of ratios of pairs with their lowest and highest.

    Args:
      rows: what was measured.
      unit: of the numbers.
      faster_is: `more` of them or `less`; a ratio above 1 says that ours is faster.
    """
    lines = [
        f"| | ours, {unit} | peer, {unit} | ratio (lowest to highest) |",
        "|---|---|---|---|",
    ]
    for row in rows:
        mine, theirs, ratio = f"{statistics.median(row.ours):,.4g}", "", ""
        if not np.isnan(row.peer).any():
            pair = (row.ours, row.peer) if faster_is == "more" else (row.peer, row.ours)
            ratios = np.divide(*pair)
            theirs = f"{statistics.median(row.peer):,.4g}"
            ratio = f"{statistics.median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})"
        lines.append(f"| {row.name} | {mine} | {theirs} | {ratio} |")
    return "\n".join(lines)


def machine() -> dict[str, object]:
    """What a figure depends on: processor, cores, load when it was taken, versions."""
    cpuinfo = Path("/proc/cpuinfo")
    models = re.findall(r"model name\s*: (.*)", cpuinfo.read_text()) if cpuinfo.exists() else []
    return {
        "processor": models[0] if models else platform.processor(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        **{name: version(name) for name in ("jax", "jaxlib", "flax", "numpy")},
    }


def report(
    title: str,
    rows: Sequence[Row],
    path: str,
    unit: str = "windows/s",
    *,
    faster_is: str = "more",
    **others: object,
) -> None:
    """Prints a table of rows, and saves it with whatever else was found."""
    text = table(rows, unit, faster_is=faster_is)
    print(text)
    save(path, title, text, rows=[row._asdict() for row in rows], **others)


def save(path: str, title: str, text: str, **found: object) -> None:
    """Writes a table and what it was made from as JSON; nothing where `path` is empty."""
    if path:
        whole = {"title": title, "table": text, "machine": machine(), **found}
        Path(path).write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
