import csv
import io
import json

import pytest

from stgnf_jax.runs import DAMAGED, Run
from stgnf_jax.runs_output import OUTPUTS

RUNS = [
    Run(
        name="sweep/[red]a",
        status="finished",
        config={"seed": 3, "model.radius": 3.0},
        seed=3,
        members=8,
        epochs=10,
        loss=1.23456,
        held_out_nll=float("nan"),
        auc=0.85567,
        auc_std=0.0123,
        average_precision=0.7012,
        windows_per_second=12345.6,
        updated="2026-01-02T03:04:05+00:00",
    ),
    Run("b", DAMAGED, {}, message="b/summary.json: cannot be read"),
    Run("c", "running", {"seed": 4, "model.radius": 3.0}, seed=4, auc=0.5),
]


def printed(output: str, runs: list[Run]) -> str:
    OUTPUTS[output](runs, out := io.StringIO())
    return out.getvalue()


def test_tables() -> None:
    lines = [" ".join(line.split()) for line in printed("table", RUNS).splitlines()]
    assert [line for line in lines if line.strip("─")] == [
        "held",
        "run status seed flows epoch loss out AUC AP win/s last (UTC)",
        "sweep/[red]a finished 3 8 10 1.2346 nan 85.6 ± 1.2 70.1 12,346 01-02 03:04",
        "b damaged",
        "c running 4 50.0",
        "b: b/summary.json: cannot be read",
        "configuration sweep/[red]a b c",
        "seed 3 4",
    ]


def test_nothing_is_cut_where_there_is_no_terminal() -> None:
    name, message = "n" * 300, "m" * 300
    text = printed("table", [RUNS[0]._replace(name=name, message=message)])
    assert name in text
    assert message in text


def test_in_a_narrow_terminal_only_names_are_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"TTY_COMPATIBLE": "1", "COLUMNS": "80", "NO_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TERM", "dumb")
    run = RUNS[0]._replace(name="sweeps/learning_rate/1e-3/seed0", config={})
    lines = printed("table", [run]).splitlines()
    assert max(map(len, lines)) <= 80
    assert any(
        "finished" in line and "85.6 ± 1.2 70.1 12,346 01-02 03:04" in line for line in lines
    )


def test_the_same_configurations() -> None:
    assert printed("table", [RUNS[0], RUNS[0]]).endswith("\nthe configurations are the same\n")
    assert "configuration" not in printed("table", RUNS[:1])


def test_csv() -> None:
    first, damaged, last = csv.DictReader(io.StringIO(printed("csv", RUNS)))
    assert first["name"] == "sweep/[red]a"
    assert first["loss"] == "1.23456"
    assert first["config.seed"] == "3"
    assert damaged["status"] == "damaged"
    assert damaged["config.seed"] == damaged["loss"] == ""
    assert last["config.model.radius"] == "3.0"


def test_json() -> None:
    first, damaged, _ = json.loads(printed("json", RUNS), parse_constant=lambda _: 1 / 0)
    assert first["held_out_nll"] == "NaN"
    assert first["config"] == {"seed": 3, "model.radius": 3.0}
    assert damaged["loss"] is None
