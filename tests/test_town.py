import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stgnf_jax.datasets import SHANGHAITECH
from stgnf_jax.town import build_town
from stgnf_jax.town.acts import FRAMES_PER_SECOND, gait
from stgnf_jax.town.camera import HEIGHT, WIDTH, make_camera, observe, project
from stgnf_jax.town.clips import follow, make_clip
from stgnf_jax.town.figure import Array, joints, make_body
from stgnf_jax.town.paths import Span
from stgnf_jax.town.people import ACTS, Person, talkers, walker

FRAMES, SPAN = 240, Span(80, 170)
NOSE, WRISTS, HIPS, ANKLES = 0, [9, 10], [11, 12], [15, 16]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("town")
    build_town(root, 3, train_clips=6, test_clips=6)
    return root


def _files(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def _poses(root: Path, folder: str) -> dict[str, dict[str, dict[str, Any]]]:
    return {path.name: json.loads(path.read_bytes()) for path in (root / "pose" / folder).iterdir()}


def _acted(act: str, seed: int) -> list[Person]:
    rng = np.random.default_rng(seed)
    return ACTS[act](rng, make_camera(rng), FRAMES, SPAN)


def _speed(points: Array) -> Array:
    """Ground speed of the pelvis in m/s, (T,)."""
    steps = np.diff(points[:, HIPS, :2].mean(1), axis=0, prepend=points[:1, HIPS, :2].mean(1))
    speed: Array = np.hypot(*steps.T) * FRAMES_PER_SECOND
    return speed


def test_same_seed_same_bytes_and_another_seed_others(tmp_path: Path, town: Path) -> None:
    build_town(tmp_path / "again", 3, train_clips=6, test_clips=6)
    build_town(tmp_path / "other", 4, train_clips=6, test_clips=6)
    first, again, other = (_files(p) for p in (town, tmp_path / "again", tmp_path / "other"))
    assert first == again
    assert first.keys() == other.keys()
    assert all(first[name] != other[name] for name in first if name.endswith(".json"))


def test_layout_is_shanghaitechs(town: Path) -> None:
    clips = ["01_0001", "01_0002", "02_0003", "03_0004", "03_0005", "04_0006"]
    pose_files = sorted((town / "pose" / "test").iterdir())
    matches = [SHANGHAITECH.pose_file.fullmatch(path.name) for path in pose_files]
    assert [match and match["clip"] for match in matches] == clips
    masks = sorted((town / "gt" / "test_frame_mask").iterdir())
    assert [mask.name for mask in masks] == [SHANGHAITECH.mask_name(c) for c in clips]
    assert len(list((town / "pose" / "train").iterdir())) == 6
    assert (town / "pose/train/01_001_alphapose_tracked_person.json").is_file()


@pytest.mark.parametrize("folder", ["train", "test"])
def test_detections_are_17_finite_points_in_the_image(town: Path, folder: str) -> None:
    for people in _poses(town, folder).values():
        for person in people.values():
            assert list(person) == sorted(person)
            detections = list(person.values())
            points = np.array([detection["keypoints"] for detection in detections])
            assert points.shape == (len(person), 51)
            assert np.isfinite(points).all()
            x, y, confidence = points.reshape(-1, 3).T
            assert 0 <= x.min() <= x.max() < WIDTH
            assert 0 <= y.min() <= y.max() < HEIGHT
            assert 0 < confidence.min() < confidence.max() < 1
            assert all(0 < detection["scores"] < 1 for detection in detections)


def test_tracks_have_gaps_and_end_within_the_clip(town: Path) -> None:
    frames = [
        np.array([int(frame) for frame in person])
        for people in _poses(town, "test").values()
        for person in people.values()
    ]
    assert sum((np.diff(track) > 1).any() for track in frames) > len(frames) / 3
    assert sum((np.diff(track) > 3).any() for track in frames) > 3
    assert sum(track[0] > 10 for track in frames) > 3


def test_identity_is_lost_now_and_then() -> None:
    keypoints, seen = np.zeros((200, 17, 3)), np.arange(200) % 50 > 0
    results = [follow(np.random.default_rng(seed), keypoints, seen) for seed in range(200)]
    assert 15 < sum(len(tracks) == 2 for tracks in results) < 50
    for tracks in results:
        frames = np.concatenate([track.frames for track in tracks])
        assert (np.diff(frames) > 0).all()
        assert seen[frames].all()
        assert seen.sum() - 5 < len(frames) <= seen.sum()


def test_nobody_seen_has_no_track() -> None:
    assert follow(np.random.default_rng(0), np.zeros((9, 17, 3)), np.zeros(9, bool)) == []


def test_masks_are_of_the_clips_length_and_mark_the_acts(town: Path) -> None:
    poses = _poses(town, "test")
    acts = [None, *ACTS, None]
    for act, path in zip(acts, sorted((town / "gt/test_frame_mask").iterdir()), strict=True):
        mask = np.load(path)
        people = poses[f"{path.stem}_alphapose_tracked_person.json"]
        last = max(int(frame) for person in people.values() for frame in person)
        assert 192 <= len(mask) < 312
        assert last < len(mask)
        assert set(mask) == ({0} if act is None else {0, 1})


def test_mask_is_where_somebody_waves() -> None:
    """Both wrists above the nose, in the image, is what nobody but a waver does."""
    camera = make_camera(np.random.default_rng(1))
    for seed in range(6):
        clip = make_clip(np.random.default_rng(seed), camera, "waving")
        waving = np.zeros(len(clip.mask), bool)
        for frames, keypoints in clip.tracks:
            high = keypoints[:, WRISTS, 1].max(1) < keypoints[:, NOSE, 1] - 3
            waving[frames] |= high
        assert waving.sum() > 8
        assert clip.mask[waving].all()


def test_mask_is_0_where_the_act_goes_undetected() -> None:
    rng = np.random.default_rng(5)
    camera = make_camera(rng)._replace(pole=(0.0, float(WIDTH), 0.0))  # hides all of the image
    assert not make_clip(rng, camera, "fighting").mask.any()


def test_every_act_lasts_its_span_only() -> None:
    for act in ACTS:
        for person in _acted(act, 0):
            frames = np.flatnonzero(person.abnormal)
            stop = FRAMES if act == "falling" else SPAN.stop
            np.testing.assert_array_equal(frames, np.arange(SPAN.start, stop))


@pytest.mark.parametrize("seed", range(4))
def test_runner_runs_in_the_span_and_walks_elsewhere(seed: int) -> None:
    (person,) = _acted("running", seed)
    speed = _speed(person.joints)
    assert speed[SPAN.start + 12 : SPAN.stop - 12].mean() > 2.5
    assert speed[~person.abnormal].max() < 2.5


@pytest.mark.parametrize("seed", range(4))
def test_faller_lies_a_second_after(seed: int) -> None:
    (person,) = _acted("falling", seed)
    nose = person.joints[:, NOSE, 2]
    assert nose[: SPAN.start].min() > 1.2
    assert nose[SPAN.start + FRAMES_PER_SECOND :].max() < 0.8
    assert np.ptp(person.joints[-1, :, 2]) < 0.9


@pytest.mark.parametrize("seed", range(4))
def test_waver_stays_and_swings_both_wrists(seed: int) -> None:
    (person,) = _acted("waving", seed)
    middle = person.joints[SPAN.start + 8 : SPAN.stop - 8]
    wrists = middle[:, WRISTS, 2]
    assert (wrists.max(0) > middle[:, NOSE, 2].max()).all()
    assert (np.ptp(wrists, axis=0) > 0.4).all()
    assert (np.ptp(middle[:, HIPS, :2].mean(1), axis=0) < 0.7).all()


@pytest.mark.parametrize("seed", range(4))
def test_fighters_are_two_within_reach_who_meet(seed: int) -> None:
    first, second = _acted("fighting", seed)
    apart = (first.joints - second.joints)[:, HIPS, :2].mean(1)
    distance = np.hypot(*apart.T)
    together = distance[SPAN.start + 10 : SPAN.stop - 10]
    assert together.min() > 0.2
    assert together.max() < 2.2
    assert distance[~first.abnormal].mean() > 1.2 * together.mean()


def test_normal_life_is_slow_upright_and_never_abnormal() -> None:
    rng = np.random.default_rng(0)
    camera = make_camera(rng)
    for person in [*(walker(rng, camera, FRAMES) for _ in range(8)), *talkers(rng, camera, FRAMES)]:
        assert not person.abnormal.any()
        assert _speed(person.joints).max() < 2.5
        assert person.joints[:, NOSE, 2].min() > 1.2


@pytest.mark.parametrize("speed", [1.0, 1.5, 4.0])
def test_gait_has_the_cadence_that_its_stride_and_speed_ask_for(speed: float) -> None:
    body = make_body(np.random.default_rng(0))
    frames = 480
    points = joints(body, gait(body, np.full(frames, speed)), np.zeros((frames, 3)))
    ahead = points[:, ANKLES[0], 0] - points[:, ANKLES[1], 0]
    steps = np.count_nonzero(np.diff(np.sign(ahead)))
    step_length = np.sqrt(body.stride * speed)
    assert abs(steps - speed / step_length * frames / FRAMES_PER_SECOND) <= 1
    assert points[..., 2].min() > 0


def test_bones_keep_their_lengths() -> None:
    person = _acted("fighting", 2)[0].joints
    for start, end in ((5, 7), (7, 9), (6, 8), (8, 10), (11, 13), (13, 15), (12, 14), (14, 16)):
        lengths = np.linalg.norm(person[:, start] - person[:, end], axis=-1)
        np.testing.assert_allclose(lengths, lengths[0], rtol=1e-12)


def test_project_is_a_pinhole() -> None:
    camera = make_camera(np.random.default_rng(0))
    axis = np.array([0, np.cos(camera.tilt), -np.sin(camera.tilt)])
    up = np.array([0, np.sin(camera.tilt), np.cos(camera.tilt)])
    eye = np.array([0, 0, camera.height])
    pixels, depth = project(camera, np.array([eye + 7 * axis, eye + 7 * axis + [1, 0, 0] + up]))
    np.testing.assert_allclose(depth, [7, 7])
    center = np.array([WIDTH / 2, HEIGHT / 2])
    np.testing.assert_allclose(pixels[0], center)
    np.testing.assert_allclose(pixels[1] - center, np.array([1, -1]) * camera.focal / 7)


def test_somebody_behind_somebody_is_less_sure() -> None:
    camera = make_camera(np.random.default_rng(0))._replace(pole=(0.0, 0.0, 0.0))
    body = make_body(np.random.default_rng(0))
    pose = gait(body, np.zeros(100))
    near, behind, free = (
        joints(body, pose, np.tile([x, y, 0.0], (100, 1)))
        for x, y in ((0, camera.near), (0, camera.near + 1.5), (3, camera.near + 1.5))
    )
    sight = observe(np.random.default_rng(0), camera, np.stack([near, behind, free]))
    sure = sight.keypoints[..., 2].mean((1, 2))
    assert sure[1] < sure[2] - 0.05
    assert sight.seen[0].mean() > 0.9
    assert sight.seen[1].mean() < sight.seen[2].mean()


def test_jitter_weighs_more_far_away() -> None:
    camera = make_camera(np.random.default_rng(0))._replace(pole=(0.0, 0.0, 0.0))
    body = make_body(np.random.default_rng(0))
    pose = gait(body, np.zeros(200))
    relative = []
    for ahead in (camera.near, camera.far):
        still = joints(body, pose, np.tile([0.0, ahead, 0.0], (200, 1)))
        seen = observe(np.random.default_rng(0), camera, still[None]).keypoints[0]
        relative.append(seen[..., :2].std(0).mean() / np.ptp(seen[..., 1].mean(0)))
    assert relative[1] > 1.1 * relative[0]
