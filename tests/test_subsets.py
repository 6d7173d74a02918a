import itertools

import numpy as np
import pytest

from stgnf_jax.subsets import share_of_tracks, some_of, track_numbers
from stgnf_jax.windows import WindowOrigin

# Ten tracks: person 0 and person 1 in each of five clips, of 1, 2, ..., 10 windows.
SIZES = np.arange(1, 11)
TRACK = np.repeat(np.arange(10), SIZES)
ORIGIN = WindowOrigin((TRACK // 2).astype(np.int32), TRACK % 2, np.arange(55, dtype=np.int32))
# Further apart than the longest track.
SHARES = (0.02, 0.25, 0.5, 0.75, 1.0)


def test_tracks_are_people_in_clips() -> None:
    np.testing.assert_array_equal(track_numbers(ORIGIN), TRACK)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_smaller_shares_lie_within_larger(seed: int) -> None:
    parts = [share_of_tracks(ORIGIN, share, seed) for share in SHARES]
    for smaller, larger in itertools.pairwise(parts):
        assert (smaller <= larger).all()
        assert smaller.sum() < larger.sum()
    assert parts[-1].all()


@pytest.mark.parametrize("share", SHARES)
def test_a_share_is_the_fewest_whole_tracks_that_hold_it(share: float) -> None:
    taken = np.flatnonzero(np.bincount(TRACK, share_of_tracks(ORIGIN, share, 0)))
    whole = np.isin(TRACK, taken)
    np.testing.assert_array_equal(share_of_tracks(ORIGIN, share, 0), whole)
    assert whole.sum() >= round(share * 55)
    # One of them, the last in the order, is needed.
    assert min(whole.sum() - SIZES[taken]) < max(round(share * 55), 1)


def test_another_seed_takes_other_tracks() -> None:
    parts = {share_of_tracks(ORIGIN, 0.3, seed).tobytes() for seed in range(5)}
    assert len(parts) > 1


def test_some_windows() -> None:
    windows = np.array([2, 3, 5, 7])
    drawn = [some_of(windows, count, 9, seed=0) for count in range(5)]
    assert [mask.sum() for mask in drawn] == [0, 1, 2, 3, 4]
    assert all((fewer <= more).all() for fewer, more in itertools.pairwise(drawn))
    np.testing.assert_array_equal(np.flatnonzero(drawn[-1]), windows)
    assert len({some_of(windows, 2, 9, seed).tobytes() for seed in range(9)}) > 1
