import os
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stgnf_jax import batches, checkpoint
from stgnf_jax.batches import CPU_BATCH, map_windows, replicate
from stgnf_jax.evaluation import score
from stgnf_jax.model import score_windows
from tests.small import FLOW, random_model, small_config, write_data

TWO_DEVICES = """
import sys
from pathlib import Path
import jax, numpy as np, stgnf_jax
from stgnf_jax import checkpoint
from tests.small import small_config
folder = Path(sys.argv[1])
assert jax.device_count() == 2
model = stgnf_jax.load(folder / "model")
x = np.load(folder / "x.npy")
scored = stgnf_jax.score(small_config(folder / "data"), folder / "model", folder / "out")
variables = jax.device_put(model.variables, jax.devices()[1])
checkpoint.save(folder / "saved on the second", model._replace(variables=variables))
by_pmap = stgnf_jax.pmap_scorer(model)(x.reshape(2, -1, *x.shape[1:])).reshape(-1)
plain = stgnf_jax.score_windows(model, x)
np.savez(folder / "two.npz", plain=plain, poses=scored.windows.score, by_pmap=by_pmap)
"""


@pytest.mark.parametrize(
    "count", [0, 1, 2, 3, 1000, CPU_BATCH, CPU_BATCH + 1, 2 * CPU_BATCH, 2 * CPU_BATCH + 7]
)
def test_every_window_once_and_in_order(count: int) -> None:
    numbers = np.arange(count, dtype=np.float32)
    np.testing.assert_array_equal(map_windows(lambda x: 2 * x, numbers), 2 * numbers)


def test_sizes_are_few() -> None:
    sizes = set()

    def function(x: jax.Array) -> jax.Array:
        sizes.add(x.shape)
        return x[:, 0]

    for count in range(1, 70):
        map_windows(function, np.zeros((count, 2), np.float32))
    assert sizes == {(2**power, 2) for power in range(8)}
    map_windows(function, np.zeros((3 * CPU_BATCH + 5, 2), np.float32))
    assert max(sizes) == (CPU_BATCH, 2)


def test_trees_and_what_is_loaded_batch_by_batch() -> None:
    table, loaded = np.arange(5000, dtype=np.float32), set()

    def load(index: np.ndarray) -> np.ndarray:
        loaded.add(index.shape)
        return np.stack([table[index], -table[index]], -1)

    for count in (5000, 3, 0):
        index = np.arange(5000)[::-1][:count]
        same, total = map_windows(lambda x: (x, x.sum(-1)), index, load)
        np.testing.assert_array_equal(same, np.stack([index, -index], -1))
        np.testing.assert_array_equal(total, np.zeros(count))
    assert loaded == {(CPU_BATCH,), (4,), (0,)}


def test_what_the_function_holds_is_on_every_device() -> None:
    table = replicate(np.arange(10, dtype=np.float32))
    assert table.sharding.is_fully_replicated
    scores = map_windows(jax.jit(lambda i: jnp.take(table, i)), np.array([7, 3]))
    np.testing.assert_array_equal(scores, np.array([7, 3], np.float32), strict=True)


def test_two_devices_give_the_same_scores(tmp_path: Path) -> None:
    model = random_model()
    checkpoint.save(tmp_path / "model", model)
    write_data(tmp_path / "data")
    x = np.random.default_rng(2).normal(size=(1500, *FLOW.event_shape)).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    xla = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count=2"
    subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", TWO_DEVICES, tmp_path],
        cwd=Path(__file__).parents[1],
        env={**os.environ, "XLA_FLAGS": xla, "JAX_PLATFORMS": "cpu"},
        check=True,
        timeout=200,
    )
    scored = score(small_config(tmp_path / "data"), tmp_path / "model", tmp_path / "one")
    moved = checkpoint.load(tmp_path / "saved on the second")
    jax.tree.map(np.testing.assert_array_equal, moved.variables, model.variables)
    with np.load(tmp_path / "two.npz") as two:
        np.testing.assert_allclose(two["plain"], score_windows(model, x), rtol=1e-5)
        np.testing.assert_allclose(two["by_pmap"], two["plain"], rtol=1e-5)
        np.testing.assert_allclose(two["poses"], scored.windows.score, rtol=1e-5)


def test_padding_is_never_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "CPU_BATCH", 4)
    windows = np.arange(1, 11, dtype=np.float32)
    np.testing.assert_array_equal(map_windows(lambda x: x, windows), windows)
