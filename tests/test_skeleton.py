import json
from pathlib import Path

import numpy as np
import pytest

from stgnf_jax.errors import InputError
from stgnf_jax.skeleton import (
    COCO_17,
    OPENPOSE_18,
    SKELETONS,
    Skeleton,
    adjacency,
    hop_distance,
    joint_names,
    load_skeleton,
    make_skeleton,
)

LINE = make_skeleton("line", 4, [(0, 1), (1, 2), (2, 3)], center=1)


def test_hops_along_a_line() -> None:
    inf = np.inf
    expected = [[0, 1, 2, inf], [1, 0, 1, 2], [2, 1, 0, 1], [inf, 2, 1, 0]]
    np.testing.assert_array_equal(hop_distance(LINE, 2), expected)


def test_uniform_adjacency_is_one_over_the_number_of_neighbours() -> None:
    column = adjacency(LINE, "uniform", 1)[0, :, 1]
    np.testing.assert_allclose(column, [1 / 3, 1 / 3, 1 / 3, 0])


def test_uniform_adjacency_over_the_whole_body_is_a_mean() -> None:
    np.testing.assert_array_equal(
        adjacency(OPENPOSE_18, "uniform", 8), np.full((1, 18, 18), np.float32(1 / 18))
    )


def test_partitions_share_out_the_uniform_adjacency() -> None:
    for skeleton in SKELETONS.values():
        whole = adjacency(skeleton, "uniform", 3)[0]
        for partition, slices in (("distance", 4), ("spatial", 7)):
            parts = adjacency(skeleton, partition, 3)
            assert len(parts) == slices
            np.testing.assert_array_equal(parts.sum(0), whole)
            assert ((parts > 0).sum(0) <= 1).all()


def test_spatial_slices_tell_outward_from_inward() -> None:
    _, outward, inward = adjacency(LINE, "spatial", 1)
    # Joint 0 is as far from the centre (1) as joint 2, but they do not touch.
    assert {(int(i), int(j)) for i, j in np.argwhere(outward)} == {(0, 1), (2, 1), (3, 2)}
    assert {(int(i), int(j)) for i, j in np.argwhere(inward)} == {(1, 0), (1, 2), (2, 3)}


def test_adjacency_refuses_what_it_does_not_know() -> None:
    with pytest.raises(ValueError, match=r"partition must be .* got 'radial'"):
        adjacency(LINE, "radial", 1)
    with pytest.raises(ValueError, match="max_hop must not be negative, got -1"):
        adjacency(LINE, "uniform", -1)


@pytest.mark.parametrize("skeleton", [OPENPOSE_18, COCO_17])
def test_bodies_are_whole_and_read_coco_17(skeleton: Skeleton) -> None:
    assert np.isfinite(hop_distance(skeleton, skeleton.num_joints)).all()
    assert skeleton.num_file_joints == 17
    assert {joint for source in skeleton.sources for joint in source} == set(range(17))
    checked = make_skeleton(**skeleton._asdict())
    assert checked == skeleton


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"num_joints": 0, "edges": []}, "num_joints must be from 1 to 4096, got 0"),
        ({"num_joints": 2, "edges": [[0, 2]]}, r"edges must be pairs .* got \(0, 2\)"),
        ({"num_joints": 2, "edges": [[0]]}, r"edges must be pairs .* got \(0,\)"),
        ({"num_joints": 2, "edges": [], "center": 2}, "center must be a joint below 2, got 2"),
        ({"num_joints": 2, "edges": [], "sources": [[0]]}, "sources must name 2 joints, got 1"),
        ({"num_joints": 1, "edges": [], "sources": [[]]}, "sources must be lists"),
        ({"num_joints": 1, "edges": [], "sources": [["a"]]}, "sources must be lists"),
        ({"num_joints": 1, "edges": [], "weight": 1}, "weight"),
        ({"num_joints": 2**40, "edges": []}, "num_joints must be from 1 to 4096"),
        ({"num_joints": 1, "edges": [], "sources": [[4096]]}, "num_file_joints must be from 4097"),
        ({"num_joints": "three", "edges": []}, "does not describe a skeleton"),
        ({"edges": []}, "num_joints"),
    ],
)
def test_a_file_that_makes_no_skeleton_is_named(
    tmp_path: Path, fields: dict[str, object], message: str
) -> None:
    path = tmp_path / "skeleton.json"
    path.write_text(json.dumps(fields))
    with pytest.raises(InputError, match=message) as error:
        load_skeleton(path)
    assert str(path) in str(error.value)


def test_skeletons_by_name_and_from_a_file(tmp_path: Path) -> None:
    assert load_skeleton("coco17") is COCO_17
    path = tmp_path / "line.json"
    path.write_text(json.dumps({"num_joints": 4, "edges": [[0, 1], [1, 2], [2, 3]], "center": 1}))
    assert load_skeleton(path) == LINE._replace(name=str(path))
    with pytest.raises(InputError, match="openpose18, coco17"):
        load_skeleton("openpose19")
    for text in ("{", "[" * 10**5):
        path.write_text(text)
        with pytest.raises(InputError, match="is not JSON"):
            load_skeleton(path)
    path.write_text("[1]")
    with pytest.raises(InputError, match="does not describe a skeleton"):
        load_skeleton(path)


def test_a_skeleton_may_leave_out_the_last_joints_of_a_file() -> None:
    skeleton = make_skeleton(
        "arms", 3, [(0, 1), (0, 2)], sources=[[5, 6], [7], [8]], num_file_joints=17
    )
    assert skeleton.num_file_joints == 17
    assert make_skeleton("arms", 2, [(0, 1)], sources=[[5], [7]]).num_file_joints == 8
    with pytest.raises(ValueError, match="num_file_joints must be from 8 to 4096, got 7"):
        make_skeleton("arms", 2, [(0, 1)], sources=[[5], [7]], num_file_joints=7)


def test_joints_have_names() -> None:
    assert joint_names(COCO_17)[9:11] == ("left wrist", "right wrist")
    assert joint_names(OPENPOSE_18)[:5] == (
        *("nose", "neck", "right shoulder", "right elbow", "right wrist"),
    )
    assert len(set(joint_names(OPENPOSE_18))) == 18
    assert joint_names(LINE) == ("joint 0", "joint 1", "joint 2", "joint 3")
