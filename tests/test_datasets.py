import pytest

from stgnf_jax.datasets import BENCHMARKS


@pytest.mark.parametrize(
    ("benchmark", "name", "clip"),
    [
        ("shanghaitech", "01_0001_alphapose_tracked_person.json", "01_0001"),
        ("shanghaitech", "01_0001.json", None),
        ("ubnormal", "abnormal_scene_10_scenario_1_alphapose_tracked_person.json", None),
        ("ubnormal", "normal_scene_3_scenario2_fire_alphapose_tracked_person.json", None),
        ("ubnormal", "scene_3_scenario_2_alphapose_tracked_person.json", ""),
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
