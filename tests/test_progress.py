import io
import re
import sys

import pytest

from stgnf_jax.progress import training_progress
from stgnf_jax.run_log import Record


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr("time.monotonic", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.delenv("TTY_COMPATIBLE", raising=False)
    return Clock(monkeypatch)


def run(clock: Clock, seconds_a_step: float, steps: range, epochs: int) -> None:
    per_epoch = steps.stop // epochs
    with training_progress(epochs, per_epoch, steps.start) as report:
        for step in steps:
            clock.now += seconds_a_step
            report(Record(step, step // per_epoch, loss=[1.0, 2.0], windows_per_second=12345.6))


def test_lines_where_there_is_no_terminal(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    run(clock, 4.0, range(9), epochs=3)
    printed = capsys.readouterr()
    assert printed.err.splitlines() == [
        "epoch 1/3, step 3/9, loss 1.5000, 12,346 windows/s, 0:00:24 left",
        "epoch 2/3, step 6/9, loss 1.5000, 12,346 windows/s, 0:00:12 left",
        "epoch 3/3, step 9/9, loss 1.5000, 12,346 windows/s, 0:00:00 left",
    ]
    assert not printed.out


def test_a_resumed_training(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    run(clock, 6.0, range(4, 8), epochs=2)
    first, last = capsys.readouterr().err.splitlines()
    assert first.startswith("epoch 2/2, step 6/8, ")
    assert first.endswith(", 0:00:12 left")
    assert last.startswith("epoch 2/2, step 8/8, ")


def test_a_quick_training_is_one_line(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    run(clock, 0.01, range(500), epochs=5)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("epoch 5/5, step 500/500, ")


def test_a_long_training_fills_no_file(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    run(clock, 10.0, range(20_000), epochs=10)  # two days and a third
    lines = capsys.readouterr().err.splitlines()
    assert 300 < len(lines) < 600


def test_the_end_of_an_epoch(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with training_progress(1, 1) as report:
        clock.now += 1
        report(Record(0, 0, held_out_nll=[0.25, 0.75]))
    assert capsys.readouterr().err == "epoch 1/1, step 1/1, held out 0.5000, 0:00:00 left\n"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_in_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"TERM": "xterm", "COLUMNS": "80", "TTY_COMPATIBLE": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with training_progress(12, 1000) as report:
        report(Record(10_999, 10, loss=[1.5], windows_per_second=212345.6))
    shown = re.sub(r"\x1b\[[\d;?]*\w", "", terminal.getvalue())
    last = shown.strip().splitlines()[-1].strip()
    assert re.fullmatch(
        r"epoch 11/12 ━+╺ 11000/12000 loss 1\.5000, 212,346 windows/s [-:\d]+", last
    )
    assert len(last) <= 80
