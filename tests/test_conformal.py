"""p-values by hand, and the coverage that is promised, by simulation."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from stgnf_jax.conformal import (
    TrackScores,
    by_track,
    lowest_of_tracks,
    track_p_values,
    window_p_values,
)
from stgnf_jax.scoring import WindowScores

# Of a simulation; a promise that holds is broken by chance once in so many tests.
REPEATS, SURE = 3000, 1 - 1e-6
NUM_TRACKS, ALPHA = 19, 0.1


def test_windows_go_to_their_tracks() -> None:
    windows = WindowScores(
        clip=np.array([1, 0, 0, 1, 0]),
        person=np.array([3, 7, 2, 3, 7]),
        start=np.array([4, 6, 0, 3, 5]),
        score=np.array([-1.0, -2.0, -3.0, -4.0, -5.0]),
    )
    tracks = by_track(windows)
    np.testing.assert_array_equal(tracks.clip, [0, 0, 1])
    np.testing.assert_array_equal(tracks.person, [2, 7, 3])
    np.testing.assert_array_equal(tracks.last, [0, 6, 4])
    np.testing.assert_array_equal(tracks.score, [-3, -5, -2, -4, -1])
    np.testing.assert_array_equal(tracks.offsets, [0, 1, 3, 5])
    np.testing.assert_array_equal(tracks.lowest, [-3, -5, -4])


def test_no_window_is_no_track() -> None:
    empty = np.zeros(0, np.int64)
    tracks = by_track(WindowScores(empty, empty, empty, np.zeros(0)))
    assert tracks.offsets.tolist() == [0]
    assert not tracks.lowest.size


def test_p_values_by_hand() -> None:
    normal, offsets = np.array([1.0, 3.0, 2.0, 2.0, 2.0, 9.0]), np.array([0, 2, 6])
    # At 2, half of the first track's windows are as low and three quarters of the second's.
    found = window_p_values(normal, offsets, np.array([0.0, 1.0, 2.0, 10.0]))
    np.testing.assert_allclose(found, [1 / 3, 1.5 / 3, 2.25 / 3, 1], rtol=1e-12)
    lowest = lowest_of_tracks(normal, offsets)
    found = track_p_values(lowest, np.array([0.0, 1.0, 1.5, 2.0]))
    np.testing.assert_allclose(found, [1 / 3, 2 / 3, 2 / 3, 1], rtol=1e-12)


def test_one_window_a_track_is_split_conformal() -> None:
    rng = np.random.default_rng(0)
    normal, score = rng.normal(size=40).round(1), rng.normal(size=30).round(1)
    expected = [(1 + (normal <= one).sum()) / 41 for one in score]
    found = window_p_values(normal, np.arange(41), score)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    np.testing.assert_allclose(track_p_values(normal, score), expected, rtol=1e-12)


def test_without_normal_tracks_nothing_is_abnormal() -> None:
    none = np.zeros(0)
    assert window_p_values(none, np.array([0]), np.array([-np.inf, 1.0])).tolist() == [1, 1]
    assert track_p_values(none, np.array([-np.inf])).tolist() == [1]


def simulated_tracks(rng: np.random.Generator, count: int) -> TrackScores:
    """Random walks about a level of their own, so that windows of a track are nearly alike.

    Those who are seen briefly are lower, which a sample of windows hardly notices.
    """
    sizes = rng.choice([2, 60], count)
    walks = [rng.normal() - 2 * (size == 2) + np.cumsum(rng.normal(0, 0.1, size)) for size in sizes]
    number = np.arange(count)
    offsets = np.append(0, np.cumsum(sizes))
    return TrackScores(number, number, offsets[1:] - 1, np.concatenate(walks), offsets)


def simulate() -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether a new normal track was called abnormal: its random window, naively, and as a whole.

    The first two are of one window that is drawn from it; naively all windows count alike.
    """
    rng = np.random.default_rng(1)
    window, naive, track = np.zeros((3, REPEATS), bool)
    for i in range(REPEATS):
        tracks = simulated_tracks(rng, NUM_TRACKS + 1)
        cut = tracks.offsets[-2]
        normal, new = tracks.score[:cut], tracks.score[cut:]
        one = rng.choice(new, 1)
        window[i] = window_p_values(normal, tracks.offsets[:-1], one)[0] <= ALPHA
        naive[i] = (1 + (normal <= one).sum()) / (len(normal) + 1) <= ALPHA
        track[i] = (track_p_values(tracks.lowest[:-1], new) <= ALPHA).any()
    return window, naive, track


def test_promises_hold_for_windows_that_overlap() -> None:
    window, naive, track = simulate()
    most = binom.ppf(SURE, REPEATS, ALPHA)
    assert window.sum() <= most
    # Continuous scores of 19 tracks: two of twenty ranks, exactly ALPHA.
    assert binom.ppf(1 - SURE, REPEATS, ALPHA) <= track.sum() <= most
    # A simulation that would notice: windows taken for a sample do not keep the promise.
    assert naive.sum() > most
