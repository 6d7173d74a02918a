"""All formats by name, and which of them a file is of."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from stgnf_jax.errors import InputError
from stgnf_jax.pose_formats.alphapose import ALPHAPOSE
from stgnf_jax.pose_formats.chad import CHAD
from stgnf_jax.pose_formats.coco import COCO
from stgnf_jax.pose_formats.csv_table import CSV
from stgnf_jax.pose_formats.detection import Extent, Format
from stgnf_jax.pose_formats.mediapipe import MEDIAPIPE
from stgnf_jax.pose_formats.mmpose import MMPOSE
from stgnf_jax.pose_formats.numpy_array import NUMPY
from stgnf_jax.pose_formats.openpose import OPENPOSE
from stgnf_jax.pose_formats.tracked import TRACKED
from stgnf_jax.pose_formats.ultralytics import ULTRALYTICS

FORMATS: dict[str, Format] = {
    "alphapose": ALPHAPOSE,
    "chad": CHAD,
    "coco": COCO,
    "csv": CSV,
    "mediapipe": MEDIAPIPE,
    "mmpose": MMPOSE,
    "numpy": NUMPY,
    "openpose": OPENPOSE,
    "tracked": TRACKED,
    "ultralytics": ULTRALYTICS,
}

Candidates = frozenset[tuple[str, Extent]]


def candidates(suffix: str, contents: Any, names: Iterable[str]) -> Candidates:
    """What a file's contents may be: names of formats, and how much the file holds then.

    Args:
      suffix: what the file's name ends in.
      contents: of the file.
      names: the formats that are considered.
    """
    return frozenset(
        (name, extent)
        for name in names
        if suffix in FORMATS[name].suffixes
        for extent in FORMATS[name].extent(contents)
    )


def only(found: Candidates, path: Path, names: tuple[str, ...]) -> Format:
    """The one format among candidates.

    Raises:
      InputError: there is none, or more than one.
    """
    if not found:
        expected = f"{names[0]}'s form" if len(names) == 1 else f"one of {', '.join(names)}"
        raise InputError(
            f"is not in {expected} as far as its contents tell; docs/pose_formats.md says what "
            "each looks like",
            file=path,
        )
    matching = sorted({name for name, _ in found})
    if len(matching) > 1:
        raise InputError(
            f"may be {' or '.join(matching)}; say which by --format={matching[0]}", file=path
        )
    return FORMATS[matching[0]]
