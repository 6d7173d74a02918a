"""What someone who watches is sent: server-sent events, each one line of JSON."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import orjson

from stgnf_jax.skeleton import Skeleton, source_weights
from stgnf_jax.watch_history import SHOWN, Camera, Picture
from stgnf_jax.watch_news import News


class Scene(NamedTuple):
    """What people are drawn with.

    Attributes:
      skeleton: of the model.
      resolution: width and height of the picture, pixels, as the model has it.
      max_cameras: that are kept; one more takes the place of the one silent for longest.
    """

    skeleton: Skeleton
    resolution: tuple[float, float]
    max_cameras: int


# The people of a line as JSON: id and joints.
People = Callable[[bytes], list[dict[str, Any]]]


def beginning(scene: Scene) -> bytes:
    """The event `begin`: all that comes after it starts anew."""
    what = {
        "bones": scene.skeleton.edges,
        "resolution": scene.resolution,
        "seconds": SHOWN,
        "most": scene.max_cameras,
    }
    return b"event: begin\ndata: " + orjson.dumps(what) + b"\n\n"


def message(found: News, people: People, now: float) -> bytes:
    """What is new; `watch_page/feed.js` reads it.

    Args:
      found: what is new.
      people: `line_people`, of the skeleton, or the same with a memory.
      now: seconds since 1970, by the clock that the times of `found` are of.
    """
    what = {
        "now": now,
        "cameras": {name: _camera(camera, people) for name, camera in found.cameras.items()},
        "alarms": [{"time": one.time, **_with_names(one.what)} for one in found.alarms],
        "errors": [one.what for one in found.errors],
    }
    return b"data: " + orjson.dumps(what) + b"\n\n"


def line_people(skeleton: Skeleton, raw: bytes) -> list[dict[str, Any]]:
    """The people of a line: id as text, since JavaScript's whole numbers end earlier, and joints.

    Args:
      skeleton: V joints, and how they are made of those in the line.
      raw: a line that `stream_lines.read_line` takes.

    Returns:
      `{"id": ID, "joints": [x, y, confidence] * V}` of each; confidences are 1 where the line does
      not know any.
    """
    people = orjson.loads(raw)["people"]
    keypoints = np.array([one["keypoints"] for one in people], np.float64)
    keypoints = keypoints.reshape(-1, skeleton.num_file_joints, 3)
    if not keypoints[..., 2].any():
        keypoints[..., 2] = 1
    joints = (source_weights(skeleton) @ keypoints).round(2)  # (P, V, 3)
    flat = joints.reshape(len(people), 3 * skeleton.num_joints)
    return [
        {"id": str(one["id"]), "joints": places}
        for one, places in zip(people, flat.tolist(), strict=True)
    ]


def _camera(camera: Camera, people: People) -> dict[str, Any]:
    return {
        "threshold": camera.threshold,
        "picture": _picture(camera.picture[0], people) if camera.picture else None,
        "points": [one[1:] for one in camera.points],
        "ended": camera.ended[0].time if camera.ended else None,
    }


def _picture(picture: Picture, people: People) -> dict[str, Any]:
    scored = {str(person): one for person, one in picture.people.items()}
    seen = [_with_score(one, scored.get(one["id"], {})) for one in people(picture.raw)]
    return {
        "time": picture.time,
        "frame": picture.frame,
        "count": picture.scored,
        "latency": picture.latency,
        "people": seen,
    }


def _with_score(one: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    return {**one, "score": answer.get("score"), "p": answer.get("p")}


def _with_names(what: dict[str, Any]) -> dict[str, Any]:
    person = what.get("person")
    return {**what, "person": None if person is None else str(person)}
