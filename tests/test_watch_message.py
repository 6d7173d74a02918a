import json
from collections import deque
from functools import partial

import numpy as np

from stgnf_jax.skeleton import COCO_17, OPENPOSE_18, joint_names
from stgnf_jax.watch_message import beginning, line_people, message
from stgnf_jax.watch_news import news
from tests.watched import SCENE, THRESHOLD, alarm, end, history, keypoints, tell


def data_of(event: bytes) -> dict[str, object]:
    """What a browser would make of an event."""
    lines = event.decode().split("\n")
    assert lines[-2:] == ["", ""]
    (data,) = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
    found: dict[str, object] = json.loads(data)
    return found


def line_of(*people: int, confidence: float | None = None) -> bytes:
    found = []
    for one in people:
        places = np.reshape(keypoints(0, 0), (17, 3))
        places[:, 2] = places[:, 2] if confidence is None else confidence
        found.append({"id": one, "keypoints": places.ravel().tolist()})
    return json.dumps({"camera": "a", "frame": 0, "people": found}).encode()


def test_joints_are_those_of_the_skeleton() -> None:
    (one,) = line_people(OPENPOSE_18, line_of(10**18))
    assert one["id"] == "1000000000000000000"
    joints = np.reshape(one["joints"], (18, 3))
    found = np.reshape(keypoints(0, 0), (17, 3))
    names = joint_names(COCO_17)
    for name, joint in zip(joint_names(OPENPOSE_18), joints, strict=True):
        if name == "neck":
            expected = found[[names.index(f"{side} shoulder") for side in ("left", "right")]].mean(
                0
            )
        else:
            expected = found[names.index(name)]
        np.testing.assert_allclose(joint, expected, atol=0.0051)


def test_no_confidence_at_all_is_not_known() -> None:
    one, other = line_people(COCO_17, line_of(1, 2, confidence=0))
    assert one["joints"][2::3] == other["joints"][2::3] == [1.0] * 17
    assert line_people(COCO_17, line_of()) == []


def test_what_the_page_begins_with() -> None:
    event = beginning(SCENE)
    assert event.startswith(b"event: begin\n")
    found = data_of(event)
    assert found["bones"] == [list(bone) for bone in OPENPOSE_18.edges]
    assert found["resolution"] == [856.0, 480.0]
    assert found["most"] == SCENE.max_cameras


def test_a_message() -> None:
    kept = history()
    tell(kept, "a\n\ndata: x", 5, {2: "-Infinity"}, now=100.0, alarms=[alarm("begins", 1, 5)])
    tell(kept, "a\n\ndata: x", 6, {3: -1.0}, now=100.1)
    end(kept, "a\n\ndata: x", 100.2)
    found = data_of(message(news(kept, 0), partial(line_people, OPENPOSE_18), 101.0))
    assert found["now"] == 101.0
    assert found["errors"] == []
    assert found["alarms"] == [
        {"time": 100.0, "camera": "a\n\ndata: x", **alarm("begins", 1, 5, person="2")}
    ]
    cameras = found["cameras"]
    assert isinstance(cameras, dict)
    (camera,) = cameras.values()
    assert camera["threshold"] == THRESHOLD
    assert camera["points"] == [[100.0, 5, "-Infinity"], [100.1, 6, -1.0]]
    assert camera["ended"] == 100.2
    assert (camera["picture"]["frame"], camera["picture"]["count"]) == (6, 2)
    (one,) = camera["picture"]["people"]
    assert (one["id"], one["score"], one["p"]) == ("3", -1.0, 0.25)


def test_a_person_without_a_score() -> None:
    kept = history()
    tell(kept, "a", 5, {}, now=100.0)
    found = news(kept, 0)
    (camera,) = found.cameras.values()
    picture = camera.picture[0]._replace(raw=line_of(7))
    found = found._replace(cameras={"a": camera._replace(picture=deque([picture]))})
    cameras = data_of(message(found, partial(line_people, OPENPOSE_18), 0))["cameras"]
    assert isinstance(cameras, dict)
    (one,) = cameras["a"]["picture"]["people"]
    assert (one["id"], one["score"], one["p"]) == ("7", None, None)
