"""Live scores are those of an evaluation, which finds its windows in another way altogether."""

import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from ml_collections import ConfigDict

from stgnf_jax.config import default_config
from stgnf_jax.evaluation import Scored, score_test_poses
from stgnf_jax.live_scores import Frame, LiveScores, PersonScore, SettledFrame
from stgnf_jax.model import Model
from stgnf_jax.poses import Tracks
from stgnf_jax.published import import_published
from stgnf_jax.stream import LARGEST_FRAME, CameraState, StreamScorer, StreamSettings, stream_scorer
from stgnf_jax.town import build_town
from tests.conftest import SHARED
from tests.small import random_model, small_config, walk
from tests.test_evaluation import calibrated

SLOTS = 12


@pytest.fixture(scope="module")
def stream() -> StreamScorer:
    """Of a flow with T = 8; frame n settles n - 5."""
    return stream_scorer([random_model()], "nll", StreamSettings(max_people=SLOTS, smoothing=5))


def clip_frames(tracks: Tracks, clip: int) -> Iterator[Frame]:
    """Every frame of a clip."""
    track = np.repeat(np.arange(len(tracks.clip)), np.diff(tracks.offsets))
    rows = np.flatnonzero(tracks.clip[track] == clip)
    frames = tracks.frame[rows]
    for number in range(frames.max(initial=-1) + 1):
        there = rows[frames == number]
        yield Frame(number, tracks.person[track[there]], tracks.keypoints[there])


def follow(
    stream: StreamScorer, frames: Iterable[Frame]
) -> tuple[list[PersonScore], list[SettledFrame]]:
    """All that a camera makes known."""
    people: list[PersonScore] = []
    settled: list[SettledFrame] = []
    camera = stream.init()
    for frame in frames:
        camera, scores = stream.update(camera, frame)
        assert (scores.frame, scores.use, scores.without_slot) == (frame.number, "scored", 0)
        people += scores.people
        settled += scores.frames
    return people, [*settled, *stream.finish(camera)]


def lowest_of(frames: Iterable[SettledFrame], people: Iterable[PersonScore]) -> dict[int, float]:
    """The scores of frames, with those that came late."""
    scores = defaultdict(list)
    for frame in frames:
        if frame.score is not None:
            scores[frame.frame].append(frame.score)
    for person in people:
        if person.late:
            scores[person.frame].append(person.score)
    return {frame: min(found) for frame, found in scores.items()}


def assert_equal(live: dict[Any, float], expected: dict[Any, float], largest: float) -> None:
    """The same places, and the same scores up to float32's rounding."""
    assert live.keys() == expected.keys()
    found = [live[key] for key in expected]
    np.testing.assert_allclose(found, list(expected.values()), rtol=0, atol=1e-5 * largest)


def assert_live_is_offline(stream: StreamScorer, scored: Scored) -> int:
    """Clip by clip, people and frames; returns how many scores came late."""
    frames, late = scored.frames, 0
    largest = float(np.abs(scored.people.score).max())
    for clip in range(len(frames.clips)):
        people, settled = follow(stream, clip_frames(scored.window_set.tracks, clip))
        mine = scored.people.clip == clip
        rows = zip(*(column[mine].tolist() for column in scored.people[1:]), strict=True)
        expected = {(person, frame): score for person, frame, score in rows}
        assert len(people) == len(expected)
        assert_equal({(p.person, p.frame): p.score for p in people}, expected, largest)
        where = np.flatnonzero(frames.scored[frames.frames(clip)])
        raw = dict(
            zip(where.tolist(), frames.raw[frames.frames(clip)][where].tolist(), strict=True)
        )
        assert_equal(lowest_of(settled, people), raw, largest)
        numbers = [frame.frame for frame in settled]
        assert numbers == sorted(set(numbers))
        late += sum(person.late for person in people)
    return late


def test_the_town(stream: StreamScorer, tmp_path: Path) -> None:
    build_town(tmp_path, 0, train_clips=0, test_clips=2)
    config = small_config(tmp_path)
    config.data.benchmark = "shanghaitech"
    assert_live_is_offline(stream, score_test_poses(config, [random_model()]))


def test_an_ensemble(tmp_path: Path) -> None:
    kind = "density_of_states"
    build_town(tmp_path, 1, train_clips=0, test_clips=1)
    config = small_config(tmp_path)
    config.data.benchmark, config.scoring.score = "shanghaitech", kind
    models = [calibrated(0), calibrated(1)]
    stream = stream_scorer(models, kind, StreamSettings(max_people=SLOTS))
    assert_live_is_offline(stream, score_test_poses(config, models))


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> tuple[Model, StreamScorer]:
    file = SHARED / "reference/checkpoints/ShanghaiTech_85_9.tar"
    model = import_published(file, tmp_path_factory.mktemp("imported") / "model")
    return model, stream_scorer([model], "nll", StreamSettings(max_people=24))


def reference_config(root: Path, benchmark: str) -> ConfigDict:
    config = default_config()
    config.data.root, config.data.benchmark, config.data.cache_dir = str(root), benchmark, ""
    return config


@pytest.mark.reference
def test_the_golden_poses(published: tuple[Model, StreamScorer], shared: Path) -> None:
    model, stream = published
    scored = score_test_poses(reference_config(shared / "goldens/poses", "shanghaitech"), [model])
    assert len(scored.people.score) == 1003
    # Windows whose last detections come long after the others.
    assert assert_live_is_offline(stream, scored) == 4


@pytest.mark.reference
def test_a_real_camera(published: tuple[Model, StreamScorer], shared: Path, tmp_path: Path) -> None:
    model, stream = published
    (tmp_path / "pose/test").mkdir(parents=True)
    shutil.copy(shared / "data/pets300/pets300_tracks.json", tmp_path / "pose/test")
    scored = score_test_poses(reference_config(tmp_path, "custom"), [model])
    assert assert_live_is_offline(stream, scored) == 14


def frame_of(number: int, *people: int) -> Frame:
    """People who walk."""
    poses = [walk(person)[number % 24] for person in people]
    return Frame(number, np.array(people, np.int64), np.array(poses).reshape(-1, 17, 3))


def run(stream: StreamScorer, *frames: Frame) -> tuple[CameraState, list[LiveScores]]:
    camera, found = stream.init(), []
    for frame in frames:
        camera, scores = stream.update(camera, frame)
        found.append(scores)
    return camera, found


def test_late_and_duplicate_frames_change_nothing(stream: StreamScorer) -> None:
    camera, _ = run(stream, *(frame_of(n, 1) for n in range(9)))
    for expected in (LiveScores(8, "duplicate"), LiveScores(7, "late"), LiveScores(0, "late")):
        after, scores = stream.update(camera, frame_of(expected.frame, 1, 2))
        assert after is camera
        assert scores == expected
    in_order = run(stream, *(frame_of(n, 1) for n in range(10)))[1][-1]
    assert stream.update(camera, frame_of(9, 1))[1] == in_order


def test_a_state_is_not_changed_by_what_follows(stream: StreamScorer) -> None:
    camera, _ = run(stream, *(frame_of(n, 1) for n in range(8)))
    before = jax.tree.map(np.array, camera)
    first = stream.update(camera, frame_of(8, 1, 2))
    second = stream.update(camera, frame_of(8, 1, 2))
    jax.tree.map(np.testing.assert_array_equal, before, camera)
    jax.tree.map(np.testing.assert_array_equal, first[0], second[0])
    assert first[1] == second[1]


def test_memory_is_bounded_and_nothing_is_compiled(stream: StreamScorer) -> None:
    compiled: list[str] = []

    def listen(event: str, duration_secs: float, **_: str | int) -> None:
        compiled.append(f"{event} {duration_secs}")

    camera = stream.init()
    shapes = jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), camera)
    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        for number in range(60):  # from none to all slots full, then others altogether
            people = range(number // 13 * 20, number // 13 * 20 + number % 13)
            camera, scores = stream.update(camera, frame_of(number, *people))
            assert len(scores.frames) <= 1
    finally:
        jax.monitoring.clear_event_listeners()
    assert jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), camera) == shapes
    assert compiled == []


def test_who_finds_no_slot_is_counted(stream: StreamScorer) -> None:
    crowd = range(1, SLOTS + 3)
    _, found = run(stream, *(frame_of(n, *crowd) for n in range(8)))
    assert [one.without_slot for one in found] == [2] * 8
    assert [one.person for one in found[-1].people] == list(range(1, SLOTS + 1))


def test_who_is_forgotten_starts_anew(stream: StreamScorer) -> None:
    frames = [frame_of(n, 1) for n in range(7)]
    others = [frame_of(7, *range(2, SLOTS + 2))]
    _, found = run(stream, *frames, *others, *(frame_of(n, 1) for n in range(8, 16)))
    assert [one.frame for one in found if one.people] == [15]
    _, found = run(stream, *frames, frame_of(7, 2), *(frame_of(n, 1) for n in range(8, 16)))
    assert [one.frame for one in found if one.people] == list(range(8, 16))


def test_a_window_without_a_size_has_no_score(stream: StreamScorer) -> None:
    frames = [Frame(n, np.array([1]), np.full((1, 17, 3), [n, 7.0, 1.0])) for n in range(8)]
    camera, found = run(stream, *frames)
    assert [one.unscorable for one in found] == [0] * 7 + [1]
    assert found[-1].people == ()
    assert stream.finish(camera) == ()


def test_the_camera_joins_late_and_jumps_far(stream: StreamScorer) -> None:
    frames = [frame_of(n, 1) for n in range(10**6, 10**6 + 12)]
    camera, found = run(
        stream, *frames, Frame(LARGEST_FRAME, np.zeros(0, np.int64), np.zeros((0, 17, 3)))
    )
    # The first window speaks for its fifth frame; the one settled last is five before the newest.
    numbers = [one.frame - 10**6 for scores in found[:-1] for one in scores.frames]
    assert numbers == [4, 5, 6]
    jump = found[-1].frames
    assert [one.frame - 10**6 for one in jump[:-1]] == [7, 8, 9, 10, 11]
    assert [one.score is None for one in jump] == [False, False, True, True, True, True]
    assert jump[-1].frame == LARGEST_FRAME - 5
    largest = max(one.score for scores in found for one in scores.frames if one.score is not None)
    assert jump[-1].smoothed == pytest.approx(largest)
    assert [one.frame for one in stream.finish(camera)] == list(
        range(jump[-1].frame + 1, LARGEST_FRAME + 1)
    )


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (Frame(0, np.array([1]), np.zeros((1, 5, 3))), r"keypoints must be \(1, 17, 3\), got"),
        (Frame(0, np.array([1, 1]), np.zeros((2, 17, 3))), "each once"),
        (Frame(0, np.array([-1]), np.zeros((1, 17, 3))), "numbers from 0"),
        (Frame(2**31, np.array([1]), np.zeros((1, 17, 3))), "number must be from 0 to"),
    ],
)
def test_a_frame_of_another_shape(stream: StreamScorer, frame: Frame, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        stream.update(stream.init(), frame)


@pytest.mark.parametrize("wrong", [{"max_people": 0}, {"smoothing": 0.0}, {"max_absent": -1}])
def test_settings_out_of_range(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="max_absent must be at least 0"):
        stream_scorer([random_model()], "nll", StreamSettings(**wrong))
