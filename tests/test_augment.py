import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stgnf_jax.augment import AUGMENTATIONS, add_noise, augment, drop

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
    x = np.random.default_rng(0).uniform(1, 9, (40, 8, 5, 3)).astype(np.float32)
    found = np.asarray(drop(jnp.asarray(x), jax.random.key(0), 0.25))
    dropped = (found != x).any(-1)
    assert not dropped[:, 0].any()
    assert dropped[:, 1:].mean() == pytest.approx(0.25, abs=0.03)
    clip, frame, joint = np.nonzero(dropped)
    np.testing.assert_array_equal(found[dropped][:, :2], x[clip, frame - 1, joint, :2])
    np.testing.assert_array_equal(found[dropped][:, 2], np.zeros(len(clip)))
    np.testing.assert_array_equal(drop(jnp.asarray(x), jax.random.key(0), 0.0), x)


def test_noise_leaves_confidence_alone() -> None:
    x = jnp.ones((200, 8, 5, 3))
    noise = np.asarray(add_noise(x, jax.random.key(0), 0.3) - x)
    assert noise[..., :2].std() == pytest.approx(0.3, abs=0.01)
    assert abs(noise.mean()) < 0.01
    np.testing.assert_array_equal(noise[..., 2], np.zeros((200, 8, 5)))
