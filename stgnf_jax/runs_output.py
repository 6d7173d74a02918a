"""Training runs as tables for people, and as CSV and JSON for programs."""

import csv
from collections.abc import Callable
from typing import Any, TextIO

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from stgnf_jax import strict_json
from stgnf_jax.config_fields import flatten
from stgnf_jax.runs import Run, differing_fields

# Where there is no terminal, no line is cut or folded below this width.
WIDTH_ELSEWHERE = 1000


def print_tables(runs: list[Run], out: TextIO) -> None:
    """A row for each run, what is wrong with them, and in what their configurations differ."""
    console = Console(file=out, highlight=False)
    if not console.is_terminal:
        console.width = WIDTH_ELSEWHERE
    console.print(_table_of_runs(runs))
    for run in runs:
        if run.message:
            console.print(Text(f"{run.name}: {run.message}"))
    if differing_fields(runs):
        console.print(_table_of_differences(runs))
    elif len(runs) > 1:
        console.print("the configurations are the same")


def print_csv(runs: list[Run], out: TextIO) -> None:
    """A row for each run, with the fields of its configuration."""
    rows = [_flat(run) for run in runs]
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(out, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


def print_json(runs: list[Run], out: TextIO) -> None:
    """A list with an object for each run."""
    print(strict_json.dumps([run._asdict() for run in runs], indented=True), file=out)


OUTPUTS: dict[str, Callable[[list[Run], TextIO], None]] = {
    "table": print_tables,
    "csv": print_csv,
    "json": print_json,
}


def _flat(run: Run) -> dict[str, Any]:
    row = run._asdict()
    return row | flatten({"config": row.pop("config")})


def _table(headings: list[str], rows: list[list[str]], foldable: bool) -> Table:
    """Numbers to the right; what is too wide for a terminal folds names, and cells if it may."""
    table = Table(box=SIMPLE_HEAD, padding=0, pad_edge=False)
    for i, heading in enumerate(headings):
        table.add_column(
            Text(heading),
            justify="right" if i else "left",
            overflow="fold",
            no_wrap=bool(i) and not foldable,
        )
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def _table_of_runs(runs: list[Run]) -> Table:
    headings = [
        *("run", "status", "seed", "flows", "epoch", "loss", "held\nout", "AUC", "AP", "win/s"),
        "last (UTC)",
    ]
    rows = [
        [
            run.name,
            run.status,
            _number(run.seed),
            _number(run.members),
            _number(run.epochs),
            _number(run.loss, ".4f"),
            _number(run.held_out_nll, ".4f"),
            _auc(run),
            _percent(run.average_precision),
            _number(run.windows_per_second, ",.0f"),
            (run.updated or "")[5:16].replace("T", " "),
        ]
        for run in runs
    ]
    return _table(headings, rows, foldable=False)


def _table_of_differences(runs: list[Run]) -> Table:
    rows = [
        [name, *(str(run.config.get(name, "")) for run in runs)] for name in differing_fields(runs)
    ]
    return _table(["configuration", *(run.name for run in runs)], rows, foldable=True)


def _auc(run: Run) -> str:
    spread = "" if run.auc_std is None else f" ± {100 * run.auc_std:.1f}"
    return _percent(run.auc) + spread


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f}"


def _number(value: float | None, form: str = "") -> str:
    return "" if value is None else format(value, form)
