"""Results that are there already: a command says that it replaces them."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from stgnf_jax.cli import COMMANDS, Command, _run


def test_earlier_results_are_told_of_before_they_are_replaced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(_: object, file: str) -> None:
        Path(file).touch()
        print("done")

    file = tmp_path / "alarms.json"
    command = Command("", run, (), ("FILE",), writes=lambda _, name: name)
    _run("alarms", command, [str(file)])
    assert capsys.readouterr() == ("done\n", "")
    os.utime(file, (1.7e9, 1.7e9))
    _run("alarms", command, [str(file)])
    printed, told = capsys.readouterr()
    assert told.startswith(f"stgnf alarms: will replace {file} of 2023-11-1")
    assert told.count("\n") == printed.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "arguments", "file"),
    [
        ("score", (), "OUT/scores.npz"),
        ("evaluate", (), "OUT/scores.npz"),
        ("alarms", ("RUN",), "RUN/alarms.json"),
        ("report", ("RUN",), "OUT"),
    ],
)
def test_what_commands_replace(name: str, arguments: tuple[str, ...], file: str) -> None:
    writes = COMMANDS[name].writes
    assert writes is not None
    assert writes(SimpleNamespace(out="OUT"), *arguments) == file
    if name == "report":
        assert writes(SimpleNamespace(out=""), *arguments) == "RUN/report.html"
