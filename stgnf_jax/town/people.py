"""People about the town: those who walk and talk, and those who do something abnormal.

Every function takes the clip's random numbers, its camera and how many frames it has.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from stgnf_jax.town import acts, paths
from stgnf_jax.town.camera import Camera
from stgnf_jax.town.figure import Array, Body, Pose, joints, make_body, mix
from stgnf_jax.town.paths import Span

NEVER = Span(0, 0)


class Person(NamedTuple):
    """Joints (T, 17, 3) in metres, and in which frames (T,) the person does something abnormal."""

    joints: Array
    abnormal: np.ndarray


def _person(
    rng: np.random.Generator, body: Body, pose: Pose, place: Array, abnormal: Span
) -> Person:
    points = joints(body, acts.fidget(rng, pose, 0.5), place)
    return Person(points, paths.within(len(place), abnormal))


def walker(rng: np.random.Generator, camera: Camera, frames: int) -> Person:
    """Somebody who crosses the street."""
    body, speed = make_body(rng), paths.stroll(rng, frames)
    return _person(rng, body, acts.gait(body, speed), paths.cross(rng, camera, speed), NEVER)


def talkers(rng: np.random.Generator, camera: Camera, frames: int) -> list[Person]:
    """Two people who stand in talk, facing each other."""
    middle, angle = paths.spots(rng, camera, 1)[0], rng.uniform(0, 2 * np.pi)
    people = []
    for heading in (angle, angle + np.pi):
        body = make_body(rng)
        x, y = middle - 0.5 * np.array([np.cos(heading), np.sin(heading)])
        place = np.tile([x, y, heading], (frames, 1))
        pose = acts.fidget(rng, acts.gait(body, np.zeros(frames)), 1.4)
        people.append(_person(rng, body, pose, place, NEVER))
    return people


def runner(rng: np.random.Generator, camera: Camera, frames: int, span: Span) -> list[Person]:
    """Somebody who breaks into a run and slows down again."""
    body, weight = make_body(rng), paths.fade(frames, span)
    speed = paths.stroll(rng, frames) * (1 - weight) + rng.uniform(3.4, 4.8) * weight
    place = paths.pass_by(rng, camera, speed, paths.spots(rng, camera, 1)[0], span.start)
    return [_person(rng, body, acts.gait(body, speed), place, span)]


def faller(rng: np.random.Generator, camera: Camera, frames: int, span: Span) -> list[Person]:
    """Somebody who walks, falls where the span starts, and lies to the clip's end."""
    body, weight = make_body(rng), np.clip((np.arange(frames) - span.start) / 10, 0, 1)
    speed = paths.stroll(rng, frames) * (1 - weight)
    place = paths.pass_by(rng, camera, speed, paths.spots(rng, camera, 1)[0], span.start)
    pose = acts.fall(rng, acts.gait(body, speed), span.start)
    return [_person(rng, body, pose, place, Span(span.start, frames))]


def waver(rng: np.random.Generator, camera: Camera, frames: int, span: Span) -> list[Person]:
    """Somebody who stops, turns to the camera or nearly so, and waves with both arms."""
    body, weight = make_body(rng), paths.fade(frames, span)
    speed = paths.stroll(rng, frames) * (1 - weight)
    place = paths.pass_by(rng, camera, speed, paths.spots(rng, camera, 1)[0], span.start)
    place = paths.turn(place, -np.pi / 2 + rng.uniform(-0.7, 0.7), weight)
    pose = acts.gait(body, speed)
    return [_person(rng, body, mix(pose, acts.wave(rng, pose), weight), place, span)]


def fighters(rng: np.random.Generator, camera: Camera, frames: int, span: Span) -> list[Person]:
    """Two people who meet, fight, driving each other to and fro, and go their ways."""
    middle, angle = paths.spots(rng, camera, 1)[0], rng.uniform(-0.7, 0.7)
    along = np.array([np.cos(angle), np.sin(angle)])
    weight = paths.fade(frames, span)
    driven = 0.5 * weight * np.sin(rng.uniform(0.15, 0.25) * np.arange(frames))
    people = []
    for side, heading in ((-0.5, angle), (0.5, angle + np.pi)):
        body, speed = make_body(rng), paths.stroll(rng, frames) * (1 - weight)
        place = paths.pass_by(rng, camera, speed, middle + side * along, span.start)
        place = paths.turn(place, heading, weight)
        place[:, :2] += driven[:, None] * along
        pose = acts.gait(body, speed)
        pose = mix(pose, acts.fight(rng, pose), weight)
        people.append(_person(rng, body, pose, place, span))
    return people


ACTS: dict[str, Callable[[np.random.Generator, Camera, int, Span], list[Person]]] = {
    "running": runner,
    "falling": faller,
    "waving": waver,
    "fighting": fighters,
}
