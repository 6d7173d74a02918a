import json
from pathlib import Path

import pytest

from stgnf_jax.errors import InputError
from stgnf_jax.replay import replay
from tests.small import small_config, write_clip, write_data


def test_every_frame_of_every_clip_has_a_line(tmp_path: Path) -> None:
    root = write_data(tmp_path)
    write_clip(root / "pose/test/c.json", [])
    lines = [json.loads(line) for line in replay(small_config(root), 0)]
    assert [line["camera"] for line in lines] == ["a"] * 25 + ["b"] * 25 + ["c"]
    assert [line.get("frame") for line in lines[:25]] == [*range(24), None]
    assert [line for line in lines if "end" in line] == [
        {"camera": camera, "end": True} for camera in "abc"
    ]
    clip = json.loads((root / "pose/test/b.json").read_text())
    assert lines[25 + 7]["people"] == [
        {"id": int(person), "keypoints": frames["0007"]["keypoints"]}
        for person, frames in clip.items()
    ]


def test_frames_without_people(tmp_path: Path) -> None:
    path = tmp_path / "pose/test/a.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"4": {"2": {"keypoints": list(range(51))}}}))
    lines = [json.loads(line) for line in replay(small_config(tmp_path), 0)]
    assert [len(line["people"]) for line in lines[:-1]] == [0, 0, 1]


def test_lines_come_at_their_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("stgnf_jax.replay.time.sleep", slept.append)
    monkeypatch.setattr("stgnf_jax.replay.time.monotonic", lambda: 100.0)
    assert len(list(replay(small_config(write_data(tmp_path)), 4))) == 50
    assert slept[:3] == [0.25, 0.5, 0.75]  # the clock stands still, so it waits ever longer


def test_a_broken_pose_file(tmp_path: Path) -> None:
    root = write_data(tmp_path)
    (root / "pose/test/b.json").write_text('{"1": {"0": {}}}')
    with pytest.raises(InputError, match=r"b.json: person 1: frame 0: keypoints: is missing"):
        list(replay(small_config(root), 0))
