"""Poses of a video by RTMPose, as JSON that `stgnf convert-poses` takes for `mmpose`.

    uv run scripts/poses_from_video.py VIDEO OUT.json --detector=YOLOX.onnx --pose=RTMPOSE.onnx
    stgnf convert-poses OUT.json DIR/pose/test

The two models are yours to bring: YOLOX for people and RTMPose with 17, 26 or 133 joints, exported
to ONNX, as https://github.com/Tau-J/rtmlib lists them. People are not numbered, so that
`convert-poses` tracks them, which needs `pip install "stgnf-jax[track]"`. Frames count from 0.
"""

# /// script
# requires-python = ">=3.11"
# dependencies = ["onnxruntime>=1.22", "rtmlib>=0.0.16"]
# ///

import argparse
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any


def main() -> None:
    """Flags to one call."""
    parser = argparse.ArgumentParser(description="Poses of a video by RTMPose")
    parser.add_argument("video", type=_file)
    parser.add_argument("out", type=Path, help="the JSON file")
    parser.add_argument("--detector", type=_file, required=True, help="YOLOX as ONNX")
    parser.add_argument("--detector_size", type=_size, default=(640, 640), help="HEIGHT,WIDTH")
    parser.add_argument("--pose", type=_file, required=True, help="RTMPose as ONNX")
    parser.add_argument("--pose_size", type=_size, default=(192, 256), help="WIDTH,HEIGHT")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, ...")
    flags = parser.parse_args()

    from rtmlib import YOLOX, RTMPose  # noqa: PLC0415

    detector = YOLOX(flags.detector, flags.detector_size, device=flags.device)
    pose = RTMPose(flags.pose, flags.pose_size, device=flags.device)
    frames = list(read_poses(flags.video, detector, pose))
    partial = flags.out.with_name(f".{os.getpid()}.{flags.out.name}")
    partial.write_text(json.dumps(frames))
    partial.replace(flags.out)
    people = sum(len(frame["instances"]) for frame in frames)
    print(f"{people} poses in {len(frames)} frames are in {flags.out}")


def read_poses(
    video: str, detector: Callable[..., Any], pose: Callable[..., Any]
) -> Iterator[dict[str, Any]]:
    """The poses of each frame, in MMPose's form."""
    import cv2  # noqa: PLC0415

    capture = cv2.VideoCapture(video)
    if not capture.isOpened():
        raise SystemExit(f"{video}: is no video that OpenCV can read")
    frame = 0
    while True:
        more, image = capture.read()
        if not more:
            return
        boxes = detector(image)
        # Without boxes RTMPose would find a person in the whole picture.
        keypoints, scores = pose(image, bboxes=boxes) if len(boxes) else ((), ())
        people = [
            {"keypoints": points.tolist(), "keypoint_scores": confidence.tolist()}
            for points, confidence in zip(keypoints, scores, strict=True)
        ]
        yield {"frame_id": frame, "instances": people}
        frame += 1


def _file(name: str) -> str:
    if not Path(name).is_file():  # rtmlib would take it for an address and download it.
        raise argparse.ArgumentTypeError(f"{name} is no file")
    return name


def _size(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


if __name__ == "__main__":
    main()
