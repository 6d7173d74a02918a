"""Skeletons as data: joints, bones and where in a pose file each joint is found."""

import functools
import json
import os
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stgnf_jax.errors import InputError

# More than any body has; what is computed of a skeleton takes their square in memory.
MOST_JOINTS = 4096


class Skeleton(NamedTuple):
    """A graph of joints (paper section 3.2, G = (V, E)).

    Attributes:
      name: what the skeleton is called in a configuration.
      num_joints: V.
      edges: bones, as pairs of joint numbers below `num_joints`.
      center: the joint from which the `spatial` partitions measure distance.
      sources: for each joint the joints of a pose file whose mean it is.
      num_file_joints: how many joints a pose file holds for one person in one frame.
    """

    name: str
    num_joints: int
    edges: tuple[tuple[int, int], ...]
    center: int
    sources: tuple[tuple[int, ...], ...]
    num_file_joints: int


def _identity(num_joints: int) -> tuple[tuple[int, ...], ...]:
    return tuple((joint,) for joint in range(num_joints))


COCO_17 = Skeleton(
    name="coco17",
    num_joints=17,
    edges=(
        *((0, 1), (0, 2), (1, 3), (2, 4), (0, 5), (0, 6), (5, 6), (5, 7), (7, 9), (6, 8)),
        *((8, 10), (5, 11), (6, 12), (11, 12), (11, 13), (13, 15), (12, 14), (14, 16)),
    ),
    center=0,
    sources=_identity(17),
    num_file_joints=17,
)

OPENPOSE_18 = Skeleton(
    name="openpose18",
    num_joints=18,
    edges=(
        *((0, 1), (0, 14), (0, 15), (1, 2), (1, 5), (2, 3), (2, 8), (3, 4), (5, 6)),
        *((5, 11), (6, 7), (8, 9), (9, 10), (11, 12), (12, 13), (14, 16), (15, 17)),
    ),
    center=1,
    # COCO-17 in OpenPose's order; the neck is the middle of the shoulders.
    sources=(
        *((0,), (5, 6), (6,), (8,), (10,), (5,), (7,), (9,), (12,), (14,), (16,)),
        *((11,), (13,), (15,), (2,), (1,), (4,), (3,)),
    ),
    num_file_joints=17,
)

SKELETONS = {skeleton.name: skeleton for skeleton in (OPENPOSE_18, COCO_17)}

_COCO_NAMES = (
    *("nose", "left eye", "right eye", "left ear", "right ear"),
    *("left shoulder", "right shoulder", "left elbow", "right elbow", "left wrist", "right wrist"),
    *("left hip", "right hip", "left knee", "right knee", "left ankle", "right ankle"),
)
_OPENPOSE_NAMES = tuple(
    _COCO_NAMES[source[0]] if len(source) == 1 else "neck" for source in OPENPOSE_18.sources
)
_JOINT_NAMES = {COCO_17: _COCO_NAMES, OPENPOSE_18: _OPENPOSE_NAMES}


@functools.cache
def source_weights(skeleton: Skeleton) -> NDArray[np.float64]:
    """(V, J): each joint of a skeleton as a mean of joints of a pose file."""
    weights = np.zeros((skeleton.num_joints, skeleton.num_file_joints))
    for joint, sources in enumerate(skeleton.sources):
        np.add.at(weights[joint], list(sources), 1 / len(sources))
    return weights


def joint_names(skeleton: Skeleton) -> tuple[str, ...]:
    """What the joints are called, V names; "joint 0" and so on where nothing better is known."""
    numbered = tuple(f"joint {joint}" for joint in range(skeleton.num_joints))
    return _JOINT_NAMES.get(skeleton, numbered)


def make_skeleton(
    name: str,
    num_joints: int,
    edges: Any,
    center: int = 0,
    *,
    sources: Any = None,
    num_file_joints: int | None = None,
) -> Skeleton:
    """A checked skeleton of one's own.

    `sources` defaults to the joints as they are in the file, and `num_file_joints` to one more
    than the last joint that `sources` names.

    Raises:
      ValueError: a joint number out of range, an edge that is no pair, a joint without a source.
    """
    joints = range(num_joints)
    if not 1 <= num_joints <= MOST_JOINTS:
        raise ValueError(f"num_joints must be from 1 to {MOST_JOINTS}, got {num_joints}")
    if type(center) is not int or center not in joints:
        raise ValueError(f"center must be a joint below {num_joints}, got {center}")
    edges = tuple(tuple(edge) for edge in edges)
    for edge in edges:
        if len(edge) != 2 or any(type(j) is not int or j not in joints for j in edge):
            raise ValueError(f"edges must be pairs of joints below {num_joints}, got {edge}")
    sources = _identity(num_joints) if sources is None else tuple(tuple(s) for s in sources)
    if len(sources) != num_joints:
        raise ValueError(f"sources must name {num_joints} joints, got {len(sources)}")
    for source in sources:
        if not source or any(not isinstance(joint, int) or joint < 0 for joint in source):
            raise ValueError(f"sources must be lists of joint numbers, got {source}")
    needed = 1 + max(max(source) for source in sources)
    num_file_joints = needed if num_file_joints is None else num_file_joints
    if type(num_file_joints) is not int or not needed <= num_file_joints <= MOST_JOINTS:
        raise ValueError(
            f"num_file_joints must be from {needed} to {MOST_JOINTS}, got {num_file_joints}"
        )
    return Skeleton(name, num_joints, edges, center, sources, num_file_joints)


def load_skeleton(name_or_file: str | os.PathLike[str]) -> Skeleton:
    """One of `SKELETONS` by name, or a JSON file with `make_skeleton`'s arguments.

    Raises:
      InputError: no such skeleton or file, or the file's contents do not make one.
    """
    if name_or_file in SKELETONS:
        return SKELETONS[str(name_or_file)]
    try:
        with open(name_or_file, "rb") as file:
            fields = json.load(file)
    except OSError as error:
        raise InputError(
            f"is neither one of {', '.join(SKELETONS)} nor a readable file ({error.strerror})",
            file=name_or_file,
        ) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"is not JSON ({error})", file=name_or_file) from error
    try:
        return make_skeleton(**{"name": os.fspath(name_or_file), **fields})
    except (TypeError, ValueError) as error:
        raise InputError(f"does not describe a skeleton: {error}", file=name_or_file) from error


def hop_distance(skeleton: Skeleton, max_hop: int) -> np.ndarray:
    """Bones between each pair of joints, (V, V) float64, infinite beyond `max_hop`."""
    adjacent = np.eye(skeleton.num_joints, dtype=bool)
    for first, second in skeleton.edges:
        adjacent[first, second] = adjacent[second, first] = True
    distance = np.full(adjacent.shape, np.inf)
    reached = np.eye(skeleton.num_joints, dtype=bool)
    for hop in range(min(max_hop, skeleton.num_joints) + 1):
        distance[reached & np.isinf(distance)] = hop
        reached = reached @ adjacent
    return distance


def adjacency(skeleton: Skeleton, partition: str, max_hop: int) -> np.ndarray:
    """The adjacency slices A of a skeleton, (S, V, V) float32, columns divided by their sums.

    Args:
      skeleton: joints and bones.
      partition: `uniform` (one slice of all pairs within `max_hop`), `distance` (one slice per
        hop), or `spatial` (hop 0, then per hop the pairs whose row is at least as far from the
        centre as the column, then the others).
      max_hop: the farthest pair of joints that touch each other.

    Raises:
      ValueError: an unknown partition, or a negative `max_hop`.
    """
    if max_hop < 0:
        raise ValueError(f"max_hop must not be negative, got {max_hop}")
    distance = hop_distance(skeleton, max_hop)
    within = (distance <= max_hop).astype(np.float64)
    normalised = within / within.sum(0)
    if partition == "uniform":
        return normalised[None].astype(np.float32)
    hops = [np.where(distance == hop, normalised, 0.0) for hop in range(max_hop + 1)]
    if partition == "distance":
        slices = hops
    elif partition == "spatial":
        from_center = distance[skeleton.center]
        outward = from_center[:, None] >= from_center[None, :]
        slices = [hops[0]]
        for hop in hops[1:]:
            slices += [np.where(outward, hop, 0.0), np.where(outward, 0.0, hop)]
    else:
        raise ValueError(f"partition must be uniform, distance or spatial, got {partition!r}")
    return np.stack(slices).astype(np.float32)
