"""Lines and answers for those who watch, made by hand."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from stgnf_jax.skeleton import OPENPOSE_18
from stgnf_jax.watch_history import History, new_history, see
from stgnf_jax.watch_message import Scene
from stgnf_jax.watch_web import Address, listen_at, serve_page

MOST_CAMERAS = 8
SCENE = Scene(OPENPOSE_18, (856.0, 480.0), MOST_CAMERAS)
THRESHOLD = -2.0
BODY = np.random.default_rng(0).uniform((0, 0, 0.9), (40, 120, 0.9), (17, 3))


class Site(NamedTuple):
    """A page that is served, and what it shows."""

    history: History
    url: str


def history() -> History:
    """Cameras whose names begin with an x have no threshold."""
    return new_history(lambda name: None if name.startswith("x") else THRESHOLD, MOST_CAMERAS)


def keypoints(person: int, frame: int) -> list[float]:
    """Of 17 joints, 51 numbers: everyone has a place, and moves to the right."""
    place = BODY + np.array([100 + 80 * person + frame, 100, 0])
    return place.round(2).ravel().tolist()


def tell(
    history: History,
    camera: str,
    frame: int,
    scores: dict[int, float | str],
    *,
    now: float,
    alarms: Sequence[dict[str, Any]] = (),
) -> None:
    """A frame in which people get scores, for it itself."""
    people = [{"id": one, "keypoints": keypoints(one % 9, frame)} for one in scores]
    line = {"camera": camera, "frame": frame, "people": people}
    known = [float(score) for score in scores.values()]
    lowest = scores[min(scores, key=lambda one: float(scores[one]))] if known else None
    answer = {
        **{"camera": camera, "frame": frame, "use": "scored", "latency_ms": 1.5},
        "people": [
            {"id": one, "frame": frame, "score": score, "late": False, "p": 0.25}
            for one, score in scores.items()
        ],
        "frames": [{"frame": frame, "score": lowest, "smoothed": lowest}],
        "alarms": alarms,
    }
    see(history, json.dumps(line).encode(), json.dumps(answer).encode(), now)


def end(history: History, camera: str, now: float) -> None:
    answer = {"camera": camera, "end": True, "frames": []}
    see(history, b"", json.dumps(answer).encode(), now)


def alarm(state: str, number: int, start: int, **more: object) -> dict[str, Any]:
    """As the answers of a stream have it."""
    told = {"alarm": number, "state": state, "start": start, "frame": start, "person": 2}
    return {**told, "score": -3.5, "threshold": THRESHOLD, **more}


@contextmanager
def served(host: str = "127.0.0.1", port: int = 0) -> Iterator[Site]:
    shown = history()
    with (
        listen_at(Address(host, port)) as listening,
        serve_page(shown, SCENE, listening, host) as url,
    ):
        yield Site(shown, url)
