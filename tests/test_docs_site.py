"""The documentation builds into a site without a warning, and its reference is complete."""

import importlib
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import stgnf_jax

pytest.importorskip("sphinx", reason="the site needs the extra docs")
DOCS = Path(__file__).parents[1] / "docs"


def build(pages: Path, out: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "-q"]
    command += ["-c", str(DOCS), str(pages), str(out)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site")
    done = build(DOCS, out)
    assert done.returncode == 0, done.stderr
    return out


def test_every_page_is_in_it(site: Path) -> None:
    for page in (*DOCS.rglob("*.md"), *DOCS.rglob("*.rst")):
        assert site.joinpath(page.relative_to(DOCS)).with_suffix(".html").is_file()


def test_the_reference_leads_to_every_public_name(site: Path) -> None:
    index = (site / "api/index.html").read_text(encoding="utf-8")
    for name, home in stgnf_jax._HOMES.items():
        assert f'.html#stgnf_jax.{home}.{name}"' in index


def test_nothing_is_fetched(site: Path) -> None:
    """Pages load their own files only; links lead elsewhere when someone clicks them."""
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        for address in ('src="http', "src='http", 'src="//', '<link rel="stylesheet" href="http'):
            assert address not in text


WRONG = {
    "[`nothing`]({package}/likelihood.py)": "target not found: stgnf_jax.likelihood.nothing",
    "[a file]({package}/nothing.py)": "nothing.py",
    "[a page](nothing.md)": "nothing.md",
    "[a heading](#nothing)": "nothing",
    r"$\nothing$": r'Unknown LaTeX command "\nothing"',
}


def test_what_is_wrong_is_an_error(tmp_path: Path) -> None:
    package = os.path.relpath(DOCS.parent / "stgnf_jax", tmp_path)
    lines = [line.replace("{package}", package) for line in WRONG]
    (tmp_path / "index.md").write_text("# Title\n\n" + "\n\n".join(lines))
    (tmp_path / "alone.md").write_text("# A page that is named nowhere\n")
    done = build(tmp_path, tmp_path / "_site")
    assert done.returncode == 1
    for message in (*WRONG.values(), "alone.md: WARNING: document isn't included in any toctree"):
        assert message in done.stderr


def extension(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(DOCS / "_extensions"))
    return importlib.import_module(name)


def test_docstrings_are_plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    as_text = extension("docstrings", monkeypatch).as_text
    assert as_text(["log|det W| of a * b, from each `stride`th"]) == [
        r"log\|det W\| of a \* b, from each `stride`\ th"
    ]
    assert as_text(
        ["forward:          y = x", "inverse:          x = y", "Args:", "  x: (N,)."]
    ) == [
        *("::", "", "    forward:          y = x", "    inverse:          x = y", ""),
        *("Args:", "  x: (N,)."),
    ]
