import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stgnf_jax.augment import add_noise
from stgnf_jax.fast_scoring import FlowStatistics
from stgnf_jax.model import score_members, score_windows, window_statistics
from stgnf_jax.set_scoring import (
    WindowSource,
    pixel_scorer,
    set_scores,
    set_scores_of_members,
    set_statistics,
)
from stgnf_jax.window_set import load_window_set
from stgnf_jax.windows import gather, normalise
from tests.small import FLOW, random_model, small_config, write_data


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> WindowSource:
    config = small_config(write_data(tmp_path_factory.mktemp("data")))
    tracks, windows = load_window_set(config.data, FLOW, "pose/test", 1)
    return WindowSource(tracks.keypoints, windows.start, (856.0, 480.0))


@pytest.mark.parametrize("channels", [2, 3])
def test_scores_are_those_of_the_windows(source: WindowSource, channels: int) -> None:
    model = random_model(FLOW._replace(channels=channels))
    x = gather(source.keypoints, source.start, FLOW.segment_length)
    x = normalise(x[..., :channels], model.resolution)
    np.testing.assert_allclose(set_scores(model, source), score_windows(model, x), rtol=1e-5)
    found, expected = set_statistics(model, source), window_statistics(model, x)
    for name, a, b in zip(FlowStatistics._fields, found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5, err_msg=name)


def test_noise_on_normalised_keypoints(source: WindowSource) -> None:
    model = random_model(FLOW._replace(channels=3))
    x = gather(source.keypoints, source.start, FLOW.segment_length)
    x = normalise(x, model.resolution)
    keys = [jax.random.fold_in(jax.random.key(0), start) for start in source.start]
    noisy = jnp.stack([add_noise(one, key, 0.3) for one, key in zip(x, keys, strict=True)])
    found = set_scores(model, source._replace(noise=0.3))
    np.testing.assert_allclose(found, score_windows(model, noisy), rtol=1e-4)
    assert np.abs(found - set_scores(model, source)).min() > 1e-4


def test_noise_does_not_depend_on_the_windows_beside(source: WindowSource) -> None:
    noisy = source._replace(noise=0.1)
    alone = set_scores(random_model(), noisy._replace(start=source.start[5:7]))
    np.testing.assert_allclose(alone, set_scores(random_model(), noisy)[5:7], rtol=1e-5)
    assert set_scores(random_model(), noisy._replace(start=source.start[:0])).shape == (0,)


def test_members(source: WindowSource) -> None:
    models = [random_model(FLOW, seed) for seed in (0, 1)]
    variables = jax.tree.map(lambda *leaves: jnp.stack(leaves), *(m.variables for m in models))
    found = set_scores_of_members(FLOW, variables, source)
    expected = np.stack([set_scores(model, source) for model in models])
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    x = np.random.default_rng(0).normal(size=(70, *FLOW.event_shape)).astype(np.float32)
    alone = np.stack([score_windows(model, x) for model in models])
    np.testing.assert_allclose(score_members(FLOW, variables, x), alone, rtol=1e-6)


@pytest.mark.parametrize("channels", [2, 3])
def test_few_windows_in_pixels(source: WindowSource, channels: int) -> None:
    model = random_model(FLOW._replace(channels=channels))
    score = pixel_scorer(model, most=5)
    expected = set_scores(model, source)
    windows = np.asarray(gather(source.keypoints, source.start, FLOW.segment_length))
    compiled: list[str] = []

    def listen(event: str, duration_secs: float, **_: str | int) -> None:
        compiled.append(f"{event} {duration_secs}")

    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        for count in range(12):
            np.testing.assert_allclose(score(windows[:count]), expected[:count], rtol=1e-5)
    finally:
        jax.monitoring.clear_event_listeners()
    assert compiled == []
    with pytest.raises(ValueError, match=r"windows must have shape \(N, 8, 18, 3\)"):
        score(windows[:, 1:])


def test_most_must_be_a_window_at_least() -> None:
    with pytest.raises(ValueError, match="most must be at least 1, got 0"):
        pixel_scorer(random_model(), most=0)


def test_no_windows(source: WindowSource) -> None:
    none = source._replace(start=np.zeros(0, np.int64))
    assert set_scores(random_model(), none).shape == (0,)
    statistics = set_statistics(random_model(), none)
    assert statistics.log_det.shape == (0, FLOW.num_steps)
    assert statistics.residual.shape == (0, 18, FLOW.channels)
