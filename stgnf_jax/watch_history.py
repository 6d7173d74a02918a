"""What those who watch are shown: the last minute of every camera, in bounded memory."""

import itertools
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import orjson

# Seconds that are shown, and scores of a camera that are kept of them at most.
SHOWN = 60.0
MOST_POINTS = 6000
# Beginnings and ends of alarms that are kept.
MOST_ALARMS = 400
# Frames for which a person's score is shown when no new one comes.
FRESH = 60


class Picture(NamedTuple):
    """A camera's newest frame.

    Attributes:
      number: of what has happened.
      time: when its scores were there, seconds since 1970.
      frame: its number in the video.
      scored: how many frames of the camera were until then.
      latency: milliseconds from the line to its answer.
      raw: the line, which holds the people.
      people: the newest answer about each of them, by id.
    """

    number: int
    time: float
    frame: int
    scored: int
    latency: float
    raw: bytes
    people: dict[int, dict[str, Any]]


class Point(NamedTuple):
    """A settled frame.

    Attributes:
      number: of what has happened.
      time: when it was settled.
      frame: its number in the video.
      score: a number, "-Infinity", or None where no one has one.
    """

    number: int
    time: float
    frame: int
    score: float | str | None


class Told(NamedTuple):
    """An alarm that begins or ends, or a line that could not be used.

    Attributes:
      number: of what has happened.
      time: when it was known.
      what: as the answer has it, with the camera.
    """

    number: int
    time: float
    what: dict[str, Any]


class Camera(NamedTuple):
    """What is kept of a camera, changed in place; deques of at most one hold what is newest.

    Attributes:
      threshold: of its alarms; None without.
      picture: the newest.
      points: of the time shown.
      ended: the number and the time of its end.
    """

    threshold: float | None
    picture: deque[Picture]
    points: deque[Point]
    ended: deque[Told]


class History(NamedTuple):
    """What is kept; changed in place by `see`, under the lock.

    Attributes:
      threshold: of the alarms of a camera, by its name.
      max_cameras: kept; one more takes the place of the camera that is silent for longest.
      cameras: by name, the one silent for longest first.
      alarms: of all cameras.
      errors: the newest line that could not be used.
      numbers: what happens gets the next one.
      lock: held for as long as it takes to write down a line, or to copy what is new.
    """

    threshold: Callable[[str], float | None]
    max_cameras: int
    cameras: OrderedDict[str, Camera]
    alarms: deque[Told]
    errors: deque[Told]
    numbers: Iterator[int]
    lock: threading.Lock


def new_history(threshold: Callable[[str], float | None], max_cameras: int) -> History:
    """Before the first line."""
    return History(
        threshold,
        max_cameras,
        OrderedDict(),
        deque(maxlen=MOST_ALARMS),
        deque(maxlen=1),
        itertools.count(1),
        threading.Lock(),
    )


def see(history: History, raw: bytes, answer: bytes, now: float) -> None:
    """Takes in a line and its answer.

    Args:
      history: changed in place.
      raw: as for `stream_session.answer`.
      answer: what that gave.
      now: seconds since 1970.
    """
    found = orjson.loads(answer)
    with history.lock:
        if "error" in found:
            count = history.errors[0].what["count"] + 1 if history.errors else 1
            what = {"count": count, "error": found["error"], "line": found["line"]}
            history.errors.append(Told(next(history.numbers), now, what))
        elif found.get("use") == "scored" or _ends(history, found):
            _advance(history, raw, found, now)


def _ends(history: History, found: dict[str, Any]) -> bool:
    return bool(found.get("end")) and found["camera"] in history.cameras


def _advance(history: History, raw: bytes, found: dict[str, Any], now: float) -> None:
    name = found["camera"]
    camera = history.cameras.pop(name, None)
    if camera is None or (camera.ended and not found.get("end")):  # its numbers start again
        camera = _new_camera(history.threshold(name))
    history.cameras[name] = camera
    if found.get("end"):
        camera.ended.append(Told(next(history.numbers), now, {}))
    else:
        camera.picture.append(_picture(next(history.numbers), camera, raw, found, now))
    for one in found["frames"]:
        camera.points.append(Point(next(history.numbers), now, one["frame"], one["score"]))
    for one in found.get("alarms", ()):
        what = {"camera": name, **one}
        history.alarms.append(Told(next(history.numbers), now, what))
    _forget(history, now)


def _new_camera(threshold: float | None) -> Camera:
    return Camera(threshold, deque(maxlen=1), deque(maxlen=MOST_POINTS), deque(maxlen=1))


def _picture(number: int, camera: Camera, raw: bytes, found: dict[str, Any], now: float) -> Picture:
    before = camera.picture[0] if camera.picture else None
    frame, people = found["frame"], before.people if before else {}
    fresh = {person: one for person, one in people.items() if one["frame"] >= frame - FRESH}
    fresh |= {one["id"]: one for one in found["people"]}
    scored = before.scored + 1 if before else 1
    return Picture(number, now, frame, scored, found["latency_ms"], raw, fresh)


def _forget(history: History, now: float) -> None:
    """What is older than what is shown, and cameras that ended as long ago, or are too many."""
    for name, camera in list(history.cameras.items()):
        while camera.points and camera.points[0].time < now - SHOWN:
            camera.points.popleft()
        if camera.ended and camera.ended[0].time < now - SHOWN:
            del history.cameras[name]
    if len(history.cameras) > history.max_cameras:
        history.cameras.popitem(last=False)
