"""Files made to do harm, given to every reader that there is a target of in `fuzz`."""

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fuzz.one_target import CORPUS, outcome
from fuzz.targets import TARGETS
from tests import test_torch_archive as torch

# A cache is built anew, files of a checkpoint may not be needed, a log's last line may be cut
# short, and the target leaves long lines out.
GIVE_ALL_THE_SAME = {"cache_entry", "checkpoint", "config", "run_log"}
HOSTILE = {
    "nested lists": b"[" * 10**6,
    "nested objects": b'{"a":' * 10**5,
    "digits": b"[" + b"9" * 10**6 + b"]",
    "digits of a field": b'{"num_joints": ' + b"9" * 10**6 + b"}",
    "one long line": b"x" * 10**6,
    "zeros": bytes(10**6),
}


@pytest.mark.parametrize("name", sorted(set(TARGETS) - GIVE_ALL_THE_SAME))
def test_what_is_deep_or_long_is_refused(tmp_path: Path, name: str) -> None:
    read = TARGETS[name](tmp_path)
    found = {kind: outcome(read, raw) for kind, raw in HOSTILE.items()}
    assert [one for one in found.items() if not one[1].startswith("refused")] == []


@pytest.mark.parametrize("name", ["cache_entry", "run_log"])
def test_what_is_deep_or_long_is_gone_without(tmp_path: Path, name: str) -> None:
    read = TARGETS[name](tmp_path)
    for raw in HOSTILE.values():
        assert outcome(read, raw).startswith("gives")
        assert outcome(read, raw + b"\n")[:7] in ("gives P", "refused")


class Touches:
    """Makes a file when it is unpickled."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.canary,)


def object_array(canary: Path) -> bytes:
    out = io.BytesIO()
    np.save(out, np.array([Touches(canary)], object), allow_pickle=True)
    return out.getvalue()


def with_objects(name: str, canary: Path) -> bytes:
    """An NPY file of objects, or the archive of a target with such an array in each place."""
    seed = next((CORPUS / name).iterdir())
    if not zipfile.is_zipfile(seed):
        return object_array(canary)
    out = io.BytesIO()
    with zipfile.ZipFile(seed) as archive, zipfile.ZipFile(out, "w") as made:
        for member in archive.namelist():
            made.writestr(member, object_array(canary))
    return out.getvalue()


NUMPY_TARGETS = ("calibration", "mask_npy", "mask_npz", "normal_scores", "normal_windows")


@pytest.mark.parametrize("name", [*NUMPY_TARGETS, "poses_npy", "saved_scores"])
def test_arrays_of_objects_are_never_unpickled(tmp_path: Path, name: str) -> None:
    canary = tmp_path / "canary"
    raw = with_objects(name, canary)
    assert outcome(TARGETS[name](tmp_path / "scratch"), raw).startswith("refused")
    assert not canary.exists()
    np.load(io.BytesIO(object_array(canary)), allow_pickle=True)
    assert canary.exists()


@pytest.mark.parametrize("name", ["poses_pickle", "torch_archive"])
@pytest.mark.parametrize("protocol", range(6))
def test_pickles_run_nothing(tmp_path: Path, name: str, protocol: int) -> None:
    canary = tmp_path / "canary"
    raw = pickle.dumps({0: {1: Touches(canary)}}, protocol)
    read = TARGETS[name](tmp_path / "scratch")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("archive/data.pkl", raw)
    file = raw if name == "poses_pickle" else out.getvalue()
    assert outcome(read, file).startswith("refused")
    assert not canary.exists()
    pickle.loads(raw)  # noqa: S301  # our own, to see that it would have
    assert canary.exists()


@pytest.mark.parametrize("member", ["../canary", "archive/../../canary", "/{tmp}/canary"])
def test_names_in_an_archive_are_no_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, member: str
) -> None:
    torch.name_torch(monkeypatch)
    inside = tmp_path / "a" / "b"
    read = TARGETS["torch_archive"](inside)
    entries = torch.entries_of(torch.checkpoint()) | {member.format(tmp=tmp_path): b"x"}
    made = torch.write_zip(tmp_path / "made.tar", entries).read_bytes()
    monkeypatch.chdir(inside)
    assert not outcome(read, made).startswith("finding")
    assert sorted(path.name for path in tmp_path.rglob("*")) == [
        *("a", "b", "checkpoint.tar", "made.tar")
    ]


def test_a_link_in_an_archive_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.name_torch(monkeypatch)
    secret = tmp_path / "secret"
    secret.write_bytes(b"little")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, raw in torch.entries_of(torch.checkpoint()).items():
            if name != "archive/byteorder":
                archive.writestr(name, raw)
        link = zipfile.ZipInfo("archive/byteorder")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, str(secret))
    assert outcome(TARGETS["torch_archive"](tmp_path), out.getvalue()).startswith("refused")
