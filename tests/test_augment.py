import jax
import numpy as np

from stgnf_jax.augment import AUGMENTATIONS, augment, drop

X = np.random.default_rng(0).uniform(1, 800, (2, 4, 5, 3)).astype(np.float32)


def changed(name: str) -> list[np.ndarray]:
    return [np.asarray(augment(X, matrix)) for matrix in AUGMENTATIONS[name]]


def test_the_papers_augmentation_is_the_mirror_image() -> None:
    same, mirrored = changed("mirror")
    np.testing.assert_array_equal(same, X)
    np.testing.assert_array_equal(mirrored, X * np.array([-1, 1, 1], np.float32))
    (only,) = changed("none")
    np.testing.assert_array_equal(only, X)


def test_the_eight_are_three_shears_and_all_mirrored_afterwards() -> None:
    x, y = X[..., 0], X[..., 1]
    shears = [(x, y), (x + 0.1 * y, y + 0.1 * x), (x, y + 0.1 * x), (x + 0.1 * y, y)]
    expected = [np.stack([sign * x, y], -1) for x, y in shears for sign in (1, -1)]
    eight = np.stack(changed("mirror_shear"))
    np.testing.assert_allclose(eight[..., :2], np.stack(expected), rtol=1e-6)
    np.testing.assert_array_equal(eight[..., 2], np.broadcast_to(X[..., 2], eight.shape[:-1]))


def test_each_window_takes_its_own_matrix() -> None:
    matrices = AUGMENTATIONS["mirror_shear"][[3, 6]]
    together = jax.jit(augment)(X, matrices)
    one_by_one = [augment(x[None], matrix)[0] for x, matrix in zip(X, matrices, strict=True)]
    np.testing.assert_allclose(together, np.stack(one_by_one), rtol=1e-6)


def test_two_channels_stay_two() -> None:
    (_, mirrored) = AUGMENTATIONS["mirror"]
    y = augment(X[..., :2], mirrored)
    np.testing.assert_array_equal(y, X[..., :2] * np.array([-1, 1], np.float32))
    assert y.dtype == np.float32


def test_a_dropped_keypoint_stays_where_it_was() -> None:
    x = np.random.default_rng(1).uniform(1, 800, (50, 6, 7, 3)).astype(np.float32)
    found = np.asarray(drop(jax.numpy.asarray(x), jax.random.key(0), 0.2))
    dropped = found[..., 2] == 0
    assert not dropped[:, 0].any()
    assert 0.15 < dropped[:, 1:].mean() < 0.25
    before = np.concatenate([x[:, :1], x[:, :-1]], 1)
    np.testing.assert_array_equal(found[dropped][:, :2], before[dropped][:, :2])
    np.testing.assert_array_equal(found[~dropped], x[~dropped])


def test_keypoints_without_confidence_are_dropped_too() -> None:
    x = jax.numpy.asarray(X)
    found = drop(x[..., :2], jax.random.key(0), 0.5)
    np.testing.assert_array_equal(found, drop(x, jax.random.key(0), 0.5)[..., :2])
