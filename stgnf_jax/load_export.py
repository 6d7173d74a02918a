"""Scores poses by an exported model; needs jax, flatbuffers and numpy alone.

    from load_export import load
    scorer = load("EXPORT")
    windows, frames = scorer.cut_windows(frame_numbers, keypoints)  # of one person
    scores = scorer.score(windows)

`stgnf export` writes this file into the folder that it loads. `python load_export.py` checks that
the folder still gives the scores that the model gave when it was exported.
"""

import hashlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from jax import export
from numpy.typing import ArrayLike, NDArray

FORMAT_VERSION = 1
FACTS_FILE = "facts.json"
PROGRAM_FILE = "scorer.stablehlo"
NORMAL_FILE = "normal_scores.npz"
SAMPLE_FILE = "sample.json"
# What input and output are called.
INPUT, OUTPUT = "windows", "scores"
# Windows that are scored at once; fewer are filled up to a power of two, so that few programs are
# ever compiled.
MOST = 256
# All that an exported program may call outside of itself.
ALLOWED_CALLS = {"shape_assertion"}
# Relative difference of scores up to which two processors agree.
TOLERANCE = 1e-4


class ExportError(ValueError):
    """The folder, or what is to be scored, cannot be used; says why."""


class Scorer(NamedTuple):
    """An exported model; T frames, V joints and C channels are those of `facts["input"]`.

    Attributes:
      facts: what `facts.json` holds.
      program: from float32 windows in pixels (N, T, V, C) to (N,).
      normal: by the name of a scene the lowest score of each normal track, sorted, (K,).
    """

    facts: dict[str, Any]
    program: Callable[[NDArray[np.float32]], jax.Array]
    normal: dict[str, NDArray[np.float64]]

    def score(self, windows: ArrayLike) -> NDArray[np.float32]:
        """Scores windows; higher is more normal.

        Args:
          windows: (N, T, J, 2 or 3) x, y and maybe confidence, in pixels, of the J joints of a
            pose file, or of the V joints of the skeleton.

        Returns:
          (N,), in the unit that `facts["output"]` names.

        Raises:
          ExportError: windows of another shape, not finite, or without any height.
        """
        x = prepare(self.facts, windows)
        parts = [self._few(x[first : first + MOST]) for first in range(0, len(x), MOST)]
        return np.concatenate([np.empty(0, np.float32), *parts])

    def _few(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        missing = (1 << (len(x) - 1).bit_length()) - len(x)
        padded = np.concatenate([x, np.repeat(x[-1:], missing, 0)])
        return np.asarray(self.program(padded))[: len(x)]

    def cut_windows(
        self, frame: ArrayLike, keypoints: ArrayLike
    ) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """The windows of one person.

        Args:
          frame: (D,) numbers of the frames that the person was seen in, ascending.
          keypoints: (D, J, 2 or 3).

        Returns:
          (N, T, J, 2 or 3) for `score`, and (N,) the frames that their scores belong to.

        Raises:
          ExportError: frames are not ascending, or not as many as keypoints.
        """
        number, rules = np.asarray(frame), self.facts["windows"]
        x = np.asarray(keypoints)
        if number.ndim != 1 or len(number) != len(x) or (np.diff(number) <= 0).any():
            raise ExportError("frames must ascend, one for each of the keypoints")
        length, stride = rules["length"], rules["stride"]
        spare = len(number) - length
        count = spare // stride + 1 if rules["windowing"] == "all" else -(-spare // stride)
        places = stride * np.arange(max(count, 0))[:, None] + np.arange(length)
        since = number[places] - number[places[:, :1]]
        kept = (since < length).sum(1) >= length - rules["max_absent"]
        return x[places[kept]], number[places[kept, 0]] + rules["score_frame"]

    def track_p(self, score: ArrayLike, scene: str = "") -> NDArray[np.float64]:
        """p-values against whole normal tracks: the share of them that are ever as low.

        Args:
          score: (M,) scores of windows, or the lowest of tracks.
          scene: a name in `normal`.

        Returns:
          (M,) in (0, 1]; see docs/thresholds.md of stgnf-jax.

        Raises:
          ExportError: there are no normal scores of that scene.
        """
        if scene not in self.normal:
            names = ", ".join(map(repr, self.normal)) or "none"
            raise ExportError(f"has normal scores of scenes: {names}; none of {scene!r}")
        lowest = self.normal[scene]
        return np.asarray((1 + np.searchsorted(lowest, score, "right")) / (len(lowest) + 1))


def load(folder: str | os.PathLike[str]) -> Scorer:
    """Reads what `stgnf export` wrote.

    Raises:
      ExportError: a file is missing, damaged, of another export, or of a jax too far from this one.
    """
    facts = read_facts(folder)
    raw = _read(folder, PROGRAM_FILE, facts)
    try:
        program = export.deserialize(bytearray(raw))
        _check_program(program, facts)
    except Exception as error:  # flatbuffers and MLIR raise what they meet
        raise ExportError(
            f"{Path(folder) / PROGRAM_FILE}: cannot be used by jax {jax.__version__} "
            f"({str(error).splitlines()[0] if str(error) else error!r}); it was exported by jax "
            f"{facts['written_by'].get('jax')}"
        ) from error
    return Scorer(facts, jax.jit(program.call), _read_normal(folder, facts))


def read_facts(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """Reads and checks `facts.json`.

    Raises:
      ExportError: it is missing, damaged, or of another version.
    """
    file = Path(folder) / FACTS_FILE
    try:
        facts: dict[str, Any] = json.loads(file.read_bytes())
        _check_facts(facts)
    except OSError as error:
        raise ExportError(f"{file}: cannot be read ({error.strerror})") from error
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise ExportError(f"{file}: does not describe an export ({error!r})") from error
    return facts


def _check_facts(facts: dict[str, Any]) -> None:
    if facts["format_version"] != FORMAT_VERSION:
        raise ValueError(f"format_version is {facts['format_version']}, not {FORMAT_VERSION}")
    _, frames, joints, channels = facts["input"]["shape"]
    skeleton, rules = facts["skeleton"], facts["windows"]
    numbers = [frames, joints, channels, skeleton["file_joints"], rules["stride"]]
    numbers += [1 + rules["max_absent"], 1 + rules["score_frame"]]
    if any(type(number) is not int or not 0 < number < 2**20 for number in numbers):
        raise ValueError(f"numbers are {numbers}")
    sources = skeleton["sources"]
    known = range(skeleton["file_joints"])
    if len(sources) != joints or not all(
        source and all(joint in known for joint in source) for source in sources
    ):
        raise ValueError("skeleton.sources names joints that there are not")
    if rules["length"] != frames or rules["windowing"] not in ("all", "reference"):
        raise ValueError("windows are not those of the input")
    if not isinstance(facts["files"], dict) or not isinstance(facts["written_by"], dict):
        raise ValueError("files or written_by is no object")


def _read(folder: str | os.PathLike[str], name: str, facts: dict[str, Any]) -> bytes:
    file = Path(folder) / name
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise ExportError(f"{file}: cannot be read ({error.strerror})") from error
    if hashlib.sha256(raw).hexdigest() != facts["files"].get(name):
        raise ExportError(f"{file}: is damaged, or of another export than {FACTS_FILE}")
    return raw


def _check_program(program: export.Exported, facts: dict[str, Any]) -> None:
    shapes = [tuple(map(str, aval.shape)) for aval in (*program.in_avals, *program.out_avals)]
    batch = str(facts["input"]["shape"][0])
    expected = [tuple(map(str, facts["input"]["shape"])), (batch,)]
    types = {aval.dtype for aval in (*program.in_avals, *program.out_avals)}
    if shapes != expected or types != {np.dtype(np.float32)}:
        raise ValueError(
            f"goes from {shapes[:1]} to {shapes[1:]}, not {expected[0]} to {expected[1]}"
        )
    calls = set()
    for line in program.mlir_module().splitlines():
        if "custom_call" in line:
            calls.add(line.partition("@")[2].partition("(")[0])
    if calls - ALLOWED_CALLS:
        raise ValueError(f"calls {', '.join(sorted(calls - ALLOWED_CALLS))}, which no scorer does")


def _read_normal(
    folder: str | os.PathLike[str], facts: dict[str, Any]
) -> dict[str, NDArray[np.float64]]:
    if NORMAL_FILE not in facts["files"]:
        return {}
    _read(folder, NORMAL_FILE, facts)
    file = Path(folder) / NORMAL_FILE
    try:
        with np.load(file, allow_pickle=False) as opened:
            score, offsets, scenes = (opened[name] for name in ("score", "offsets", "scenes"))
        lowest = np.minimum.reduceat(score, offsets[:-1])
        names = facts["normal_scores"]["scenes"]
        bounds = zip(names, scenes[:-1], scenes[1:], strict=True)
        return {str(name): np.sort(lowest[first:end]) for name, first, end in bounds}
    except Exception as error:  # a damaged archive makes NumPy and zlib raise what they meet
        raise ExportError(f"{file}: cannot be read ({error!r})") from error


def prepare(facts: dict[str, Any], windows: ArrayLike) -> NDArray[np.float32]:
    """Windows as the program takes them: the skeleton's joints and channels, (N, T, V, C) float32.

    Raises:
      ExportError: as `Scorer.score`.
    """
    x: NDArray[Any] = np.asarray(windows, np.float64)
    _, frames, joints, channels = facts["input"]["shape"]
    sources, file_joints = facts["skeleton"]["sources"], facts["skeleton"]["file_joints"]
    if x.ndim != 4 or x.shape[1] != frames or x.shape[2] not in (joints, file_joints):
        raise ExportError(
            f"windows have shape {x.shape}, expected (N, {frames}, {file_joints}, 2 or 3)"
        )
    if x.shape[3] not in (2, 3) or x.shape[3] < channels:
        raise ExportError(f"windows have {x.shape[3]} channels, the model needs {channels}")
    if x.shape[2] == file_joints:
        x = np.stack([x[:, :, source].mean(2) for source in sources], 2)
    x = np.asarray(x[..., :channels], np.float32)
    y = x[..., 1]
    unusable = np.flatnonzero(~np.isfinite(x).all((1, 2, 3)) | (y.min((1, 2)) == y.max((1, 2))))
    if unusable.size:
        raise ExportError(
            f"window {unusable[0]}: holds numbers that are not finite, or one y in all joints, so "
            "that there is no size to normalise by; leave it out"
        )
    return x


def check(folder: str | os.PathLike[str]) -> float:
    """The largest relative difference to the scores of the sample, found when it was exported.

    Raises:
      ExportError: as `load`, or a difference above `TOLERANCE`.
    """
    scorer = load(folder)
    try:
        sample = json.loads(_read(folder, SAMPLE_FILE, scorer.facts))
        expected = np.array(sample[OUTPUT], float)
        found = scorer.score(sample[INPUT])
    except (KeyError, RecursionError, TypeError, json.JSONDecodeError) as error:
        raise ExportError(f"{Path(folder) / SAMPLE_FILE}: holds no sample ({error!r})") from error
    return compare(found, expected)


def compare(found: NDArray[np.floating], expected: NDArray[np.floating]) -> float:
    """The largest difference of scores, relative to the largest score.

    Raises:
      ExportError: it is above `TOLERANCE`.
    """
    difference = float(np.abs(found - expected).max() / np.abs(expected).max())
    if not difference <= TOLERANCE:
        raise ExportError(f"the sample's scores are {found.tolist()}, expected {expected.tolist()}")
    return difference


if __name__ == "__main__":
    try:
        print(f"the sample's scores agree to {check(Path(__file__).parent):.1e}")
    except ExportError as error:
        sys.exit(f"load_export: {error}")
