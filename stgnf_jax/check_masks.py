"""What is wrong with the masks of a test set, and what they hold."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from ml_collections import ConfigDict
from numpy.typing import NDArray

from stgnf_jax.check_poses import duration
from stgnf_jax.clip_facts import ClipFacts
from stgnf_jax.datasets import BENCHMARKS
from stgnf_jax.errors import InputError
from stgnf_jax.findings import Finding, listed, of_error, one_a_place
from stgnf_jax.ground_truth import masks_without_poses, read_mask


def check_masks(data: ConfigDict, clips: Sequence[ClipFacts]) -> list[Finding]:
    """Reads the mask of every clip and compares it with the poses.

    Args:
      data: the section `data` of a configuration.
      clips: those of the test poses.
    """
    benchmark, folder = BENCHMARKS[data.benchmark], Path(data.root, data.masks)
    errors: list[Finding] = []
    findings: list[Finding] = []
    masks: dict[str, NDArray[np.bool_]] = {}
    for clip in clips:
        try:
            masks[clip.name] = read_mask(folder, clip.name, benchmark)
        except InputError as error:
            errors.append(of_error(error))
        else:
            findings += _beyond(folder / benchmark.mask_name(clip.name), clip, masks[clip.name])
    findings += _of_frames(data, str(folder), masks)
    findings += _left(data, folder, [clip.name for clip in clips])
    return [*one_a_place(errors), *findings]


def _beyond(file: Path, clip: ClipFacts, normal: NDArray[np.bool_]) -> Iterator[Finding]:
    if clip.counts.frames > len(normal):
        yield Finding(
            "error" if clip.num_scored > len(normal) else "warning",
            str(file),
            f"has {len(normal)} frames, but the poses of clip {clip.name} go on to frame "
            f"{clip.counts.frames - 1}; is it another clip's, or do the poses not count from 0?",
        )


def _of_frames(
    data: ConfigDict, folder: str, masks: dict[str, NDArray[np.bool_]]
) -> Iterator[Finding]:
    if not masks:
        return
    normal = np.concatenate(list(masks.values()))
    share = f"{100 * (1 - normal.mean()):.3g} %"
    yield Finding("fact", folder, f"{duration(len(normal), data)}, {share} of them abnormal")
    if normal.all() or not normal.any():
        kind = "normal" if normal.all() else "abnormal"
        reason = f"every frame is {kind}, so there is no AUC; add clips of both kinds"
        yield Finding("error", folder, reason)
    calm = [clip for clip, mask in masks.items() if mask.all()]
    if calm:
        yield Finding("fact", folder, f"clips normal throughout ({len(calm)}): {listed(calm)}")


def _left(data: ConfigDict, folder: Path, clips: Sequence[str]) -> Iterator[Finding]:
    try:
        left = masks_without_poses(folder, clips, BENCHMARKS[data.benchmark])
    except (InputError, OSError):
        return  # The masks of the clips have met the same.
    if left:
        yield Finding(
            "warning",
            str(folder),
            f"masks without a pose file ({len(left)}), whose clips do not count: {listed(left)}; "
            "a clip without people has a pose file that says {}",
        )
