"""A fixed camera over the street, and what a pose tracker makes of the people it sees."""

from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter1d

from stgnf_jax.town.figure import Array

WIDTH, HEIGHT = 856, 480  # pixels


class Camera(NamedTuple):
    """Where one scene is seen from: above (0, 0), looking along y.

    Attributes:
      focal: focal length in pixels.
      height: metres above the ground.
      tilt: radians below the horizon.
      near: metres, how close people come.
      far: metres, how far away they go.
      pole: (left, right) edges in pixels and distance in metres of something people go behind.
    """

    focal: float
    height: float
    tilt: float
    near: float
    far: float
    pole: tuple[float, float, float]

    def half_width(self, distance: Array) -> Array:
        """Metres from the image's middle to its side, on the ground at `distance` metres."""
        depth = distance * np.cos(self.tilt) + self.height * np.sin(self.tilt)
        width: Array = WIDTH / 2 * depth / self.focal
        return width


def make_camera(rng: np.random.Generator) -> Camera:
    """A camera that has people of 70 to 200 pixels between `near` and `far`."""
    focal, height = rng.uniform(700, 950), rng.uniform(3.0, 5.5)
    near = rng.uniform(0.011, 0.013) * focal
    far = near + rng.uniform(6, 9)
    tilt = np.arctan((height - 0.9) / (0.45 * near + 0.55 * far))
    left = rng.uniform(0.15, 0.8) * WIDTH
    return Camera(focal, height, tilt, near, far, (left, left + rng.uniform(12, 25), near + 1.5))


def project(camera: Camera, points: Array) -> tuple[Array, Array]:
    """World points (..., 3) in metres to pixels (..., 2), and their depth (...) in metres."""
    right, ahead, up = points[..., 0], points[..., 1], points[..., 2] - camera.height
    cosine, sine = np.cos(camera.tilt), np.sin(camera.tilt)
    depth = ahead * cosine - up * sine
    down = -ahead * sine - up * cosine
    scale = camera.focal / depth
    return np.stack([WIDTH / 2 + right * scale, HEIGHT / 2 + down * scale], -1), depth


class Sight(NamedTuple):
    """What the tracker reports of P people over T frames.

    Attributes:
      keypoints: (P, T, 17, 3), x and y in pixels and the confidence.
      seen: (P, T), whether there is a detection.
    """

    keypoints: Array
    seen: np.ndarray


def _hidden(camera: Camera, pixels: Array, depth: Array) -> np.ndarray:
    """Which joints (P, T, 17) lie behind the pole or behind somebody nearer."""
    left, right, distance = camera.pole
    hidden = (pixels[..., 0] > left) & (pixels[..., 0] < right) & (depth > distance)
    low, high = pixels.min(2, keepdims=True), pixels.max(2, keepdims=True)  # (P, T, 1, 2)
    margin = 0.2 * (high - low)
    nearest = depth.mean(2, keepdims=True)  # (P, T, 1)
    for person in range(len(pixels)):
        inside = (pixels > (low + margin)[person]) & (pixels < (high - margin)[person])
        hidden |= inside.all(-1) & (nearest[person] < nearest - 0.3)
    return hidden


def _missed(rng: np.random.Generator, people: int, frames: int) -> np.ndarray:
    """Frames (P, T) in which the detector fails: now and then one, seldom a few in a row."""
    missed = rng.random((people, frames)) < 0.01
    for person, frame in np.argwhere(rng.random((people, frames)) < 0.002):
        missed[person, frame : frame + rng.integers(2, 8)] = True
    return missed


def observe(rng: np.random.Generator, camera: Camera, joints: Array) -> Sight:
    """Detections of people whose joints are (P, T, 17, 3) metres.

    Jitter is a part of the person's size and half a pixel more, so it weighs most far away; hidden
    joints and those outside the image jitter more and have little confidence. Somebody of whom less
    than 70 % shows is not detected.
    """
    pixels, depth = project(camera, joints)
    inside = ((pixels >= 0) & (pixels < (WIDTH, HEIGHT))).all(-1)
    unsure = _hidden(camera, pixels, depth) | ~inside
    size = camera.focal * 1.7 / depth.mean(-1)[..., None, None]  # (P, T, 1, 1)
    noise = gaussian_filter1d(rng.normal(size=pixels.shape), 0.8, axis=1)
    pixels = pixels + (0.5 + 0.008 * size) * np.where(unsure, 3.0, 1.0)[..., None] * noise
    confidence = np.where(unsure, 0.25, 0.88) + rng.normal(scale=0.05, size=unsure.shape)
    edge = np.clip(pixels, 0, (WIDTH - 1, HEIGHT - 1))
    keypoints = np.concatenate([edge, np.clip(confidence, 0.02, 0.99)[..., None]], -1)
    seen = (unsure.mean(-1) < 0.3) & ~_missed(rng, *unsure.shape[:2])
    return Sight(np.round(keypoints, 2), seen)
