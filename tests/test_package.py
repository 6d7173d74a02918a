"""The wheel and the source distribution: what they hold, and that they can be built again."""

import email
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest

import stgnf_jax

ROOT = Path(__file__).parents[1]
BUILT_FROM = (
    *("pyproject.toml", "MANIFEST.in", "README.md", "LICENSE"),
    *("CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md"),
)
# What pip calls, without an environment of its own to download setuptools into.
BUILD = (
    "import sys; from setuptools import build_meta; getattr(build_meta, sys.argv[1])(sys.argv[2])"
)


class Built(NamedTuple):
    """The wheel twice: from a copy of the project, and from the source distribution of that."""

    wheel: Path
    source: Path
    again: Path


def build(kind: str, project: Path, out: Path) -> Path:
    out.mkdir()
    subprocess.run(
        [sys.executable, "-c", BUILD, f"build_{kind}", str(out)],
        cwd=project,
        env=os.environ | {"SOURCE_DATE_EPOCH": "1767225600"},
        capture_output=True,
        check=True,
    )
    (built,) = out.iterdir()
    return built


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("package")
    project = folder / "project"
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("stgnf_jax", "configs"):
        shutil.copytree(ROOT / name, project / name, symlinks=True, ignore=ignored)
    for name in BUILT_FROM:
        shutil.copy(ROOT / name, project)
    (project / "tests").mkdir()
    (project / "tests/test_nothing.py").touch()
    source = build("sdist", project, folder / "sdist")
    wheel = build("wheel", project, folder / "wheel")
    with tarfile.open(source) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    (unpacked,) = (folder / "unpacked").iterdir()
    for path in unpacked.rglob("*"):
        os.utime(path, (0, 1_000_000_000))  # as on another day
    return Built(wheel, source, build("wheel", unpacked, folder / "again"))


def files_below(folder: Path) -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_holds_every_file_of_the_package_and_no_other(built: Built) -> None:
    names = set(zipfile.ZipFile(built.wheel).namelist())
    package = {f"stgnf_jax/{name}" for name in files_below(ROOT / "stgnf_jax")}
    package |= {f"stgnf_jax/configs/{name}" for name in files_below(ROOT / "configs")}
    about = f"stgnf_jax-{stgnf_jax.__version__}.dist-info"
    assert {name for name in names if not name.startswith(f"{about}/")} == package
    assert {
        "stgnf_jax/py.typed",
        "stgnf_jax/report_page/page.html",
        f"{about}/licenses/LICENSE",
    } < names


def test_the_source_holds_what_it_is_built_from_and_no_tests(built: Built) -> None:
    with tarfile.open(built.source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert set(BUILT_FROM) < names
    assert not [name for name in names if "test" in name]


def test_the_same_source_gives_the_same_bytes(built: Built) -> None:
    assert built.wheel.read_bytes() == built.again.read_bytes()


def test_what_the_wheel_says_of_itself(built: Built) -> None:
    about = f"stgnf_jax-{stgnf_jax.__version__}.dist-info"
    with zipfile.ZipFile(built.wheel) as wheel:
        fields = email.message_from_bytes(wheel.read(f"{about}/METADATA"))
        commands = wheel.read(f"{about}/entry_points.txt").decode()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert fields["Version"] == stgnf_jax.__version__
    assert fields["Requires-Python"] == ">=3.11"
    assert fields["License-Expression"] == "Apache-2.0"
    assert set(fields.get_all("Provides-Extra", [])) == set(project["optional-dependencies"])
    assert {"cpu", "cuda", "tpu", "track"} < set(project["optional-dependencies"])
    assert "stgnf = stgnf_jax.cli:main" in commands


def test_commands_of_the_readme_run_where_only_the_wheel_is(built: Built, tmp_path: Path) -> None:
    with zipfile.ZipFile(built.wheel) as wheel:
        wheel.extractall(tmp_path / "installed")
    (tmp_path / "empty").mkdir()
    command = "from stgnf_jax import cli; print(cli.__file__, flush=True); cli.main()"
    done = subprocess.run(
        [sys.executable, "-c", command, "check-data", "--config=configs/custom.py"],
        cwd=tmp_path / "empty",
        env=os.environ | {"PYTHONPATH": str(tmp_path / "installed")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith(str(tmp_path / "installed"))
    assert "pose/train: is no folder" in done.stdout
    assert done.returncode == 1


def test_one_version_everywhere() -> None:
    version = stgnf_jax.__version__
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## \[(\d.*?)\]", changes, re.MULTILINE)[0] == version
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


@pytest.mark.parametrize("extra", ["cuda", "dev", "docs", "export", "tpu", "track", "watch"])
def test_every_extra_is_locked_with_the_versions_of_the_runtime(extra: str) -> None:
    runtime, locked = (
        dict(re.findall(r"^(\S+)==(\S+)", (ROOT / f"requirements/{n}.txt").read_text(), re.M))
        for n in ("runtime", extra)
    )
    assert locked.items() > runtime.items()
    assert len(locked) == len(
        re.findall(
            r"==.*(?= \\\n    --hash=sha256:)", (ROOT / f"requirements/{extra}.txt").read_text()
        )
    )
