r"""Poses of a video as JSON for `stgnf convert-poses`, by RTMPose or by MediaPipe.

    uv run scripts/poses_from_video.py VIDEO OUT.json --detector=YOLOX.onnx --pose=RTMPOSE.onnx
    uv run --python=3.12 --with=mediapipe==0.10.21 scripts/poses_from_video.py \
        VIDEO OUT.json --landmarker=POSE.task

The networks are yours to bring; docs/video.md says where they come from, and which to choose.
People are not numbered, so that `convert-poses` tracks them, which needs `pip install
"stgnf-jax[track]"`. Frames count from 0.
"""

# /// script
# requires-python = ">=3.11"
# dependencies = ["onnxruntime>=1.22", "rtmlib>=0.0.16", "tqdm>=4.67"]
# ///

import argparse
import itertools
import json
import os
import statistics
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple


class Picture(NamedTuple):
    """A frame: its number, milliseconds from the video's start, and pixels (height, width, 3)."""

    frame: int
    time: float
    pixels: Any


Estimator = Callable[[Picture], dict[str, Any]]
"""Gives what the JSON file says of a frame."""


def main() -> None:
    """Flags to one call."""
    parser = argparse.ArgumentParser(description="Poses of a video by RTMPose or MediaPipe")
    parser.add_argument("video", type=_file)
    parser.add_argument("out", type=Path, help="the JSON file")
    parser.add_argument("--detector", type=_file, help="YOLOX as ONNX")
    parser.add_argument("--detector_size", type=_size, default=(640, 640), help="HEIGHT,WIDTH")
    parser.add_argument("--pose", type=_file, help="RTMPose as ONNX")
    parser.add_argument("--pose_size", type=_size, default=(192, 256), help="WIDTH,HEIGHT")
    parser.add_argument("--device", default="cpu", help="of RTMPose: cpu, cuda, ...")
    parser.add_argument("--landmarker", type=_file, help="MediaPipe's pose landmarker as .task")
    parser.add_argument("--people", type=int, default=2, help="that MediaPipe looks for, at most")
    flags = parser.parse_args()
    if bool(flags.landmarker) == bool(flags.detector and flags.pose):
        parser.error("give either --detector and --pose, or --landmarker")

    video = open_video(flags.video)
    estimate = landmarker(flags.landmarker, flags.people) if flags.landmarker else rtmpose(flags)
    times: list[float] = []
    write(flags.out, map(estimate, pictures(video, times)))
    for warning in warnings(announced(video), times):
        print(f"warning: {flags.video}: {warning}", file=sys.stderr)
    print(next_step(flags, size(video), len(times)))


def open_video(path: str) -> Any:
    """OpenCV's reader of a video."""
    import cv2  # noqa: PLC0415

    video = cv2.VideoCapture(path)
    if not video.isOpened():
        raise SystemExit(f"{path}: is no video that OpenCV can read")
    # Telephones say how to turn their pictures, and not every OpenCV heeds it by itself.
    video.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
    return video


def pictures(video: Any, times: list[float]) -> Iterator[Picture]:
    """All frames of a video, with a bar of how far it is; appends the time of each."""
    import cv2  # noqa: PLC0415
    from tqdm import tqdm  # noqa: PLC0415

    with tqdm(total=announced(video), unit=" frames", disable=None) as bar:
        while True:
            more, pixels = video.read()
            if not more and not times:
                raise SystemExit("the video has no frame that OpenCV can read")
            if not more:
                return
            picture = Picture(len(times), video.get(cv2.CAP_PROP_POS_MSEC), pixels)
            times.append(picture.time)
            yield picture
            bar.update()


def announced(video: Any) -> int | None:
    """The number of frames that a file says it has, if it does."""
    import cv2  # noqa: PLC0415

    frames = int(video.get(cv2.CAP_PROP_FRAME_COUNT))
    return frames if frames > 0 else None


def rtmpose(flags: argparse.Namespace) -> Estimator:
    """People by YOLOX, joints by RTMPose; each frame in MMPose's form."""
    import onnxruntime  # noqa: PLC0415
    from rtmlib import YOLOX, RTMPose  # noqa: PLC0415
    from rtmlib.tools.base import RTMLIB_SETTINGS  # noqa: PLC0415

    provider = RTMLIB_SETTINGS["onnxruntime"].get(flags.device.split(":")[0])
    if provider not in onnxruntime.get_available_providers():  # it would go on on the processor
        raise SystemExit(
            f"--device={flags.device}: this onnxruntime has {onnxruntime.get_available_providers()}"
        )
    detector = YOLOX(flags.detector, flags.detector_size, device=flags.device)
    pose = RTMPose(flags.pose, flags.pose_size, device=flags.device)
    # A detector without NMS in the network finds COCO's 80 classes, of which 0 is people.
    boxes_alone = detector.session.get_outputs()[0].shape[-1] == 5
    detector.det_mode = "human" if boxes_alone else "multiclass"

    def estimate(picture: Picture) -> dict[str, Any]:
        found = detector(picture.pixels)
        boxes = found if boxes_alone else found[0][found[1] == 0]
        # Without boxes RTMPose would find a person in the whole picture.
        keypoints, scores = pose(picture.pixels, bboxes=boxes) if len(boxes) else ((), ())
        people = [
            {"keypoints": points.tolist(), "keypoint_scores": confidence.tolist()}
            for points, confidence in zip(keypoints, scores, strict=True)
        ]
        return {"frame_id": picture.frame, "instances": people}

    return estimate


def landmarker(path: str, people: int) -> Estimator:
    """MediaPipe's pose landmarker; each frame in its own form, in fractions of the picture."""
    try:
        import mediapipe  # noqa: PLC0415
    except ImportError:
        raise SystemExit(f"--landmarker needs MediaPipe; the command is:\n{__doc__}") from None
    vision = mediapipe.tasks.vision
    network = vision.PoseLandmarker.create_from_options(
        vision.PoseLandmarkerOptions(
            base_options=mediapipe.tasks.BaseOptions(model_asset_path=path),
            running_mode=vision.RunningMode.VIDEO,
            num_poses=people,
        )
    )
    last = -1

    def estimate(picture: Picture) -> dict[str, Any]:
        nonlocal last
        last = max(last + 1, int(picture.time))  # Times must rise; some streams have none.
        image = mediapipe.Image(mediapipe.ImageFormat.SRGB, picture.pixels[..., ::-1].copy())
        found = network.detect_for_video(image, last).pose_landmarks
        joints = [
            [{"x": joint.x, "y": joint.y, "visibility": joint.visibility} for joint in person]
            for person in found
        ]
        return {"pose_landmarks": joints}

    return estimate


def write(out: Path, frames: Iterable[dict[str, Any]]) -> None:
    """Writes a list of JSON, a frame a line, whole or not at all."""
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(f".{os.getpid()}.{out.name}")
    try:
        with partial.open("w") as file:
            file.write("[")
            for index, frame in enumerate(frames):
                file.write(",\n" if index else "\n")
                json.dump(frame, file)
            file.write("\n]\n")
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)


def warnings(frames: int | None, times: list[float]) -> Iterator[str]:
    """What of a video makes its poses less than they seem, given the frames that it announces."""
    if frames is not None and len(times) < 0.98 * frames:
        yield f"has {len(times)} frames that can be read of about {frames}; it may be damaged"
    gaps = [after - before for before, after in itertools.pairwise(times)]
    if gaps and max(gaps) > 1.5 * statistics.median(gaps) > 0:
        yield (
            f"frames are {min(gaps):.0f} to {max(gaps):.0f} ms apart, and a window is counted in "
            "frames; give it a constant rate, e.g. ffmpeg -i VIDEO -r 25 NEW.mp4"
        )


def size(video: Any) -> tuple[int, int]:
    """Width and height of the pictures, as they are read."""
    import cv2  # noqa: PLC0415

    return int(video.get(cv2.CAP_PROP_FRAME_WIDTH)), int(video.get(cv2.CAP_PROP_FRAME_HEIGHT))


def next_step(flags: argparse.Namespace, pixels: tuple[int, int], frames: int) -> str:
    """What was written, and the command that goes on from there."""
    width, height = pixels
    fractions = f" --resolution={width},{height}" if flags.landmarker else ""
    return (
        f"{flags.out}: the poses in {frames} frames of {width} x {height} pixels. Next:\n"
        f"stgnf convert-poses {flags.out} DIR/pose/test{fractions}"
    )


def _file(name: str) -> str:
    if not Path(name).is_file():  # rtmlib would take it for an address and download it.
        raise argparse.ArgumentTypeError(f"{name} is no file")
    return name


def _size(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


if __name__ == "__main__":
    main()
