import json

from stgnf_jax.watch_history import FRESH, MOST_ALARMS, SHOWN, see
from stgnf_jax.watch_news import news
from tests.watched import MOST_CAMERAS, alarm, end, history, tell


def test_a_viewer_gets_what_is_new_to_them() -> None:
    kept = history()
    assert news(kept, 0).cameras == {}
    tell(kept, "a", 5, {1: -1.0, 2: "-Infinity"}, now=100.0)
    tell(kept, "b", 0, {}, now=100.1)
    first = news(kept, 0)
    assert list(first.cameras) == ["a", "b"]
    (picture,) = first.cameras["a"].picture
    assert (picture.frame, picture.scored, picture.time, picture.latency) == (5, 1, 100.0, 1.5)
    assert {one: told["score"] for one, told in picture.people.items()} == {1: -1.0, 2: "-Infinity"}
    assert [point[1:] for point in first.cameras["a"].points] == [(100.0, 5, "-Infinity")]
    assert [point[1:] for point in first.cameras["b"].points] == [(100.1, 0, None)]
    assert news(kept, first.number) == (first.number, {}, [], [])
    tell(kept, "a", 6, {1: -1.5}, now=100.2, alarms=[alarm("begins", 1, 5)])
    then = news(kept, first.number)
    assert list(then.cameras) == ["a"]
    assert [point.frame for point in then.cameras["a"].points] == [6]
    assert [told.what for told in then.alarms] == [{"camera": "a", **alarm("begins", 1, 5)}]
    assert then.cameras["a"].picture[0].people.keys() == {1, 2}  # 2 had a score a moment ago


def test_of_pictures_only_the_newest_waits_and_of_scores_all() -> None:
    kept = history()
    for frame in range(10):
        tell(kept, "a", frame, {1: -1.0}, now=100 + frame / 25)
    camera = news(kept, 0).cameras["a"]
    assert [(picture.frame, picture.scored) for picture in camera.picture] == [(9, 10)]
    assert [point.frame for point in camera.points] == list(range(10))


def test_what_is_long_ago_is_forgotten() -> None:
    kept = history()
    tell(kept, "a", 0, {1: -1.0}, now=100.0)
    tell(kept, "b", 0, {1: -1.0}, now=100.0)
    end(kept, "b", 100.5)
    tell(kept, "a", FRESH + 1, {2: -1.0}, now=101.0)
    camera = news(kept, 0).cameras["a"]
    assert camera.picture[0].people.keys() == {2}
    assert [told.time for told in news(kept, 0).cameras["b"].ended] == [100.5]
    tell(kept, "a", FRESH + 2, {2: -1.0}, now=100.9 + SHOWN)
    found = news(kept, 0)
    assert list(found.cameras) == ["a"]
    assert [point.frame for point in found.cameras["a"].points] == [FRESH + 1, FRESH + 2]


def test_bounds() -> None:
    kept = history()
    names = [f"camera {number}" for number in range(MOST_CAMERAS + 1)]
    for name in names:
        tell(kept, name, 0, {}, now=100.0)
    assert list(news(kept, 0).cameras) == names[1:]
    told = [alarm("begins", number, 0) for number in range(MOST_ALARMS + 1)]
    tell(kept, names[-1], 1, {}, now=100.0, alarms=told)
    assert [one.what["alarm"] for one in news(kept, 0).alarms] == list(range(1, MOST_ALARMS + 1))


def test_a_camera_that_ended_starts_anew() -> None:
    kept = history()
    end(kept, "a", 99.0)
    assert news(kept, 0).cameras == {}
    tell(kept, "a", 7, {1: -1.0}, now=100.0)
    end(kept, "a", 100.1)
    end(kept, "a", 100.2)
    tell(kept, "a", 0, {}, now=100.3)
    camera = news(kept, 0).cameras["a"]
    assert not camera.ended
    assert camera.picture[0].scored == 1
    assert [point.frame for point in camera.points] == [0]


def test_lines_that_cannot_be_used_are_counted_and_others_left_out() -> None:
    kept = history()
    for number in (3, 8):
        see(kept, b"{", json.dumps({"line": number, "error": "is not JSON"}).encode(), 100.0)
    see(kept, b"", b'{"camera": "a", "frame": 3, "use": "late", "latency_ms": 1}', 100.0)
    found = news(kept, 0)
    assert found.cameras == {}
    assert [one.what for one in found.errors] == [{"count": 2, "line": 8, "error": "is not JSON"}]
