from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from stgnf_jax.errors import InputError
from stgnf_jax.instance_masks import abnormal_on_masks
from stgnf_jax.poses import Tracks
from tests.small import write_annotations

WIDTH, HEIGHT = 60, 40
CLIP = "abnormal_scene_3_scenario_1_fog"
# Object 2 is everything to the right of this column, object 5 everything above this row.
COLUMN, ROW = 30, 10


def tracks(*poses: NDArray[np.floating], clip: str = CLIP) -> Tracks:
    """A normal clip with one person, and one with the poses of one person in frames 7, 8, ..."""
    keypoints = np.zeros((1 + len(poses), 4, 3), np.float32)
    for pose, joints in zip(keypoints[1:], poses, strict=True):
        pose[:, :2] = joints
    return Tracks(
        keypoints=keypoints,
        score=np.zeros(len(keypoints), np.float32),
        frame=np.array([7, *range(7, 7 + len(poses))], np.int32),
        person=np.array([1, 4]),
        clip=np.array([0, 1], np.int32),
        offsets=np.array([0, 1, len(keypoints)]),
        clips=("normal_scene_1_scenario_1", clip),
    )


def mask() -> NDArray[np.uint8]:
    numbers = np.zeros((HEIGHT, WIDTH), np.uint8)
    numbers[:, COLUMN:] = 2
    numbers[:ROW, :COLUMN] = 5
    return numbers


def on_object(count: int, edge: float = COLUMN) -> NDArray[np.float64]:
    """Four joints, `count` of them on object 2, at its very edge; the others just off it."""
    return np.array([[edge if joint < count else edge - 0.01, 20] for joint in range(4)])


def folder_of(tmp_path: Path, objects: str, *images: Image.Image) -> Path:
    write_annotations(tmp_path, CLIP, objects, dict(enumerate(images, start=7)))
    return tmp_path


@pytest.mark.parametrize(("count", "abnormal"), [(0, False), (1, False), (2, False), (3, True)])
def test_more_than_half_of_the_joints(tmp_path: Path, count: int, abnormal: bool) -> None:
    folder = folder_of(tmp_path, "2,0,9\n", Image.fromarray(mask()))
    found = abnormal_on_masks(folder, tracks(on_object(count)))
    np.testing.assert_array_equal(found, [False, abnormal], strict=True)


def test_an_image_larger_than_memory_is_refused(tmp_path: Path) -> None:
    bomb = Image.new("1", (2**13, 2**12 + 1))
    with pytest.raises(InputError, match=r"_0007_gt\.png: .* more than 33554432 in all"):
        abnormal_on_masks(folder_of(tmp_path, "2,0,9\n", bomb), tracks(on_object(3)))


def test_only_in_the_frames_in_which_the_object_is_abnormal(tmp_path: Path) -> None:
    images = 5 * [Image.fromarray(mask())]
    folder = folder_of(tmp_path, "2,8,9\n2,11,30\n5,0,100\n", *images)
    found = abnormal_on_masks(folder, tracks(*5 * [on_object(4)]))
    assert found.tolist() == [False, False, True, True, False, True]


def test_joints_may_be_on_several_abnormal_objects(tmp_path: Path) -> None:
    joints = np.array([[COLUMN, 20], [0, 0], [0, ROW - 0.5], [0, ROW]])
    folder = folder_of(tmp_path, "2,7,7\n5,7,8\n", *2 * [Image.fromarray(mask())])
    assert abnormal_on_masks(folder, tracks(joints, joints)).tolist() == [False, True, False]


def test_several_people_in_a_frame(tmp_path: Path) -> None:
    both = tracks(on_object(4), on_object(0), on_object(1), on_object(4))
    both = both._replace(
        frame=np.array([7, 8, 7, 7, 8], np.int32),
        person=np.array([1, 4, 9]),
        clip=np.array([0, 1, 1], np.int32),
        offsets=np.array([0, 1, 3, 5]),
    )
    folder = folder_of(tmp_path, "2,0,9\n", *2 * [Image.fromarray(mask())])
    assert abnormal_on_masks(folder, both).tolist() == [False, True, False, False, True]


def test_images_that_do_not_matter_are_not_opened(tmp_path: Path) -> None:
    """Neither where nothing is abnormal nor where nobody is: these images are missing."""
    write_annotations(tmp_path, CLIP, "2,8,8\n2,20,30\n", {8: Image.fromarray(mask())})
    found = abnormal_on_masks(tmp_path, tracks(*3 * [on_object(4)]))
    assert found.tolist() == [False, False, True, False]


def test_joints_beyond_the_image_are_on_nothing(tmp_path: Path) -> None:
    joints = np.array([[WIDTH - 0.5, 20], [WIDTH, 20], [WIDTH - 1, -0.01], [WIDTH - 1, HEIGHT]])
    folder = folder_of(tmp_path, "2,0,9\n", Image.fromarray(mask()))
    assert not abnormal_on_masks(folder, tracks(joints)).any()


def test_poses_of_a_video_of_another_size(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "2,0,9\n", *2 * [Image.fromarray(mask())])
    poses = [on_object(3, edge=2 * COLUMN), on_object(2, edge=2 * COLUMN)]
    found = abnormal_on_masks(folder, tracks(*poses), (2.0 * WIDTH, 2.0 * HEIGHT))
    assert found.tolist() == [False, True, False]


def test_a_pose_beyond_the_image(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "2,0,9\n", Image.fromarray(mask()))
    message = (
        rf"{CLIP}_annotations: person 4: frame 7: lies beyond {CLIP}_0007_gt\.png, which has "
        r"60 x 40 pixels; set config\.data\.train_label_resolution"
    )
    with pytest.raises(InputError, match=message):
        abnormal_on_masks(folder, tracks(np.add(on_object(4), (WIDTH, 0))))


@pytest.mark.parametrize("mode", ["L", "I;16", "P", "RGB", "RGBA", "LA"])
def test_the_forms_an_image_can_have(tmp_path: Path, mode: str) -> None:
    image = Image.fromarray(mask())
    if mode == "P":
        image = Image.frombytes("P", image.size, image.tobytes())
        image.putpalette(list(range(255, 0, -1)) * 3)
    elif mode == "I;16":
        image = Image.fromarray(mask().astype(np.uint16))
    else:
        image = image.convert(mode)
    assert image.mode == mode
    folder = folder_of(tmp_path, "2,0,9\n", image, image)
    found = abnormal_on_masks(folder, tracks(on_object(3), on_object(2)))
    assert found.tolist() == [False, True, False]


def test_an_image_is_missing(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "2,0,9\n", Image.fromarray(mask()))
    message = rf"{CLIP}_0008_gt\.png: is missing; an object is abnormal in this frame"
    with pytest.raises(InputError, match=message):
        abnormal_on_masks(folder, tracks(on_object(4), on_object(4)))


def test_what_is_no_such_image(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "2,0,9\n", Image.new("RGB", (WIDTH, HEIGHT), (0, 2, 0)))
    with pytest.raises(InputError, match=r"_0007_gt\.png: has colours, expected the number of"):
        abnormal_on_masks(folder, tracks(on_object(4)))
    file = folder / f"Scene3/{CLIP}_annotations/{CLIP}_0007_gt.png"
    Image.fromarray(mask()).save(file)
    whole = file.read_bytes()
    for content in (b"", b"text", whole[:40], whole[:-30]):
        file.write_bytes(content)
        with pytest.raises(InputError, match=r"_0007_gt\.png: is not a PNG image that can be r"):
            abnormal_on_masks(folder, tracks(on_object(4)))
    Image.fromarray(mask()).save(file, format="GIF")
    with pytest.raises(InputError, match=r"_0007_gt\.png: is not a PNG image"):
        abnormal_on_masks(folder, tracks(on_object(4)))


def test_an_abnormal_clip_needs_its_text(tmp_path: Path) -> None:
    message = rf"Scene3/{CLIP}_annotations/{CLIP}_tracks\.txt: cannot be read \(No such file"
    with pytest.raises(InputError, match=message):
        abnormal_on_masks(tmp_path, tracks(on_object(4)))


def test_a_clip_of_another_data_set(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"clip 01_0014: is not called \(ab\)normal_scene_N_"):
        abnormal_on_masks(tmp_path, tracks(on_object(4), clip="01_0014"))


def test_an_abnormal_clip_without_people(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "2,0,9\n")
    clips = ("normal_scene_1_scenario_1", "normal_scene_2_scenario_1", CLIP)
    assert not abnormal_on_masks(folder, tracks(on_object(4))._replace(clips=clips)).any()
