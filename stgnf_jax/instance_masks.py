"""UBnormal's instance masks, an image a frame: poses on abnormal objects (paper section 4.3)."""

import math
import os
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stgnf_jax.abnormal_objects import read_abnormal_objects
from stgnf_jax.errors import InputError
from stgnf_jax.poses import Tracks

# Pixels: 8192 x 4096. What is smaller as a file may be larger than memory.
LARGEST_IMAGE = 2**25
_CLIP = re.compile(r"(?P<abnormal>ab)?normal_scene_(?P<scene>\d+)_.+")


class _Frame(NamedTuple):
    """A frame in which something is abnormal and somebody is detected.

    Attributes:
      mask: its image.
      objects: numbers of the abnormal objects.
      poses: (P,) numbers of the poses.
    """

    mask: Path
    objects: tuple[int, ...]
    poses: NDArray[np.intp]


def abnormal_on_masks(
    folder: str | os.PathLike[str], tracks: Tracks, resolution: Sequence[float] = ()
) -> NDArray[np.bool_]:
    """Which poses are abnormal, (D,): those with more than half of their joints on such an object.

    A clip `abnormal_scene_N_...` has in `folder/SceneN/<clip>_annotations` a text,
    `<clip>_tracks.txt`, and images, `<clip>_0000_gt.png` and so on, which hold at each pixel the
    number of the object there. A clip `normal_scene_N_...` needs neither. Only images of frames in
    which an object is abnormal and a person is detected are opened, one at a time a thread.

    Args:
      folder: UBnormal's own, which holds Scene1, Scene2, ...
      tracks: the poses, in pixels; pixel i reaches from i to i + 1.
      resolution: width and height of the video that the poses were found in, empty where it has
        the size of the images.

    Raises:
      InputError: a text or an image is missing or is none, or a pose lies beyond its image.
    """
    frames = [frame for clip in range(len(tracks.clips)) for frame in _frames(folder, tracks, clip)]

    def is_abnormal(frame: _Frame) -> NDArray[np.bool_]:
        return _lie_on(_read_image(frame.mask), frame, tracks, resolution)

    abnormal = np.zeros(len(tracks.frame), bool)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for frame, found in zip(frames, pool.map(is_abnormal, frames), strict=True):
            abnormal[frame.poses] = found
    return abnormal


def _frames(folder: str | os.PathLike[str], tracks: Tracks, clip: int) -> list[_Frame]:
    """The frames of a clip whose images are to be looked at."""
    name = tracks.clips[clip]
    match = _CLIP.fullmatch(name)
    if match is None:
        raise InputError(
            "is not called (ab)normal_scene_N_..., so its annotations cannot be found",
            file=f"clip {name}",
        )
    if not match["abnormal"]:
        return []
    annotations = Path(folder, f"Scene{match['scene']}", f"{name}_annotations")
    objects = read_abnormal_objects(annotations / f"{name}_tracks.txt")
    return [
        _Frame(annotations / f"{name}_{frame:04}_gt.png", there, poses)
        for frame, poses in _poses_by_frame(tracks, clip)
        if (there := tuple(o.number for o in objects if o.first_frame <= frame <= o.last_frame))
    ]


def _poses_by_frame(tracks: Tracks, clip: int) -> list[tuple[int, NDArray[np.intp]]]:
    first, last = np.searchsorted(tracks.clip, [clip, clip + 1])
    start, end = tracks.offsets[first], tracks.offsets[last]
    order = start + np.argsort(tracks.frame[start:end], kind="stable")
    frames, place = np.unique(tracks.frame[order], return_index=True)
    return list(zip(frames.tolist(), np.split(order, place[1:]), strict=True)) if len(order) else []


def _read_image(path: Path) -> NDArray[Any]:
    """The numbers at the pixels, (H, W)."""
    try:
        with Image.open(path, formats=["PNG"]) as image:
            if math.prod(image.size) > LARGEST_IMAGE:
                raise ValueError(f"it has {image.size} pixels, more than {LARGEST_IMAGE} in all")
            one_number = len(image.getbands()) == 1
            pixels = np.asarray(image if one_number else image.convert("RGB"))
    except FileNotFoundError as error:
        raise InputError("is missing; an object is abnormal in this frame", file=path) from error
    except Exception as error:  # A damaged image makes its reader raise whatever it meets.
        raise InputError(f"is not a PNG image that can be read ({error})", file=path) from error
    if one_number:
        return pixels
    if (pixels != pixels[..., :1]).any():
        raise InputError("has colours, expected the number of the object at each pixel", file=path)
    return pixels[..., 0]


def _lie_on(
    image: NDArray[Any], frame: _Frame, tracks: Tracks, resolution: Sequence[float]
) -> NDArray[np.bool_]:
    """Which poses of a frame have more than half of their joints on its abnormal objects, (P,)."""
    size = np.array(image.shape[::-1])
    scale = size / np.array(resolution) if resolution else 1.0
    pixel = np.floor(tracks.keypoints[frame.poses, :, :2] * scale).astype(np.int64)  # (P, V, 2)
    inside = np.all((pixel >= 0) & (pixel < size), axis=-1)
    beyond = np.flatnonzero(~np.any(inside, axis=1))
    if beyond.size:
        pose = frame.poses[beyond[0]]
        raise InputError(
            f"lies beyond {frame.mask.name}, which has {size[0]} x {size[1]} pixels; set "
            "config.data.train_label_resolution to width and height of the poses' video",
            file=frame.mask.parent,
            person=tracks.person[np.searchsorted(tracks.offsets, pose, "right") - 1],
            frame=tracks.frame[pose],
        )
    x, y = np.moveaxis(np.where(inside[..., None], pixel, 0), -1, 0)
    on_object = inside & np.isin(image[y, x], frame.objects)
    return 2 * on_object.sum(1) > on_object.shape[1]
