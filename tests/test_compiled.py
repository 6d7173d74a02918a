import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import jax
import pytest

from stgnf_jax import compiled
from stgnf_jax.compiled import keep_compiled

COMPILE = """
import sys, jax
from stgnf_jax import compiled
compiled.WORTHWHILE = 0
compiled.keep_compiled(sys.argv[1])
found = []
jax.monitoring.register_event_listener(lambda name, **_: found.append(name.rpartition("/")[2]))
print(float(jax.jit(lambda x: x * 2 + 1)(3.0)), "cache_hits" in found)
"""


def compile_in_a_process(cache_dir: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", COMPILE, str(cache_dir)]
    return subprocess.run(command, capture_output=True, text=True, check=True)


@pytest.fixture(autouse=True)
def no_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As where JAX has not been told of a folder, unlike in the other tests."""
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR")
    update: Callable[[str, object], None] = jax.config.update  # some tests put another there
    folder = jax.config.values["jax_compilation_cache_dir"]
    update("jax_compilation_cache_dir", None)
    yield
    update("jax_compilation_cache_dir", folder)


@pytest.fixture
def untold(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """What JAX is told, which it does not take to heart."""
    told: dict[str, object] = {}
    monkeypatch.setattr(jax.config, "update", told.__setitem__)
    return told


def test_the_next_process_need_not_compile(tmp_path: Path) -> None:
    assert compile_in_a_process(tmp_path).stdout == "7.0 False\n"
    kept = {path.name for path in (tmp_path / "compiled").iterdir()}
    assert kept
    assert compile_in_a_process(tmp_path).stdout == "7.0 True\n"


def test_a_damaged_entry_is_compiled_anew(tmp_path: Path) -> None:
    compile_in_a_process(tmp_path)
    for path in (tmp_path / "compiled").iterdir():
        path.write_bytes(b"damaged")
    assert compile_in_a_process(tmp_path).stdout.startswith("7.0 ")


def test_nothing_is_kept_without_a_folder(untold: dict[str, object]) -> None:
    keep_compiled("")
    assert not untold


def test_nothing_is_kept_where_nothing_can_be(tmp_path: Path, untold: dict[str, object]) -> None:
    (tmp_path / "file").touch()
    keep_compiled(str(tmp_path / "file"))
    assert not untold


def test_a_folder_that_others_may_write_into_is_not_used(
    tmp_path: Path, untold: dict[str, object]
) -> None:
    (tmp_path / "compiled").mkdir()
    (tmp_path / "compiled").chmod(0o777)
    keep_compiled(str(tmp_path))
    assert not untold
    (tmp_path / "compiled").chmod(0o700)
    keep_compiled(str(tmp_path))
    assert untold == {
        "jax_compilation_cache_dir": str(tmp_path / "compiled"),
        "jax_persistent_cache_min_compile_time_secs": compiled.WORTHWHILE,
    }
