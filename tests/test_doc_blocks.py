"""Every block of code in the documentation runs, or its flags and files are those there are."""

import json
import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest
from absl import flags

from stgnf_jax import checkpoint, cli
from stgnf_jax.config import default_config
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.normal_calibration import calibrate_scores
from stgnf_jax.town import build_town
from tests.doc_blocks import ALL, ROOT, Block, lines_of, stgnf_commands
from tests.small import random_model, walk, write_clip, write_data

# ml_collections loads a file of configuration so, up to Python 3.11.
pytestmark = pytest.mark.filterwarnings("ignore:the load_module.. method:DeprecationWarning")
# A line that runs a script: the script and what it is given.
SCRIPT = re.compile(r"(?:\w+=\S+ )?(?:\S*python|sh|uv run)(?: --\S+)* (\S+\.(?:py|sh))(.*)")
# A module of the project, as a program; such a package has one file for each.
MODULE = re.compile(r"python -m ((?:faults|fuzz)\.\w+)(.*)")
SMALL = ("--config.data.cache_dir=", "--config.training.epochs=1", "--config.model.num_steps=2")
# Commands of these sections of the README are run.
PLAYED = ("Your own poses", "Thresholds to rely on")


def of(*languages: str) -> list[Block]:
    return [block for block in ALL if block.language in languages and not block.not_run]


def name_of(block: Block) -> str:
    return f"{block.page}:{block.line}"


@contextmanager
def parsed(words: list[str]) -> Iterator[tuple[cli.Command, list[str]]]:
    """The flags of a command, parsed as `stgnf` does it, and its arguments."""
    name, *argv = words
    before, argv_before = set(flags.FLAGS), sys.argv
    sys.argv = [f"stgnf {name}", *argv]
    try:
        command = cli.COMMANDS[name]
        for define in command.flags:
            define()
        yield command, cli._parse_flags(sys.argv)[1:]
    finally:
        sys.argv = argv_before
        for flag in set(flags.FLAGS) - before:
            delattr(flags.FLAGS, flag)
        flags.FLAGS.unparse_flags()


def write_normal(data: Path) -> None:
    """Poses of normal people over four hours, most of which nobody is in view."""
    write_clip(data / "pose/normal/day.json", [walk(5), walk(6)])
    file = data / "pose/normal/day.json"
    people = json.loads(file.read_text())
    people["3"] = {"360000": people["1"]["0000"]}
    file.write_text(json.dumps(people))


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the pages speak of: data, a small town, a calibrated model."""
    place = tmp_path_factory.mktemp("place")
    write_normal(write_data(place / "DIR"))
    (place / "zoo").symlink_to(ROOT / "zoo")
    for name in ("poses.json", "clip.json"):
        shutil.copy(place / "DIR/pose/test/a.json", place / name)
    build_town(place / "demo_out/town", 0, train_clips=1, test_clips=1)
    for run in ("demo_out/run", "RUN"):
        checkpoint.save(place / run, random_model(FlowConfig()))
    config = default_config()
    config.data.root, config.data.cache_dir = str(place / "DIR"), ""
    config.data.calibration_poses = "pose/normal"
    calibrate_scores(config, place / "RUN", 25.0, "")
    return place


@pytest.mark.parametrize("page", sorted({block.page for block in of("python")}))
def test_python(page: str, prepared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(prepared)
    names: dict[str, Any] = {"__name__": "__main__"}
    for block in of("python"):
        if block.page == page:
            # Empty lines before it, so that a traceback names the page's line.
            exec(compile("\n" * (block.line - 1) + block.code, ROOT / page, "exec"), names)


@pytest.mark.parametrize("block", of("sh"), ids=name_of)
def test_shell(block: Block, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    for line in lines_of(block.code):
        commands, script = stgnf_commands(line), SCRIPT.match(line)
        module = MODULE.match(line)
        assert commands or script or module, f"mark what cannot be tested: {line}"
        for words in commands:
            with parsed(words) as (command, arguments):
                assert len(arguments) == len(command.arguments), line
        if script:
            # `stgnf export` copies a module of its own.
            check_script(ROOT / script[1].replace("EXPORT", "stgnf_jax"), script[2])
        if module:
            check_script(ROOT / f"{module[1].replace('.', '/')}.py", module[2])


def check_script(file: Path, arguments: str) -> None:
    """The script is there, and so are its flags and the files of configuration it is given."""
    code = file.read_text(encoding="utf-8")
    for flag, value in re.findall(r"--([\w.]+)(?:=(\S+))?", arguments):
        if flag == "config":
            assert (ROOT / value).is_file()
        elif flag.startswith("config."):
            attrgetter(flag.removeprefix("config."))(default_config())
        else:
            assert re.search(rf'"(?:--)?{flag}"', code), f"{file.name} has no --{flag}"


def test_commands_of_the_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_normal(write_data(tmp_path / "DIR"))
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    monkeypatch.chdir(tmp_path)
    for block in of("sh"):
        if block.page == "README.md" and block.section in PLAYED:
            for words in [words for line in lines_of(block.code) for words in stgnf_commands(line)]:
                small = SMALL if any(word.startswith("--config=") for word in words) else ()
                with parsed([*words, *small]) as (command, arguments):
                    cli._run(words[0], command, arguments)
    made = {"scores.npz", "metrics.json", "alarms.csv", "drift.csv"}
    assert made <= {path.name for path in (tmp_path / "OUT").iterdir()}


@pytest.mark.parametrize("block", of("json"), ids=name_of)
def test_json(block: Block) -> None:
    try:
        json.loads(block.code)
    except json.JSONDecodeError:
        assert all(json.loads(line) for line in block.code.splitlines())


def test_what_is_not_run_is_counted() -> None:
    """A block that joins them has a reason, and someone who saw it."""
    counted = Counter(block.page for block in ALL if block.not_run)
    assert counted == {
        "docs/datasets/chad.md": 1,
        "docs/export.md": 2,
        "docs/fuzzing.md": 1,
        "docs/pose_formats.md": 1,
        "docs/scaling.md": 1,
        "docs/setup.md": 1,
        "docs/supply_chain.md": 3,
        "docs/video.md": 1,
    }


def test_languages_are_those_that_are_tested() -> None:
    assert {block.language for block in ALL} == {"", "python", "sh", "json", "{toctree}"}
