import gc
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
import tracemalloc
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from absl import logging

from stgnf_jax import cache
from stgnf_jax.cache import load_folder
from stgnf_jax.datasets import BENCHMARKS
from stgnf_jax.errors import InputError
from stgnf_jax.pose_files import hash_files
from stgnf_jax.poses import PoseFolder, read_files, read_folder
from stgnf_jax.skeleton import make_skeleton

PAIR = make_skeleton("pair", 2, [(0, 1)])
OPTIONS: dict[str, Any] = {"pose_file": BENCHMARKS["custom"].pose_file, "skeleton": PAIR}
ARRAYS = ("keypoints", "score", "frame", "person", "clip", "offsets")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two clips, three people, one broken frame."""
    folder = tmp_path / "poses"
    folder.mkdir()
    rng = np.random.default_rng(0)

    def frames(count: int) -> dict[str, Any]:
        keypoints = rng.uniform(0, 500, (count, 6)).tolist()
        return {str(frame): {"keypoints": keypoints[frame]} for frame in range(count)}

    (folder / "a.json").write_text(json.dumps({"1": frames(4), "2": frames(5) | {"9": {}}}))
    (folder / "b.json").write_text("{}")
    (folder / "c.json").write_text(json.dumps({"3": frames(2)}))
    return folder


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is logged as a warning."""
    said: list[str] = []
    monkeypatch.setattr(logging, "warning", lambda text, *values: said.append(text % values))
    return said


def load(folder: Path, cache_dir: Path | None, **options: Any) -> PoseFolder:
    return load_folder(folder, **{**OPTIONS, "skip_bad": True, **options}, cache_dir=cache_dir)


def assert_right(poses: PoseFolder, folder: Path) -> None:
    expected = read_folder(folder, **OPTIONS, skip_bad=True)
    for name in ARRAYS:
        got, want = getattr(poses.tracks, name), getattr(expected.tracks, name)
        np.testing.assert_array_equal(got, want, strict=True)
    assert poses.tracks.clips == expected.tracks.clips == ("a", "b", "c")
    assert poses.skipped == expected.skipped
    assert poses.content_hash == expected.content_hash
    assert len(poses.skipped) == 1


def is_mapped(poses: PoseFolder) -> bool:
    return all(isinstance(getattr(poses.tracks, name), np.memmap) for name in ARRAYS)


def no_reading(*_: object) -> None:
    raise AssertionError("the pose files were read again")


def test_a_second_load_reads_no_pose_file(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, warnings: list[str]
) -> None:
    first = load(folder, tmp_path / "deep" / "cache")
    monkeypatch.setattr(cache, "read_files", no_reading)
    second = load(folder, tmp_path / "deep" / "cache")
    monkeypatch.undo()
    for poses in (first, second):
        assert_right(poses, folder)
        assert is_mapped(poses)
        assert not poses.tracks.keypoints.flags.writeable
    assert warnings == []


def test_without_a_place_nothing_is_cached(folder: Path, tmp_path: Path) -> None:
    poses = load(folder, None)
    assert_right(poses, folder)
    assert not is_mapped(poses)
    assert os.listdir(tmp_path) == ["poses"]


def test_a_moved_folder_is_the_same_entry(folder: Path, tmp_path: Path) -> None:
    load(folder, tmp_path / "cache")
    moved = folder.rename(tmp_path / "moved")
    assert_right(load(moved, tmp_path / "cache"), moved)
    assert len(os.listdir(tmp_path / "cache")) == 1


def _other_content(folder: Path) -> dict[str, Any]:
    path = folder / "c.json"
    path.write_text(path.read_text().replace('"3"', '"4"'))
    return {}


def _other_name(folder: Path) -> dict[str, Any]:
    (folder / "c.json").rename(folder / "d.json")
    return {}


def _another_file(folder: Path) -> dict[str, Any]:
    (folder / "d.json").write_text("{}")
    return {}


@pytest.mark.parametrize(
    "change",
    [
        _other_content,
        _other_name,
        _another_file,
        lambda _: {"frame_order": "string"},
        lambda _: {"skeleton": make_skeleton("swapped", 2, [], sources=[(1,), (0,)])},
        lambda _: {"pose_file": re.compile(r"(?P<clip>.)\.json")},
    ],
)
def test_whatever_changes_the_tracks_makes_another_entry(
    folder: Path, tmp_path: Path, change: Callable[[Path], dict[str, Any]]
) -> None:
    load(folder, tmp_path / "cache")
    options = change(folder)
    got = load(folder, tmp_path / "cache", **options)
    want = read_folder(folder, **{**OPTIONS, "skip_bad": True, **options})
    assert got.tracks.clips == want.tracks.clips
    np.testing.assert_array_equal(got.tracks.keypoints, want.tracks.keypoints)
    np.testing.assert_array_equal(got.tracks.person, want.tracks.person)
    assert len(os.listdir(tmp_path / "cache")) == 2


def test_bad_input_is_an_error_and_leaves_no_entry(folder: Path, tmp_path: Path) -> None:
    load(folder, tmp_path / "cache")
    with pytest.raises(InputError, match=r"a\.json: person 2: frame 9: keypoints: is missing"):
        load(folder, tmp_path / "cache", skip_bad=False)
    assert len(os.listdir(tmp_path / "cache")) == 1


def _truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _other_dtype(path: Path) -> None:
    np.save(path, np.load(path).astype(np.float16))


def _other_shape(path: Path) -> None:
    np.save(path, np.load(path)[:-1])


def _archive(path: Path) -> None:
    array = np.load(path)
    with open(path, "wb") as file:
        np.savez(file, array)


def _objects(path: Path) -> None:
    np.save(path, np.array([None]), allow_pickle=True)


DAMAGE = {
    f"{name}-{damage.__name__}": (f"{name}.npy", damage)
    for name in ARRAYS
    for damage in (Path.unlink, _truncate, _empty, _other_dtype, _other_shape, _archive, _objects)
} | {
    "keypoints-joints": ("keypoints.npy", lambda path: np.save(path, np.load(path)[:, :1])),
    "offsets-order": ("offsets.npy", lambda path: np.save(path, np.array([0, 10, 9, 11]))),
    "clip-range": ("clip.npy", lambda path: np.save(path, np.array([0, 0, 3], np.int32))),
    "names-gone": ("names.json", Path.unlink),
    "names-cut": ("names.json", _truncate),
    "names-deep": ("names.json", lambda path: path.write_text("[" * 10**5)),
    "frame-header": (
        "frame.npy",
        lambda path: path.write_bytes(path.read_bytes().replace(b"), }", b"(, }")),
    ),
    "names-list": ("names.json", lambda path: path.write_text("[]")),
    "names-key": ("names.json", lambda path: path.write_text('{"clips": []}')),
    "names-numbers": (
        "names.json",
        lambda path: path.write_text('{"clips": [1, 2, 3], "skipped": []}'),
    ),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_entry_is_built_anew(
    folder: Path, tmp_path: Path, warnings: list[str], name: str
) -> None:
    load(folder, tmp_path / "cache")
    (entry,) = (tmp_path / "cache").iterdir()
    file, damage = DAMAGE[name]
    damage(entry / file)
    poses = load(folder, tmp_path / "cache")
    assert_right(poses, folder)
    assert is_mapped(poses)
    assert len(warnings) == 1
    assert warnings[0].startswith(f"{entry}: a damaged cache entry is built anew (")
    assert_right(load(folder, tmp_path / "cache"), folder)
    assert len(warnings) == 1
    assert list((tmp_path / "cache").iterdir()) == [entry]


def test_a_place_that_cannot_be_written_is_one_warning(
    folder: Path, tmp_path: Path, warnings: list[str]
) -> None:
    (tmp_path / "file").touch()
    poses = load(folder, tmp_path / "file" / "cache")
    assert_right(poses, folder)
    assert len(warnings) == 1
    assert warnings[0].startswith(f"nothing is cached in {tmp_path / 'file' / 'cache'} (")


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Nothing can be written beyond that size of a file."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("size", [0, 100, 200, 300])
def test_a_full_disk_is_one_warning_and_leaves_nothing(
    folder: Path, tmp_path: Path, warnings: list[str], size: int
) -> None:
    with files_of_at_most(size):
        poses = load(folder, tmp_path / "cache")
    assert_right(poses, folder)
    assert not is_mapped(poses)
    assert warnings == [f"nothing is cached in {tmp_path / 'cache'} ([Errno 27] File too large)"]
    assert os.listdir(tmp_path / "cache") == []


def test_a_place_that_can_only_be_read_is_used(
    folder: Path, tmp_path: Path, warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    load(folder, tmp_path / "cache")
    for module, change in ((os, "rename"), (Path, "mkdir"), (shutil, "rmtree")):
        monkeypatch.setattr(module, change, refuse)
    assert is_mapped(load(folder, tmp_path / "cache"))
    assert warnings == []
    (folder / "d.json").write_text("{}")
    assert load(folder, tmp_path / "cache").tracks.clips == ("a", "b", "c", "d")
    assert len(warnings) == 1
    assert "Read-only file system" in warnings[0]


def test_files_that_change_meanwhile_are_cached_as_what_was_read(
    folder: Path, tmp_path: Path, warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    as_it_was = (folder / "c.json").read_text()
    other = as_it_was.replace('"3"', '"4"')

    def change_and_hash(paths: list[Path]) -> str:
        before = hash_files(paths)
        (folder / "c.json").write_text(other)
        return before

    with monkeypatch.context() as patch:
        patch.setattr(cache, "hash_files", change_and_hash)
        changed = load(folder, tmp_path / "cache")
    assert changed.tracks.person.tolist() == [1, 2, 4]
    assert_right(changed, folder)
    (folder / "c.json").write_text(as_it_was)
    assert load(folder, tmp_path / "cache").tracks.person.tolist() == [1, 2, 3]
    (folder / "c.json").write_text(other)
    monkeypatch.setattr(cache, "read_files", no_reading)
    assert load(folder, tmp_path / "cache").tracks.person.tolist() == [1, 2, 4]
    assert len(os.listdir(tmp_path / "cache")) == 2
    assert warnings == []


def test_an_entry_is_what_numpy_saves(folder: Path, tmp_path: Path) -> None:
    load(folder, tmp_path / "cache")
    (entry,) = (tmp_path / "cache").iterdir()
    tracks = read_folder(folder, **OPTIONS, skip_bad=True).tracks
    for name in ARRAYS:
        np.save(tmp_path / "saved.npy", getattr(tracks, name))
        assert (entry / f"{name}.npy").read_bytes() == (tmp_path / "saved.npy").read_bytes()


def test_memory_is_that_of_one_file(folder: Path, tmp_path: Path) -> None:
    pose = {"keypoints": [1.0, 2.0, 0.5, 3.0, 4.0, 0.25]}
    clip = {"1": {str(frame): pose for frame in range(500)}}
    peaks = []
    for files in range(20):
        (folder / f"d{files}.json").write_text(json.dumps(clip))
        if files in (0, 19):
            tracemalloc.start()
            load(folder, tmp_path / "cache")
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]


def test_a_broken_file_leaves_memory_too(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[weakref.ref[Any]] = []

    def watched(*args: Any) -> Iterator[PoseFolder]:
        for file in read_files(*args):
            seen.append(weakref.ref(file.tracks.keypoints))
            yield file
            assert all(keypoints() is None for keypoints in seen[:-1])

    monkeypatch.setattr(cache, "read_files", watched)
    gc.disable()  # Cycles of errors and frames would only be found in time.
    try:
        load(folder, tmp_path / "cache")
    finally:
        gc.enable()
    assert len(seen) == 3


def test_an_unreadable_file_is_named_by_the_reader(folder: Path, tmp_path: Path) -> None:
    (folder / "a.json").unlink()
    (folder / "d.json").mkdir()
    poses = load(folder, tmp_path / "cache")
    assert poses.skipped[-1] == "d.json: cannot be read (Is a directory)"
    with pytest.raises(InputError, match=r"d\.json: cannot be read"):
        load(folder, tmp_path / "cache", skip_bad=False)


def test_what_killed_processes_left_is_removed_in_time(folder: Path, tmp_path: Path) -> None:
    old, new, written = (
        tmp_path / "cache" / f".building-{name}" for name in ("old", "new", "written")
    )
    two_hours_ago = time.time() - 2 * 3600
    for partial in (old, new, written):
        partial.mkdir(parents=True)
        (partial / "keypoints.npy").touch()
    for path in (old / "keypoints.npy", old, written):
        os.utime(path, (two_hours_ago, two_hours_ago))
    load(folder, tmp_path / "cache")
    assert new.exists()
    assert written.exists()
    assert not old.exists()


# Loads from one new cache after another, each at a time agreed on, so that processes meet.
WORKER = """
import sys, time
from pathlib import Path
import numpy as np
from stgnf_jax.cache import load_folder
from stgnf_jax.datasets import BENCHMARKS
from stgnf_jax.skeleton import make_skeleton

folder, caches, expected, rounds = sys.argv[1:]
print("ready", flush=True)
begin = float(sys.stdin.readline())
for turn in range(int(rounds)):
    time.sleep(max(0, begin + 0.03 * turn - time.time()))
    poses = load_folder(
        folder,
        pose_file=BENCHMARKS["custom"].pose_file,
        skeleton=make_skeleton("pair", 2, [(0, 1)]),
        skip_bad=True,
        cache_dir=Path(caches, str(turn)),
    )
    assert isinstance(poses.tracks.keypoints, np.memmap)
    np.testing.assert_array_equal(poses.tracks.keypoints, np.load(expected), strict=True)
"""


@contextmanager
def working(folder: Path, tmp_path: Path, count: int) -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that load, all from the same moment on; gone afterwards."""
    expected = tmp_path / "expected.npy"
    np.save(expected, read_folder(folder, **OPTIONS, skip_bad=True).tracks.keypoints)
    arguments = [str(folder), str(tmp_path / "caches"), str(expected), "40"]
    with ExitStack() as stack:
        workers = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", WORKER, *arguments],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
            for _ in range(count)
        ]
        for worker in workers:
            stack.callback(worker.kill)
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.write(f"{time.time() + 0.1}\n")
            worker.stdin.flush()
        yield workers


def test_processes_may_build_at_the_same_time(folder: Path, tmp_path: Path) -> None:
    with working(folder, tmp_path, count=4) as workers:
        for worker in workers:
            _, errors = worker.communicate(timeout=120)
            assert (worker.returncode, errors) == (0, "")
    for turn in range(40):
        (entry,) = (tmp_path / "caches" / str(turn)).iterdir()
        assert not entry.name.startswith(".")


def test_a_process_may_be_killed_at_any_moment(
    folder: Path, tmp_path: Path, warnings: list[str]
) -> None:
    for turn, delay in enumerate((0, 0.001, 0.002, 0.005)):
        with working(folder, tmp_path, count=2) as workers:
            while not (tmp_path / "caches" / str(turn)).exists():
                assert workers[0].poll() is None
                time.sleep(0.0005)
            time.sleep(delay)
            for worker in workers:
                worker.kill()
                worker.communicate()
                assert worker.returncode == -signal.SIGKILL
        caches = list((tmp_path / "caches").iterdir())
        for cache_dir in caches:
            assert_right(load(folder, cache_dir), folder)
        shutil.rmtree(tmp_path / "caches")
    assert warnings == []


# Loads from one new cache after another, each time in a child process that is killed before a
# later line of the code that writes.
KILLED = """
import os, signal, sys
from pathlib import Path
from stgnf_jax import cache, npy_files
from stgnf_jax.datasets import BENCHMARKS
from stgnf_jax.skeleton import make_skeleton

folder, caches, step = sys.argv[1:]
pair = make_skeleton("pair", 2, [(0, 1)])
writing = {cache.__file__, npy_files.__file__}

def load_until(line):
    left = line
    def trace(frame, event, _):
        nonlocal left
        if frame.f_code.co_filename not in writing:
            return None
        if event == "line":
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace
    sys.settrace(trace)
    cache.load_folder(
        folder,
        pose_file=BENCHMARKS["custom"].pose_file,
        skeleton=pair,
        skip_bad=True,
        cache_dir=Path(caches, str(line)),
    )
    os._exit(0)

line = 0
while True:
    child = os.fork()
    if not child:
        load_until(line)
    status = os.waitpid(child, 0)[1]
    if not os.WIFSIGNALED(status):
        sys.exit(status)
    line += int(step)
"""


def test_a_process_may_be_killed_at_any_line(
    folder: Path, tmp_path: Path, warnings: list[str]
) -> None:
    arguments = [str(folder), str(tmp_path / "caches"), "7"]
    subprocess.run([sys.executable, "-c", KILLED, *arguments], check=True, timeout=120)
    caches = list((tmp_path / "caches").iterdir())
    left = [path.name[0] for cache_dir in caches for path in cache_dir.iterdir()]
    assert min(left.count("."), len(left) - left.count(".")) > 10
    for cache_dir in caches:
        assert_right(load(folder, cache_dir), folder)
    assert warnings == []
