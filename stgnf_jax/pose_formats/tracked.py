"""Our own form, which is that of the benchmarks' pose files: see `stgnf_jax.pose_json`.

It is read so that gaps in it can be filled, frames renumbered and files checked.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from stgnf_jax.errors import InputError
from stgnf_jax.pose_formats.detection import CLIP, NEITHER, Detection, Extent, Format
from stgnf_jax.pose_json import people_in


def _extent(contents: Any) -> frozenset[Extent]:
    if not isinstance(contents, dict):
        return NEITHER
    return CLIP if all(key.isdigit() for key in contents) else NEITHER


def _read(contents: Any, _: int | None) -> Iterator[Detection]:
    def fail(error: InputError) -> None:
        raise error

    for person in people_in(contents, 17, "numeric", fail):
        for frame, keypoints, score in zip(
            person.frame.tolist(), person.keypoints, person.score.tolist(), strict=True
        ):
            yield Detection(frame, person.number, np.array(keypoints), score)


TRACKED = Format((".json",), _extent, _read)
