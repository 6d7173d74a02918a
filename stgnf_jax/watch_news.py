"""What is new to someone who watches.

All that happens has a number, rising, so that where a viewer stands is one number, 0 for who has
seen nothing yet. Nobody waits for a viewer: who is slow finds only the newest picture.
"""

import itertools
from collections import deque
from typing import Any, NamedTuple

from stgnf_jax.watch_history import Camera, History, Told


class News(NamedTuple):
    """What has happened since a number.

    Attributes:
      number: what has happened up to.
      cameras: those with something new: what is new of them.
      alarms: new beginnings and ends.
      errors: the newest line that could not be used, if it is new.
    """

    number: int
    cameras: dict[str, Camera]
    alarms: list[Told]
    errors: list[Told]


def news(history: History, since: int) -> News:
    """What has happened after the number `since`."""
    with history.lock:
        cameras = {name: _new_of(camera, since) for name, camera in history.cameras.items()}
        alarms, errors = _after(history.alarms, since), _after(history.errors, since)
    new = {name: camera for name, camera in cameras.items() if any(camera[1:])}
    happened = itertools.chain(alarms, errors, *(kept for one in new.values() for kept in one[1:]))
    return News(max((one.number for one in happened), default=since), new, alarms, errors)


def _new_of(camera: Camera, since: int) -> Camera:
    return camera._replace(
        picture=deque(_after(camera.picture, since)),
        points=deque(_after(camera.points, since)),
        ended=deque(_after(camera.ended, since)),
    )


def _after(happened: deque[Any], since: int) -> list[Any]:
    """The end of a deque, whose numbers rise, that comes after a number."""
    new = list(itertools.takewhile(lambda one: one.number > since, reversed(happened)))
    return new[::-1]
