"""Pose files as a live stream's lines, one clip after the other."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
from ml_collections import ConfigDict

from stgnf_jax.config import flow_config
from stgnf_jax.datasets import BENCHMARKS
from stgnf_jax.errors import InputError
from stgnf_jax.pose_files import clip_name, list_files
from stgnf_jax.pose_json import Person, read_people
from stgnf_jax.window_set import check_names


def replay(config: ConfigDict, fps: float) -> Iterator[bytes]:
    """The test poses of a configuration as lines for `stream`, a camera a clip.

    Every frame from 0 to a clip's last has a line, those without people too; an `end` follows.

    Args:
      config: its sections `data`, and `model` for the skeleton.
      fps: lines a second; 0 for as fast as they are taken.

    Raises:
      InputError: a pose file cannot be used.
    """
    flow = flow_config(config.model)
    check_names(config.data, flow)
    benchmark = BENCHMARKS[config.data.benchmark]
    folder = Path(config.data.root) / config.data.test_poses
    due, taken = time.monotonic(), set[str]()
    for path in list_files(folder, benchmark.pose_file, benchmark.leaves_out):
        clip = clip_name(path.name, benchmark.pose_file, taken)
        taken.add(clip)
        for line in _clip_lines(clip, _read(path, flow.skeleton.num_file_joints)):
            yield line
            due += 1 / fps if fps else 0
            time.sleep(max(0, due - time.monotonic()))


def _read(path: Path, num_joints: int) -> list[Person]:
    def refuse(error: InputError) -> None:
        raise error

    try:
        return read_people(path.read_bytes(), num_joints, "numeric", refuse)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", file=path) from error
    except InputError as error:
        raise error.at(path) from error


def _clip_lines(clip: str, people: list[Person]) -> Iterator[bytes]:
    frames: dict[int, list[dict[str, Any]]] = {}
    for person in people:
        for frame, keypoints in zip(person.frame.tolist(), person.keypoints, strict=True):
            one = {"id": person.number, "keypoints": keypoints.ravel().tolist()}
            frames.setdefault(frame, []).append(one)
    for frame in range(max(frames, default=-1) + 1):
        line = {"camera": clip, "frame": frame, "people": frames.get(frame, [])}
        yield orjson.dumps(line) + b"\n"
    yield orjson.dumps({"camera": clip, "end": True}) + b"\n"
