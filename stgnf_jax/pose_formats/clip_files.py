"""Which files make which clip: a file a clip, or a folder of a file a frame."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from stgnf_jax.errors import InputError
from stgnf_jax.pose_formats.contents import LOADERS, load
from stgnf_jax.pose_formats.detection import Extent, frame_in_name
from stgnf_jax.pose_formats.registry import candidates


class ClipFiles(NamedTuple):
    """The files of one clip.

    Attributes:
      name: what the clip is called.
      files: in the order of the frames.
      frames: each file's frame; None for a file that holds the whole clip.
    """

    name: str
    files: tuple[Path, ...]
    frames: tuple[int | None, ...]

    @property
    def place(self) -> Path:
        """Where errors of the whole clip are."""
        return self.files[0] if self.frames == (None,) else self.files[0].parent


def find_clips(source: Path, formats: Sequence[str]) -> list[ClipFiles]:
    """The clips of a file or a folder, by name.

    A file is a clip of its own name. A folder of frames is one clip of the folder's name. In any
    other folder each file is a clip, and each folder inside that holds frames or a single file.

    Args:
      source: the file or folder.
      formats: names of the formats that are considered.

    Raises:
      InputError: there is nothing, frames cannot be told from clips, or two clips share a name.
    """
    if not source.exists():
        raise InputError("is missing; give a file or folder of poses", file=source)
    if not source.is_dir():
        if source.suffix not in LOADERS:
            raise InputError(f"is not named *{', *'.join(LOADERS)}, nor a folder", file=source)
        return [_whole(source.stem, source)]
    files, folders = _listing(source)
    if files and _extent(files, formats) == "frame":
        return [_frames(source.resolve().name, files)]
    clips = [_whole(file.stem, file) for file in files]
    clips += [clip for folder in folders for clip in _folder_clip(folder, formats)]
    if not clips:
        raise InputError(f"has no pose file: no *{', *'.join(LOADERS)}", file=source)
    return sorted(_with_different_names(clips))


def _listing(folder: Path) -> tuple[list[Path], list[Path]]:
    """Pose files and folders, sorted by name."""
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", file=folder) from error
    paths = [folder / name for name in names if not name.startswith(".")]
    folders = [path for path in paths if path.is_dir()]
    return [path for path in paths if path.suffix in LOADERS and path not in folders], folders


def _extent(files: Sequence[Path], formats: Sequence[str]) -> Extent:
    """Whether files hold a frame each or a clip each, by the first that tells."""
    for file in files:
        extents = {extent for _, extent in candidates(file.suffix, load(file), formats)}
        if len(extents) == 1:
            return extents.pop()
        if not extents:
            return "clip"
    raise InputError(
        "has no file with people, so frames cannot be told from clips; leave it out",
        file=files[0].parent,
    )


def _folder_clip(folder: Path, formats: Sequence[str]) -> list[ClipFiles]:
    """The clip of a folder among others, none where it holds no pose files."""
    files, _ = _listing(folder)
    if not files:
        return []
    if _extent(files, formats) == "frame":
        return [_frames(folder.name, files)]
    if len(files) > 1:
        raise InputError("holds several clips; convert this folder by itself", file=folder)
    return [_whole(folder.name, files[0])]


def _whole(name: str, file: Path) -> ClipFiles:
    return ClipFiles(name, (file,), (None,))


def _frames(name: str, files: Iterable[Path]) -> ClipFiles:
    numbered: dict[int, Path] = {}
    for file in files:
        frame = frame_in_name(file.name)
        if frame in numbered:
            raise InputError(
                f"has the frame number {frame} in its name, as {numbered[frame].name} has; the "
                "last digits of a name are its frame",
                file=file,
            )
        numbered[frame] = file
    frames = sorted(numbered)
    return ClipFiles(name, tuple(numbered[frame] for frame in frames), tuple(frames))


def _with_different_names(clips: list[ClipFiles]) -> list[ClipFiles]:
    files: dict[str, Path] = {}
    for clip in clips:
        if clip.name in files:
            raise InputError(
                f"makes a second clip {clip.name} beside {files[clip.name]}; rename one",
                file=clip.files[0],
            )
        files[clip.name] = clip.files[0]
    return clips
