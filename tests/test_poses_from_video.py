"""The script that makes poses of a video, as far as it goes without video and networks."""

import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from stgnf_jax.pose_formats.clip_files import find_clips
from stgnf_jax.pose_formats.clip_poses import read_clip
from stgnf_jax.pose_formats.joint_maps import SOURCES

SCRIPT = Path(__file__).parents[1] / "scripts/poses_from_video.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("poses_from_video", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_file_is_written_whole_or_not_at_all(script: ModuleType, tmp_path: Path) -> None:
    def interrupted() -> Iterator[dict[str, int]]:
        yield {"frame_id": 0}
        raise KeyboardInterrupt

    out = tmp_path / "new/poses.json"
    with pytest.raises(KeyboardInterrupt):
        script.write(out, interrupted())
    assert list(out.parent.iterdir()) == []
    script.write(out, iter([{"frame_id": 0}, {"frame_id": 1}]))
    assert json.loads(out.read_text()) == [{"frame_id": 0}, {"frame_id": 1}]
    assert list(out.parent.iterdir()) == [out]


def test_a_video_that_ends_early_or_changes_its_rate_is_told(script: ModuleType) -> None:
    steady = [1000 / 30 * frame for frame in range(100)]
    assert list(script.warnings(101, steady)) == []
    assert list(script.warnings(None, steady)) == []
    assert list(script.warnings(230, steady)) == [
        "has 100 frames that can be read of about 230; it may be damaged"
    ]
    (warning,) = script.warnings(110, steady + [steady[-1] + 133 * n for n in range(1, 10)])
    assert warning.startswith("frames are 33 to 133 ms apart")
    assert list(script.warnings(50, [0.0] * 50)) == []  # a stream without times


class _Landmarker:
    """MediaPipe's landmarker for which somebody stands still; notes the times that it is given."""

    times: tuple[int, ...] = ()

    def detect_for_video(self, _: Any, time: int) -> Any:
        type(self).times += (time,)
        person = [SimpleNamespace(x=n / 40, y=0.5, visibility=0.9) for n in range(33)]
        return SimpleNamespace(pose_landmarks=[person] if len(self.times) > 1 else [])


def test_landmarks_are_read_by_convert_poses(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    landmarker = SimpleNamespace(create_from_options=lambda _: _Landmarker())
    vision = SimpleNamespace(
        PoseLandmarker=landmarker,
        PoseLandmarkerOptions=dict,
        RunningMode=SimpleNamespace(VIDEO="video"),
    )
    mediapipe: Any = ModuleType("mediapipe")
    mediapipe.tasks = SimpleNamespace(vision=vision, BaseOptions=dict)
    mediapipe.Image = lambda *_: None
    mediapipe.ImageFormat = SimpleNamespace(SRGB="srgb")
    monkeypatch.setitem(sys.modules, "mediapipe", mediapipe)

    estimate = script.landmarker("pose.task", 1)
    pixels = np.zeros((4, 8, 3), np.uint8)
    pictures = [script.Picture(frame, time, pixels) for frame, time in enumerate((0.0, 0.0, 66.7))]
    script.write(tmp_path / "clip.json", map(estimate, pictures))
    assert _Landmarker.times == (0, 1, 66)  # MediaPipe refuses times that do not rise

    (clip,) = find_clips(tmp_path, ["mediapipe"])
    poses = read_clip(clip, ["mediapipe"], (800, 400), lambda: None)
    assert poses.frame.tolist() == [1, 2]
    np.testing.assert_allclose(poses.keypoints[0, :, 0], np.array(SOURCES[33]) * 20)
    np.testing.assert_allclose(poses.keypoints[0, :, 1:], [[200, 0.9]] * 17)
