import importlib
import inspect
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import stgnf_jax

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", stgnf_jax.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    if name != "__version__":  # test_package compares it with other files
        assert inspect.getdoc(getattr(stgnf_jax, name))


def test_a_name_that_is_not_public() -> None:
    with pytest.raises(AttributeError, match="'stgnf_jax' has no attribute 'trainer'"):
        _ = stgnf_jax.trainer


def test_importing_submodules_shadows_no_public_name() -> None:
    before = {name: getattr(stgnf_jax, name) for name in stgnf_jax.__all__}
    for module in pkgutil.walk_packages(stgnf_jax.__path__, "stgnf_jax."):
        importlib.import_module(module.name)
    for name, value in before.items():
        assert getattr(stgnf_jax, name) is value
    assert inspect.isfunction(stgnf_jax.evaluate)
    assert inspect.isfunction(stgnf_jax.train)


def test_the_package_itself_imports_at_once() -> None:
    code = "import sys, stgnf_jax; print([m for m in ('jax', 'flax', 'numpy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)
    assert done.stdout.split() == [b"[]"]
