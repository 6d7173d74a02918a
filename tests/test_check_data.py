import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ml_collections import ConfigDict

from stgnf_jax.check_data import check_data
from stgnf_jax.datasets import BENCHMARKS
from stgnf_jax.errors import InputError
from stgnf_jax.evaluation import load_test_set
from stgnf_jax.findings import Finding
from tests.benchmark_data import FORMS, write_benchmark
from tests.small import FLOW, NUM_FRAMES, small_config, walk, write_clip, write_data

TRAIN, TEST, MASKS = "pose/train", "pose/test", "gt/test_frame_mask"


@pytest.fixture
def config(tmp_path: Path) -> ConfigDict:
    return small_config(write_data(tmp_path))


def root(config: ConfigDict) -> Path:
    return Path(config.data.root)


def edit(file: Path, change: Callable[[dict[str, Any]], None]) -> None:
    clip = json.loads(file.read_bytes())
    change(clip)
    file.write_text(json.dumps(clip))


def test_facts_of_a_whole_data_set(config: ConfigDict) -> None:
    folder = root(config)
    assert check_data(config) == [
        Finding(
            "fact",
            str(folder / TRAIN),
            f"3 clips, 6 people, {6 * NUM_FRAMES} poses, 54 windows of 8 frames; "
            f"{3 * NUM_FRAMES} frames up to the last poses",
        ),
        Finding(
            "fact",
            str(folder / TEST),
            f"2 clips, 4 people, {4 * NUM_FRAMES} poses, 68 windows of 8 frames; "
            f"{2 * NUM_FRAMES} frames up to the last poses",
        ),
        Finding("fact", str(folder / MASKS), f"{2 * NUM_FRAMES} frames, 50 % of them abnormal"),
    ]


@pytest.mark.parametrize("name", FORMS)
def test_facts_of_every_benchmark(name: str, tmp_path: Path) -> None:
    config = write_benchmark(tmp_path, name)
    train = tmp_path / config.data.train_poses
    train.mkdir(parents=True)
    shutil.copy(tmp_path / TEST / f"{FORMS[name].clips[0]}{FORMS[name].poses}", train)
    edit(next(train.iterdir()), lambda clip: clip.update({"5": clip.pop("1")}))
    if config.data.train_labels:
        (tmp_path / config.data.train_labels).mkdir()
    findings = check_data(config)
    assert [finding.severity for finding in findings] == 4 * ["fact"]
    fps = BENCHMARKS[config.data.benchmark].fps
    hours = f" ({2 * NUM_FRAMES / fps / 3600:.2g} hours)" if fps else ""
    assert findings[2] == Finding(
        "fact",
        str(tmp_path / config.data.masks),
        f"{2 * NUM_FRAMES} frames{hours}, 25 % of them abnormal",
    )
    assert findings[3].message == f"clips normal throughout (1): {FORMS[name].clips[0]}"


def no_training_poses(config: ConfigDict) -> None:
    shutil.rmtree(root(config) / TRAIN)


def no_training_files(config: ConfigDict) -> None:
    no_training_poses(config)
    (root(config) / TRAIN).mkdir()


def a_wrong_name(config: ConfigDict) -> None:
    config.data.benchmark = "shanghaitech"
    for folder in (TRAIN, TEST):
        for number, file in enumerate(sorted((root(config) / folder).iterdir())):
            file.rename(file.with_name(f"01_{number:04}_alphapose_tracked_person.json"))
    for number, file in enumerate(sorted((root(config) / MASKS).iterdir())):
        file.rename(file.with_name(f"01_{number:04}.npy"))
    (root(config) / TRAIN / "01_0002_alphapose_tracked_person.json").rename(
        root(config) / TRAIN / "01_0002.json"
    )


def no_json(config: ConfigDict) -> None:
    (root(config) / TRAIN / "1.json").write_text("{")


def two_broken_poses(config: ConfigDict) -> None:
    def change(clip: dict[str, Any]) -> None:
        for person in ("1", "2"):
            clip[person]["0023"]["keypoints"].append(0)

    edit(root(config) / TEST / "a.json", change)


def a_flat_person(config: ConfigDict) -> None:
    def change(clip: dict[str, Any]) -> None:
        for detection in clip["2"].values():
            detection["keypoints"][1::3] = 17 * [50.0]

    edit(root(config) / TEST / "a.json", change)


def nobody_for_long(config: ConfigDict) -> None:
    config.model.segment_length = NUM_FRAMES + 1


def no_mask(config: ConfigDict) -> None:
    (root(config) / MASKS / "b.npy").unlink()


def masks_of_twos(config: ConfigDict) -> None:
    np.save(root(config) / MASKS / "b.npy", np.full(NUM_FRAMES, 2))


def a_short_mask(config: ConfigDict) -> None:
    np.save(root(config) / MASKS / "b.npy", np.arange(20) % 2)


def normal_throughout(config: ConfigDict) -> None:
    for file in (root(config) / MASKS).iterdir():
        np.save(file, np.zeros(NUM_FRAMES))


def calibrated_on_training(config: ConfigDict) -> None:
    config.data.calibration_poses = config.data.train_poses


def trained_on_tests(config: ConfigDict) -> None:
    shutil.copy(root(config) / TEST / "b.json", root(config) / TRAIN / "c.json")


def no_labels(config: ConfigDict) -> None:
    config.data.train_labels = "labels.csv"


def unknown_labels(config: ConfigDict) -> None:
    config.data.train_labels, config.data.train_label_kind = TRAIN, "boxes"


def no_abnormal_poses(config: ConfigDict) -> None:
    config.data.train_abnormal_poses = "pose/abnormal"


def no_second_set(config: ConfigDict) -> None:
    config.data.second.root = str(root(config) / "second")


def no_second_labels(config: ConfigDict) -> None:
    config.data.second.root = config.data.root
    config.data.second.train_labels = "labels.csv"


def an_unknown_second_benchmark(config: ConfigDict) -> None:
    config.data.second.root, config.data.second.benchmark = config.data.root, "ped2"


def trained_on_tests_of_the_second_set(config: ConfigDict) -> None:
    config.data.second.root, config.data.second.train_poses = config.data.root, TEST


def an_unknown_benchmark(config: ConfigDict) -> None:
    config.data.benchmark = "ped2"


def no_learning(config: ConfigDict) -> None:
    config.training.epochs = 0


ERRORS: list[tuple[Callable[[ConfigDict], None], str, str]] = [
    (no_training_poses, TRAIN, "is no folder that can be read (No such file or directory)"),
    (no_training_files, TRAIN, "has no *.json; give the folder of the pose files"),
    (a_wrong_name, f"{TRAIN}/01_0002.json", "is not named like a pose file, expected (?P<clip>"),
    (no_json, f"{TRAIN}/1.json", "is not JSON ("),
    (
        two_broken_poses,
        f"{TEST}/a.json",
        "person 1: frame 23: keypoints: has 52 numbers, expected x, y and confidence of 17 joints; "
        "--skip_bad leaves it out (and 1 more here)",
    ),
    (a_flat_person, f"{TEST}/a.json", "clip a: person 2: frame 0: keypoints: y is the same"),
    (nobody_for_long, TRAIN, "has no window: nobody is tracked for 25 frames"),
    (no_mask, f"{MASKS}/b.npy", "is missing; the mask of clip b is expected under this name"),
    (masks_of_twos, f"{MASKS}/b.npy", "frame 0: holds 2, expected 0 or 1"),
    (a_short_mask, f"{MASKS}/b.npy", "has 20 frames, but the poses of clip b go on to frame 23"),
    (normal_throughout, MASKS, "every frame is normal, so there is no AUC"),
    (trained_on_tests, "config.data.test_poses", "files that are among the training poses too (1)"),
    (calibrated_on_training, "config.data.calibration_poses", "files that are among the training "),
    (no_labels, "labels.csv", "is missing; config.data.train_labels names it"),
    (unknown_labels, "config.data.train_label_kind", "must be one of spans, frame_masks, instance"),
    (no_abnormal_poses, "pose/abnormal", "is no folder that can be read"),
    (no_second_set, f"second/{TRAIN}", "is no folder that can be read"),
    (no_second_labels, "labels.csv", "is missing; config.data.second.train_labels names it"),
    (an_unknown_second_benchmark, "config.data.second.benchmark", "must be one of shanghaitech, "),
    (
        trained_on_tests_of_the_second_set,
        "config.data.test_poses",
        "files that are among the training poses too (2)",
    ),
    (an_unknown_benchmark, "config.data.benchmark", "must be one of shanghaitech, "),
    (no_learning, "config.training.epochs", "must be at least 1 and below 2^63, got 0"),
]


def name_of(value: object) -> str:
    return getattr(value, "__name__", "")


def said_at(findings: list[Finding], place: str) -> list[str]:
    return [finding.message for finding in findings if finding.place.endswith(place)]


@pytest.mark.parametrize(
    ("plant", "place", "message"), ERRORS, ids=lambda x: getattr(x, "__name__", "")
)
def test_an_error_is_found(
    config: ConfigDict, plant: Callable[[ConfigDict], None], place: str, message: str
) -> None:
    plant(config)
    findings = check_data(config)
    errors = [finding for finding in findings if finding.severity == "error"]
    assert any(said.startswith(message) for said in said_at(errors, place)), errors
    assert findings[: len(errors)] == errors
    # Of the others, only those without a window are errors twice: in both folders.
    assert len(errors) == (2 if plant is nobody_for_long else 1)


def test_errors_are_found_together(config: ConfigDict) -> None:
    plants = (no_json, two_broken_poses, no_mask, trained_on_tests, no_labels)
    for plant in plants:
        plant(config)
    places = [finding.place for finding in check_data(config) if finding.severity == "error"]
    ends = ["1.json", "labels.csv", "a.json", "config.data.test_poses", "b.npy"]
    assert len(places) == len(ends)
    for place, end in zip(places, ends, strict=True):
        assert place.endswith(end)


@pytest.mark.parametrize("plant", [two_broken_poses, a_flat_person, no_mask, masks_of_twos])
def test_an_error_stops_the_reading_too(
    config: ConfigDict, plant: Callable[[ConfigDict], None]
) -> None:
    plant(config)
    with pytest.raises(InputError) as stopped:
        load_test_set(config.data, FLOW)
    error = check_data(config)[0]
    assert error.severity == "error"
    assert error.message.partition(";")[0] in str(stopped.value)


def no_test_poses(config: ConfigDict) -> None:
    shutil.rmtree(root(config) / TEST)


def no_masks(config: ConfigDict) -> None:
    shutil.rmtree(root(config) / MASKS)


def a_mask_too_many(config: ConfigDict) -> None:
    np.save(root(config) / MASKS / "c.npy", np.zeros(3))


def a_smaller_video(config: ConfigDict) -> None:
    config.data.resolution = (200.0, 480.0)


def a_much_larger_video(config: ConfigDict) -> None:
    config.data.resolution = (8560, 4800)


def short_tracks(config: ConfigDict) -> None:
    write_clip(root(config) / TRAIN / "c.json", 7 * [walk(0)[:5]])


def one_person_twice(config: ConfigDict) -> None:
    edit(root(config) / TEST / "a.json", lambda clip: clip.update({"7": clip["1"]}))


def one_file_twice(config: ConfigDict) -> None:
    shutil.copy(root(config) / TRAIN / "1.json", root(config) / TRAIN / "copy.json")


def training_on_the_test_set(config: ConfigDict) -> None:
    config.data.train_poses = TEST


def a_mask_a_little_short(config: ConfigDict) -> None:
    """The last window's score goes to frame 20, though its poses go on to 23."""
    np.save(root(config) / MASKS / "b.npy", np.arange(21) % 2)


def broken_poses_that_are_left_out(config: ConfigDict) -> None:
    two_broken_poses(config)
    config.data.skip_bad = True


WARNINGS: list[tuple[Callable[[ConfigDict], None], str, str]] = [
    (no_test_poses, TEST, "is no folder, so train ends without an evaluation"),
    (no_masks, MASKS, "is no folder, so train ends without an evaluation"),
    (a_mask_too_many, MASKS, "masks without a pose file (1), whose clips do not count: c.npy"),
    (a_smaller_video, TEST, "of the joints lie outside 200 x 480 pixels; they reach "),
    (a_much_larger_video, TEST, "of 8560 x 4800 pixels. Is config.data.resolution the width"),
    (short_tracks, TRAIN, "54 % (7 of 13) of the tracks are shorter than a window of 8 frames"),
    (one_person_twice, TEST, "20 % (24 of 120) of the poses stand more than once in a frame"),
    (one_file_twice, TRAIN, "the same file stands for 1, copy; keep one"),
    (training_on_the_test_set, "config.data.test_poses", "is config.data.train_poses too"),
    (a_mask_a_little_short, f"{MASKS}/b.npy", "has 21 frames, but the poses of clip b go on to"),
    (
        broken_poses_that_are_left_out,
        f"{TEST}/a.json",
        "person 1: frame 23: keypoints: has 52 numbers, expected x, y and confidence of 17 joints "
        "(and 1 more here)",
    ),
]


@pytest.mark.parametrize(("plant", "place", "message"), WARNINGS, ids=name_of)
def test_a_warning_is_given(
    config: ConfigDict, plant: Callable[[ConfigDict], None], place: str, message: str
) -> None:
    plant(config)
    findings = check_data(config)
    assert not [finding for finding in findings if finding.severity == "error"]
    warnings = [finding for finding in findings if finding.severity == "warning"]
    assert any(message in said for said in said_at(warnings, place)), findings


def test_empty_clips_are_facts(config: ConfigDict) -> None:
    for name in ("c", "d"):
        (root(config) / TEST / f"{name}.json").write_text("{}")
        np.save(root(config) / MASKS / f"{name}.npy", np.zeros(5))
        (root(config) / TRAIN / f"{name}.json").write_text("{}")
    findings = check_data(config)
    assert {finding.severity for finding in findings} == {"fact"}
    assert "clips with nobody in them (2): c, d" in said_at(findings, TEST)
    assert "clips normal throughout (2): c, d" in said_at(findings, MASKS)


def a_joint_far_right(clip: dict[str, Any]) -> None:
    clip["1"]["0003"]["keypoints"][0] = 1200


def test_the_size_of_the_video_is_the_benchmarks(config: ConfigDict) -> None:
    """UBnormal's configuration divides by 856 x 480, but its videos are larger."""
    config.data.benchmark = "ubnormal"
    for file in (root(config) / TRAIN).iterdir():
        name = f"normal_scene_1_scenario_{file.stem}_alphapose_tracked_person.json"
        edit(file.rename(file.with_name(name)), a_joint_far_right)
    assert not [said for said in said_at(check_data(config), TRAIN) if "outside" in said]
    config.data.benchmark = "custom"
    (said,) = [said for said in said_at(check_data(config), TRAIN) if "outside" in said]
    assert "lie outside 856 x 480 pixels; they reach 1200, " in said


def test_left_out_clips_are_not_looked_at(config: ConfigDict) -> None:
    a_wrong_name(config)
    config.data.benchmark = "shanghaitech_hr"
    (root(config) / TEST / "01_0130_alphapose_tracked_person.json").write_text("[")
    places = [finding.place for finding in check_data(config) if finding.severity == "error"]
    assert [Path(place).name for place in places] == ["01_0002.json"]


def test_a_list_of_clips_and_boxes_of_their_events(config: ConfigDict) -> None:
    facts = check_data(config)
    (root(config) / "human.txt").write_text("b\n")
    (root(config) / "boxes").mkdir()
    (root(config) / "boxes/b.csv").write_text("1,8,0,0,9,9\n")
    config.data.clips, config.data.track_truth = "human.txt", "boxes"
    assert check_data(config) == facts  # clip a, which has no file of boxes, is not evaluated
    (root(config) / "boxes/b.csv").write_text("1,8,0,0,9,left\n")
    assert check_data(config)[0].severity == "error"
    assert check_data(config)[0].message == "y2: is 'left', expected a number of pixels"
    (root(config) / "human.txt").write_text("b\nc\n")
    assert check_data(config)[0].place == f"{root(config) / 'human.txt'}: line 2"
