from pathlib import Path

import numpy as np
import pytest

from stgnf_jax.datasets import BENCHMARKS
from stgnf_jax.evaluation import load_test_set
from stgnf_jax.ground_truth import READERS, masks_without_poses
from tests.benchmark_data import CONFIGS, FORMS, abnormal_frames, write_benchmark
from tests.small import FLOW


@pytest.mark.parametrize(
    ("benchmark", "name", "clip"),
    [
        ("shanghaitech", "01_0001_alphapose_tracked_person.json", "01_0001"),
        ("shanghaitech", "01_0001.json", None),
        ("ubnormal", "abnormal_scene_10_scenario_1_alphapose_tracked_person.json", None),
        ("ubnormal", "normal_scene_3_scenario2_fire_alphapose_tracked_person.json", None),
        ("ubnormal", "scene_3_scenario_2_alphapose_tracked_person.json", ""),
        ("avenue", "01.json", "01"),
        ("avenue", "21_alphapose_tracked_person.json", "21"),
        ("avenue", "01_0001.json", None),
        ("chad", "1_066_1.json", "1_066_1"),
        ("chad", "4_003_0_alphapose_tracked_person.json", "4_003_0"),
        ("chad", "5_066_1.json", None),
        ("chad", "1_066_2.json", None),
        ("poselift", "01_0222_alphapose_tracked_person.json", "01_0222"),
        ("poselift", "1_222.json", "1_222"),
        ("poselift", "1_222_1.json", None),
        ("nwpu_campus", "D001_01.json", "D001_01"),
        ("nwpu_campus", "001_01.json", None),
        ("custom", "gate 3.json", "gate 3"),
        ("custom", "gate_alphapose_tracked_person.json", "gate"),
    ],
)
def test_pose_file_names(benchmark: str, name: str, clip: str | None) -> None:
    match = BENCHMARKS[benchmark].pose_file.fullmatch(name)
    if benchmark == "ubnormal" and clip is None:
        clip = name.removesuffix("_alphapose_tracked_person.json")
    assert (match["clip"] if match else None) == (clip or None)


def test_hr_leaves_out_six_clips_by_number() -> None:
    benchmark = BENCHMARKS["shanghaitech_hr"]
    left_out = ("01_0130", "01_0135", "01_0136", "06_0144", "06_0145", "12_0152")
    for clip in (*left_out, "1_130", "12_152"):
        assert benchmark.leaves_out(clip)
    for clip in ("01_0129", "01_1300", "10_0130", "02_0152", "06_144_1"):
        assert not benchmark.leaves_out(clip)
    assert not BENCHMARKS["shanghaitech"].leaves_out("01_0130")


def test_a_benchmark_of_some_clips_leaves_out_all_others() -> None:
    some = BENCHMARKS["shanghaitech_hr"]._replace(only=frozenset(("1_14", "1_130")))
    assert not some.leaves_out("01_0014")
    assert not some.leaves_out("1_14")
    assert some.leaves_out("01_0015")
    assert some.leaves_out("01_0130")  # left out anyway
    assert BENCHMARKS["custom"]._replace(only=frozenset()).leaves_out("a")


def test_every_benchmark_and_its_configuration_are_tried() -> None:
    elsewhere = {"ablation", "paper_text", "robust", "demo"}  # the data of another configuration
    assert {path.stem for path in CONFIGS.glob("*.py")} == set(FORMS) | elsewhere
    assert set(BENCHMARKS) == set(FORMS) - {"ubnormal_supervised"}
    assert {benchmark.mask_format for benchmark in BENCHMARKS.values()} == set(READERS)


@pytest.mark.parametrize("name", FORMS)
def test_a_data_set_as_it_is_distributed(name: str, tmp_path: Path) -> None:
    data = write_benchmark(tmp_path, name).data
    window_set, masks = load_test_set(data, FLOW)
    assert window_set.tracks.clips == FORMS[name].clips
    for mask, abnormal in zip(masks, abnormal_frames(), strict=True):
        assert mask.dtype == bool
        np.testing.assert_array_equal(mask, ~abnormal)


@pytest.mark.parametrize("name", FORMS)
def test_a_mask_without_poses_is_found_in_every_form(name: str, tmp_path: Path) -> None:
    data = write_benchmark(tmp_path, name).data
    first, second = FORMS[name].clips
    benchmark = BENCHMARKS[data.benchmark]
    folder = tmp_path / data.masks
    assert masks_without_poses(folder, [first, second], benchmark) == []
    (found,) = masks_without_poses(folder, [first], benchmark)
    assert found in (second, benchmark.mask_name(second))
