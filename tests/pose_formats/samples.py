"""The same few people in every format, each written after the format's own documentation."""

import csv
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def _words(text: str) -> list[str]:
    return text.split()


# As the documentation of each lists its joints.
COCO_17 = _words(
    "Nose LEye REye LEar REar LShoulder RShoulder LElbow RElbow LWrist RWrist LHip RHip LKnee "
    "RKnee LAnkle RAnkle"
)
HALPE_26 = COCO_17 + _words("Head Neck Hip LBigToe RBigToe LSmallToe RSmallToe LHeel RHeel")
BODY_25 = _words(
    "Nose Neck RShoulder RElbow RWrist LShoulder LElbow LWrist MidHip RHip RKnee RAnkle LHip LKnee "
    "LAnkle REye LEye REar LEar LBigToe LSmallToe LHeel RBigToe RSmallToe RHeel"
)
OPENPOSE_18 = _words(
    "Nose Neck RShoulder RElbow RWrist LShoulder LElbow LWrist RHip RKnee RAnkle LHip LKnee LAnkle "
    "REye LEye REar LEar"
)
MEDIAPIPE_33 = _words(
    "Nose LEyeInner LEye LEyeOuter REyeInner REye REyeOuter LEar REar MouthLeft MouthRight "
    "LShoulder RShoulder LElbow RElbow LWrist RWrist LPinky RPinky LIndex RIndex LThumb RThumb "
    "LHip RHip LKnee RKnee LAnkle RAnkle LHeel RHeel LFootIndex RFootIndex"
)
COCO_NAMES = _words(
    "nose left_eye right_eye left_ear right_ear left_shoulder right_shoulder left_elbow "
    "right_elbow left_wrist right_wrist left_hip right_hip left_knee right_knee left_ankle "
    "right_ankle"
)

NUM_FRAMES, PEOPLE = 3, (1, 2)


def pose(frame: int, person: int, names: list[str] = COCO_17) -> NDArray[np.float64]:
    """A pose (J, 3) in which every number says what it is of; joints beside COCO's are nines."""
    known = {name: index for index, name in enumerate(COCO_17)}
    rows = [
        [100 * person + known[name], 10 * frame + known[name] / 32, 0.5 + known[name] / 64]
        if name in known
        else [999.0, 999.0, 0.999]
        for name in names
    ]
    return np.array(rows)


def _flat(frame: int, person: int, names: list[str] = COCO_17) -> list[float]:
    numbers: list[float] = pose(frame, person, names).ravel().tolist()
    return numbers


def _each(entry: Callable[[int, int], Any]) -> list[Any]:
    return [entry(frame, person) for frame in range(NUM_FRAMES) for person in PEOPLE]


def _dump(path: Path, contents: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(contents))
    return path


def alphapose(folder: Path, names: list[str] = COCO_17, **tracked: Any) -> Path:
    def entry(frame: int, person: int) -> dict[str, Any]:
        idx = {"idx": [float(person)]} if tracked.get("tracked", True) else {}
        return {
            "image_id": f"{frame}.jpg",
            "category_id": 1,
            "keypoints": _flat(frame, person, names),
            "score": 3.0,
            "box": [135.4, 22.5, 190.9, 180.2],
            **idx,
        }

    return _dump(folder / "clip.json", _each(entry))


def halpe(folder: Path) -> Path:
    return alphapose(folder, HALPE_26)


def _detection(frame: int, person: int) -> NDArray[Any]:
    """Box and keypoints as an array of objects, since they differ in length."""
    detection = np.empty(2, object)
    detection[:] = [[135.4, 22.5, 190.9, 180.2], pose(frame, person)]
    return detection


def chad(folder: Path, detection: Callable[[int, int], Any] = _detection) -> Path:
    frames = {
        frame: {person: detection(frame, person) for person in PEOPLE}
        for frame in range(NUM_FRAMES)
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "clip.pkl").write_bytes(pickle.dumps(frames))
    return folder / "clip.pkl"


def coco(folder: Path) -> Path:
    def entry(frame: int, person: int) -> dict[str, Any]:
        return {
            "image_id": frame,
            "category_id": 1,
            "keypoints": _flat(frame, person),
            "score": 3.0,
            "track_id": person,
        }

    return _dump(folder / "clip.json", _each(entry))


def openpose(folder: Path, names: list[str] = BODY_25) -> Path:
    for frame in range(NUM_FRAMES):
        people = [
            {
                "person_id": [person],
                "pose_keypoints_2d": _flat(frame, person, names),
                "face_keypoints_2d": [],
                "hand_left_keypoints_2d": [],
                "hand_right_keypoints_2d": [],
                "pose_keypoints_3d": [],
            }
            for person in PEOPLE
        ]
        name = f"clip/video2_{frame:012}_keypoints.json"
        _dump(folder / name, {"version": 1.3, "people": people})
    return folder / "clip"


def openpose_18(folder: Path) -> Path:
    return openpose(folder, OPENPOSE_18)


def _mmpose_frame(frame: int, names: list[str]) -> list[dict[str, Any]]:
    return [
        {
            "keypoints": pose(frame, person, names)[:, :2].tolist(),
            "keypoint_scores": pose(frame, person, names)[:, 2].tolist(),
            "bbox": [[1.0, 2.0, 3.0, 4.0]],
            "bbox_score": 3.0,
            "track_id": person,
        }
        for person in PEOPLE
    ]


def mmpose(folder: Path, names: list[str] = COCO_17) -> Path:
    frames = [
        {"frame_id": frame, "instances": _mmpose_frame(frame, names)} for frame in range(NUM_FRAMES)
    ]
    return _dump(folder / "clip.json", frames)


def mmpose_demo(folder: Path) -> Path:
    frames = json.loads(mmpose(folder, HALPE_26).read_text())
    return _dump(folder / "clip.json", {"meta_info": {}, "instance_info": frames})


def mmpose_images(folder: Path) -> Path:
    for frame in range(NUM_FRAMES):
        _dump(folder / f"clip/{frame:06}.json", _mmpose_frame(frame, COCO_17))
    return folder / "clip"


def _yolo_frame(frame: int) -> list[dict[str, Any]]:
    people = []
    for person in PEOPLE:
        x, y, visible = pose(frame, person).T.tolist()
        people.append(
            {
                "name": "person",
                "class": 0,
                "confidence": 3.0,
                "box": {"x1": 239.0, "y1": 15.0, "x2": 1018.0, "y2": 1053.0},
                "track_id": person,
                "keypoints": {"x": x, "y": y, "visible": visible},
            }
        )
    return people


def ultralytics(folder: Path) -> Path:
    return _dump(folder / "clip.json", [_yolo_frame(frame) for frame in range(NUM_FRAMES)])


def ultralytics_frames(folder: Path) -> Path:
    for frame in range(NUM_FRAMES):
        _dump(folder / f"clip/frame{frame}.json", _yolo_frame(frame))
    return folder / "clip"


def ultralytics_csv(folder: Path) -> Path:
    (folder / "clip").mkdir(parents=True)
    for frame in range(NUM_FRAMES):
        rows = _yolo_frame(frame)
        with open(folder / f"clip/frame{frame}.csv", "w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)  # Objects as Python writes them, which is what to_csv does.
    return folder / "clip"


# Pixels of the picture for MediaPipe's fractions.
RESOLUTION = (1024.0, 512.0)


def _landmarker_result(frame: int, key: str) -> dict[str, Any]:
    people = [
        [
            {"x": x / RESOLUTION[0], "y": y / RESOLUTION[1], "z": -0.4, "visibility": c}
            for x, y, c in pose(frame, person, MEDIAPIPE_33).tolist()
        ]
        for person in PEOPLE
    ]
    return {key: people, "pose_world_landmarks": []}


def mediapipe(folder: Path) -> Path:
    frames = [_landmarker_result(frame, "pose_landmarks") for frame in range(NUM_FRAMES)]
    return _dump(folder / "clip.json", frames)


def mediapipe_frames(folder: Path) -> Path:
    for frame in range(NUM_FRAMES):
        _dump(folder / f"clip/{frame}.json", _landmarker_result(frame, "landmarks"))
    return folder / "clip"


def csv_table(folder: Path) -> Path:
    axes = ("x", "y", "confidence")
    header = ["frame", "person", "score", *(f"{n}_{axis}" for n in COCO_NAMES for axis in axes)]
    rows = _each(lambda frame, person: [frame, person, 3.0, *_flat(frame, person)])
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "clip.csv", "w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return folder / "clip.csv"


def numpy_array(folder: Path, names: list[str] = HALPE_26) -> Path:
    """Persons 0 to 2, of whom 0 is never there."""
    array = np.zeros((3, NUM_FRAMES, len(names), 3), np.float32)
    for frame in range(NUM_FRAMES):
        for person in PEOPLE:
            array[person, frame] = pose(frame, person, names)
    array[0] = np.nan
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "clip.npy", array)
    return folder / "clip.npy"


def tracked(folder: Path) -> Path:
    people = {
        str(person): {
            str(frame): {"keypoints": _flat(frame, person), "scores": 3.0}
            for frame in range(NUM_FRAMES)
        }
        for person in PEOPLE
    }
    return _dump(folder / "clip.json", people)


# By the name of a test: the format, and what writes it.
SAMPLES: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "alphapose": ("alphapose", alphapose),
    "alphapose Halpe-26": ("alphapose", halpe),
    "chad": ("chad", chad),
    "coco": ("coco", coco),
    "openpose BODY_25": ("openpose", openpose),
    "openpose COCO-18": ("openpose", openpose_18),
    "mmpose": ("mmpose", mmpose),
    "mmpose demo, Halpe-26": ("mmpose", mmpose_demo),
    "mmpose images": ("mmpose", mmpose_images),
    "ultralytics": ("ultralytics", ultralytics),
    "ultralytics frames": ("ultralytics", ultralytics_frames),
    "ultralytics csv": ("ultralytics", ultralytics_csv),
    "mediapipe": ("mediapipe", mediapipe),
    "mediapipe frames": ("mediapipe", mediapipe_frames),
    "csv": ("csv", csv_table),
    "numpy": ("numpy", numpy_array),
    "tracked": ("tracked", tracked),
}
WITHOUT_TRACKS = ("mediapipe",)
WITH_SCORES = ("alphapose", "coco", "mmpose", "ultralytics", "csv", "tracked")
