"""Masks from a file of spans: which frames of each clip are abnormal."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from ml_collections import ConfigDict
from numpy.typing import NDArray

from stgnf_jax.cache import load_folder
from stgnf_jax.datasets import BENCHMARKS, Benchmark
from stgnf_jax.errors import InputError
from stgnf_jax.files import write_atomically
from stgnf_jax.label_spans import Span, abnormal_by, read_spans
from stgnf_jax.pose_json import LARGEST
from stgnf_jax.poses import Tracks
from stgnf_jax.skeleton import load_skeleton

LENGTH_FIELDS = ("clip", "num_frames")


class Masks(NamedTuple):
    """Which frames of clips are abnormal.

    Attributes:
      clips: their names.
      abnormal: (number of frames,) bool of each.
    """

    clips: tuple[str, ...]
    abnormal: tuple[NDArray[np.bool_], ...]


def label(
    config: ConfigDict, spans: Path, out: Path, num_frames: str = "", overwrite: bool = False
) -> Masks:
    """Writes a mask for each clip of a configuration's test poses, as `evaluate` reads them.

    A frame is abnormal when a span says so of somebody or of everybody. Clips that no span mentions
    are normal throughout.

    Args:
      config: its section `data` names the poses and the benchmark.
      spans: a file as `label_spans.abnormal_in_spans` takes it, in which a person may be empty for
        everybody.
      out: the folder for the masks.
      num_frames: how many frames clips have: a number for all, or a CSV file with `LENGTH_FIELDS`;
        empty for as many as poses and spans need.
      overwrite: replace masks that exist.

    Raises:
      InputError: anything wrong with poses, spans or lengths, or a mask that would be overwritten.
    """
    benchmark = BENCHMARKS[config.data.benchmark]
    folder = load_folder(
        Path(config.data.root, config.data.test_poses),
        pose_file=benchmark.pose_file,
        skeleton=load_skeleton(config.model.skeleton),
        skip_bad=config.data.skip_bad,
        leaves_out=benchmark.leaves_out,
        cache_dir=Path(config.data.cache_dir).expanduser() if config.data.cache_dir else None,
    )
    masks = masks_of(read_spans(spans, everybody=True), folder.tracks, _lengths(num_frames))
    _write(masks, out, benchmark, overwrite)
    return masks


def _write(masks: Masks, out: Path, benchmark: Benchmark, overwrite: bool) -> None:
    targets = [out / benchmark.mask_file.format(clip=clip) for clip in masks.clips]
    for target in targets:
        if target.exists() and not overwrite:
            raise InputError("exists; remove it, or give --overwrite", file=target)
    for target, abnormal in zip(targets, masks.abnormal, strict=True):
        values = np.where(abnormal, 1 - benchmark.normal, benchmark.normal).astype(np.int8)
        with write_atomically(target) as partial, open(partial, "wb") as file:
            np.save(file, values)


def masks_of(
    spans: Sequence[Span], tracks: Tracks, num_frames: Mapping[str, int] | int | None
) -> Masks:
    """The masks of all clips of some tracks.

    Args:
      spans: who is abnormal when.
      tracks: the poses.
      num_frames: of each clip, or of all; None for as many as poses and spans need.

    Raises:
      InputError: spans do not fit the poses or each other, or a clip's length is not given or too
        short for them.
    """
    abnormal_by([span for span in spans if span.person is not None], tracks)
    lengths = _needed(spans, tracks)
    for clip, needed in lengths.items():
        if num_frames is not None:
            lengths[clip] = _given(clip, num_frames, needed)
    masks = {clip: np.zeros(length, bool) for clip, length in lengths.items()}
    for span in spans:
        if span.label == "abnormal":
            masks[span.clip][span.first_frame : span.last_frame + 1] = True
    for span in spans:
        if span.label == "normal" and span.person is None:
            _check_normal(span, masks[span.clip])
    return Masks(tuple(masks), tuple(masks.values()))


def _check_normal(span: Span, abnormal: NDArray[np.bool_]) -> None:
    """Nobody is abnormal where everybody is normal."""
    frames = abnormal[span.first_frame : span.last_frame + 1]
    if frames.any():
        raise InputError(
            "is normal here and abnormal in another span; keep one of the two",
            file=f"{span.place}: clip {span.clip}",
            frame=span.first_frame + int(np.argmax(frames)),
        )


def _needed(spans: Sequence[Span], tracks: Tracks) -> dict[str, int]:
    """Frames of each clip up to the last that a pose or a span is in, at least one."""
    lengths = dict.fromkeys(tracks.clips, 1)
    last = np.maximum.reduceat(tracks.frame, tracks.offsets[:-1]).tolist()
    for clip, frame in zip(tracks.clip.tolist(), last, strict=True):
        name = tracks.clips[clip]
        lengths[name] = max(lengths[name], frame + 1)
    for span in spans:
        place = f"{span.place}: clip {span.clip}"
        if span.clip not in lengths:
            raise InputError("is not among the poses", file=place)
        if span.last_frame > LARGEST["frame"]:
            reason = f"is {span.last_frame}, more than {LARGEST['frame']}"
            raise InputError(reason, file=place, field="last_frame")
        lengths[span.clip] = max(lengths[span.clip], span.last_frame + 1)
    return lengths


def _given(clip: str, num_frames: Mapping[str, int] | int, needed: int) -> int:
    length = num_frames if isinstance(num_frames, int) else num_frames.get(clip)
    if length is None:
        raise InputError(f"does not have clip {clip}", field="--num_frames")
    if length > LARGEST["frame"]:
        raise InputError(f"is {length}, more than {LARGEST['frame']}", field="--num_frames")
    if length < needed:
        raise InputError(
            f"is {length} for clip {clip}, which has poses or spans in frame {needed - 1}",
            field="--num_frames",
        )
    return length


def _lengths(num_frames: str) -> Mapping[str, int] | int | None:
    """What `num_frames` stands for: nothing, a number, or a table."""
    if not num_frames:
        return None
    if num_frames.isdecimal():
        return int(num_frames)
    lengths = {}
    try:
        with open(num_frames, encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file, skipinitialspace=True):
                clip, length = (row.get(name) for name in LENGTH_FIELDS)
                if not clip or not length or not length.isdecimal():
                    expected = " and a whole number as ".join(LENGTH_FIELDS)
                    raise InputError(f"has {row}, expected {expected}", file=num_frames)
                lengths[clip] = int(length)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"is neither a number nor a CSV file ({error})", file=num_frames
        ) from error
    return lengths
