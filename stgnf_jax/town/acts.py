"""What a body does, as joint angles over time: walking and running, fidgeting, and the rest.

Angles are in radians and time runs at 24 frames a second.
"""

import numpy as np
from scipy.ndimage import gaussian_filter1d

from stgnf_jax.town.figure import LEG, Array, Body, Pose, mix

FRAMES_PER_SECOND = 24


def _bump(phase: Array, sharpness: float = 3.0) -> Array:
    """A smooth periodic peak of height 1 at phase 0."""
    peak: Array = np.exp(sharpness * (np.cos(phase) - 1))
    return peak


def _angles(pitch: Array, bend: Array, out: Array | float) -> Array:
    """Limbs whose lower segment is bent forward by `bend`: (T, 2) each to (T, 2, 2, 2)."""
    pitches = np.stack([pitch, pitch + bend], -1)
    return np.stack([pitches, np.broadcast_to(np.asarray(out)[..., None], pitches.shape)], -1)


def _beats(frames: int, rate: float, start: float) -> Array:
    """Phase (frames,) of something done `rate` times a second."""
    return 2 * np.pi * rate * np.arange(frames) / FRAMES_PER_SECOND + start


def _stepping_legs(phases: Array, swing: Array, running: Array) -> Array:
    """Legs (T, 2, 2, 2) at `phases` (T, 2), whose heels touch the ground at 0.

    The knee gives a little under the weight, and bends most as the leg comes forward.
    """
    hip = swing * (np.cos(phases) + 0.2) + 0.15 * running
    landing, swinging = _bump(phases - 0.24 * np.pi), _bump(phases - 1.44 * np.pi)
    knee = 0.06 + swing * (0.45 * landing + (2.3 + 0.6 * running) * swinging) + 0.2 * running
    return _angles(hip, -knee, 0.02)


def _swinging_arms(body: Body, phases: Array, swing: Array, running: Array) -> Array:
    """Arms (T, 2, 2, 2) that go against the legs; one that holds something hardly moves."""
    free = np.where(body.elbows > 1, 0.25, 1.0)
    pitch = np.maximum(body.arm_swing, 0.9 * running) * free * swing * -np.cos(phases)
    elbow = body.elbows + (1.5 - body.elbows) * running * free + 0.35 * (pitch + swing)
    return _angles(pitch - 0.05, elbow, 0.12)


def gait(body: Body, speed: Array) -> Pose:
    """Standing, walking or running, as `speed` (T,) in metres a second has it.

    A step's length is sqrt(stride * speed), so it grows together with cadence, whose integral is
    the phase; running sets in above 2 m/s.
    """
    running = np.clip((speed - 2.0) / 0.6, 0, 1)
    phase = body.phase + np.pi * np.cumsum(np.sqrt(speed / body.stride)) / FRAMES_PER_SECOND
    swing = np.arctan(np.sqrt(body.stride * speed) / (2 * body.height * LEG.sum()))
    phases = phase[:, None] + np.array([0, np.pi])  # (T, 2)
    still = np.zeros_like(speed)
    lean = 0.03 + 0.02 * speed + 0.1 * running
    return Pose(
        arms=_swinging_arms(body, phases, swing[:, None], running[:, None]),
        legs=_stepping_legs(phases, swing[:, None], running[:, None]),
        trunk=np.stack([0.3 * swing * np.cos(phase), lean, still], 1),
        head=still,
        topple=np.stack([still, still], 1),
        shift=np.stack([-0.06 * swing * np.sin(phase), 0.08 * running * np.cos(phase) ** 2], 1),
    )


def fidget(rng: np.random.Generator, pose: Pose, amount: float) -> Pose:
    """`pose` with the slow small movements that nobody is without."""

    def drift(angles: Array, size: float) -> Array:
        noise: Array = gaussian_filter1d(rng.normal(size=angles.shape), 14, axis=0)
        return angles + 7 * amount * size * noise  # smoothing has made it 7 times smaller

    return pose._replace(
        arms=drift(pose.arms, 0.12), trunk=drift(pose.trunk, 0.04), head=drift(pose.head, 0.4)
    )


def wave(rng: np.random.Generator, pose: Pose) -> Pose:
    """`pose` swinging both arms from below the shoulders to overhead, and from leg to leg."""
    phase = _beats(len(pose.head), rng.uniform(1.0, 1.5), rng.uniform(0, 6))
    beat = np.sin(phase)[:, None]
    out = np.stack([1.9 + 0.6 * beat, 2.1 + 0.9 * beat], -1)  # (T, 1, 2 segments)
    pitch_and_out = np.stack([np.zeros_like(out), out], -1)
    return pose._replace(
        arms=np.broadcast_to(pitch_and_out, pose.arms.shape),
        legs=pose.legs + np.array([0.0, 0.25]),
        shift=np.stack([0.2 * np.sin(phase / 2), 0.04 * (1 + beat[:, 0])], 1),
    )


def fight(rng: np.random.Generator, pose: Pose) -> Pose:
    """`pose` on guard, striking with both fists in turn and kicking with one leg."""
    phase = _beats(len(pose.head), rng.uniform(1.0, 1.4), rng.uniform(0, 6))
    punch = np.stack([_bump(phase), _bump(phase - 2.6)], 1)  # (T, 2)
    kick = _bump(phase / 2 - 2.2, 5.0)[:, None] * np.roll([1.0, 0.0], rng.integers(2))
    strike = punch[:, 0] - punch[:, 1]
    lean = 0.2 + 0.2 * punch.sum(1) - 0.5 * kick.sum(1)
    stance = np.array([0.5, -0.4])
    return pose._replace(
        arms=_angles(0.5 + 1.0 * punch, 1.9 - 1.8 * punch, 0.25 - 0.2 * punch),
        legs=_angles(stance + 1.5 * kick, -0.5 - 0.9 * np.sin(np.pi * kick), 0.08),
        trunk=np.stack([-0.5 * strike, lean, 0.2 * strike], 1),
        shift=np.stack([0.12 * np.sin(phase / 3), 0.03 * (1 + np.sin(phase))], 1),
    )


def fall(rng: np.random.Generator, pose: Pose, start: int) -> Pose:
    """`pose` toppling over from frame `start` on: within a second on its back or its belly."""
    seconds = np.clip(np.arange(len(pose.head)) - start, 0, None) / FRAMES_PER_SECOND
    down = np.clip(seconds / rng.uniform(0.6, 0.9), 0, 1) ** 2
    direction = rng.choice([0, np.pi]) + rng.uniform(-0.4, 0.4)
    tilt = np.pi / 2 * np.array([np.cos(direction), np.sin(direction)])
    arm, elbow, out = rng.uniform([[-0.2], [0.0], [0.4]], [[0.2], [0.4], [2.4]], (3, 2))
    knee = rng.uniform(0.1, 1.0, 2)
    flung, bent = _angles(arm, elbow, out), _angles(0.4 * knee, -knee, 0.15)  # (2, 2, 2) each
    lying = pose._replace(arms=0 * pose.arms + flung, legs=0 * pose.legs + bent)
    return mix(pose, lying, down)._replace(topple=down[:, None] * tilt)
