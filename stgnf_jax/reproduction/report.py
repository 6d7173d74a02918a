"""The report of a reproduction: the paper's numbers beside ours, in Markdown and JSON."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from stgnf_jax import strict_json
from stgnf_jax.files import write_atomically
from stgnf_jax.reproduction.data_sets import DataSet
from stgnf_jax.reproduction.drawing import FOLDER, picture_name
from stgnf_jax.reproduction.experiments import EXPERIMENTS
from stgnf_jax.reproduction.outcome import DONE, FAILED, MISSING, WAITING, Outcome
from stgnf_jax.reproduction.paper import TABLE_1, TABLE_2, WHOLE, Published
from stgnf_jax.reproduction.plan import Given
from stgnf_jax.reproduction.text import NONE, number, over_seeds, signed, span, table

HEADINGS = (
    *("tested on", "row", "figure", "paper", "ours", "95 % interval"),
    *("seeds together", "95 % over clips", "note"),
)
PUBLISHED = {"table1": TABLE_1, "table2": TABLE_2}
PUBLISHED_HEADINGS = ("published", "AUC", "RBDC", "TBDC", "AUC on ShanghaiTech-HR")
INTRODUCTION = """# The paper's experiments, run again

All figures are percentages. *Ours* is the mean over the seeds, with their standard deviation and \
the 95 % interval of the mean (Student's t). *Seeds together* is the figure of their mean score, \
with its 95 % interval over clips (bootstrap). Bars in figures are the standard deviation over \
seeds. The paper gives one number, of one training; in brackets it is that of the same row on \
the paper's own data set."""
NO_BOXES = "needs boxes of abnormal events, --set=data.track_truth=FOLDER"
STATUS = {
    DONE: "run",
    WAITING: "not run yet",
    MISSING: "not run for lack of data",
    FAILED: "failed",
}


def write_report(outcomes: Sequence[Outcome], given: Given, out: str | os.PathLike[str]) -> None:
    """Writes `report.md` and `results.json` into `out`.

    Raises:
      InputError: a file cannot be written.
    """
    parts = [INTRODUCTION, _settings(given), _counts(outcomes)]
    for experiment, group in groupby(outcomes, lambda outcome: outcome.planned.experiment):
        parts += _section(experiment, list(group))
    _write(Path(out, "report.md"), "\n\n".join(parts))
    records = [_record(outcome) for outcome in outcomes]
    _write(Path(out, "results.json"), strict_json.dumps(records, indented=True))


def _write(file: Path, text: str) -> None:
    with write_atomically(file) as path:
        path.write_text(text + "\n", encoding="utf-8")


def _settings(given: Given) -> str:
    """How many seeds, and what of the data sets' configurations is not the default."""
    sets = [f"- `{data_set.name}`: {_changes(data_set)}" for data_set in given.data_sets.values()]
    return "\n".join([f"Seeds: {given.seeds}. Data sets:", "", *(sets or ["- none"])])


def _changes(data_set: DataSet) -> str:
    return ", ".join(f"`{field}={value}`" for field, value in data_set.changes.items())


def _counts(outcomes: Sequence[Outcome]) -> str:
    counts = Counter(outcome.status for outcome in outcomes)
    told = [f"{counts[status]} {text}" for status, text in STATUS.items() if counts[status]]
    return f"Rows: {', '.join(told)}."


def _section(experiment: str, outcomes: Sequence[Outcome]) -> list[str]:
    """Of one experiment: its title, table, the published numbers, and pictures."""
    place, title = EXPERIMENTS[experiment].place, EXPERIMENTS[experiment].title
    whole = {
        outcome.planned.row.tested_on: outcome for outcome in outcomes if outcome.planned.row.whole
    }
    lines = [line for outcome in _merged(outcomes) for line in _lines(outcome, whole)]
    parts = [f"## {place[0].upper()}{place[1:]} (`{experiment}`)", title, table(HEADINGS, lines)]
    if experiment in PUBLISHED:
        published = [_published(row) for row in PUBLISHED[experiment]]
        parts.append(table(PUBLISHED_HEADINGS, published))
    return parts + [f"![{title}]({FOLDER}/{name}.png)" for name in _pictures(experiment, outcomes)]


def _merged(outcomes: Sequence[Outcome]) -> Iterator[Outcome]:
    """One line for a curve's values that lack the same data, where the paper prints no number."""

    def key(outcome: Outcome) -> tuple[str, ...] | None:
        row = outcome.planned.row
        merges = outcome.status == MISSING and row.x is not None and not row.paper
        return (row.tested_on, row.statement, outcome.reason) if merges else None

    for shared, group in groupby(outcomes, key):
        together = list(group)
        if shared is None:
            yield from together
        else:
            planned = together[0].planned
            label = ", ".join(each.planned.row.label for each in together)
            row = planned.row._replace(label=label)
            yield together[0]._replace(planned=planned._replace(row=row))


def _lines(outcome: Outcome, whole: Mapping[str, Outcome]) -> list[list[str]]:
    """The lines of one row in a table, one a figure."""
    row = outcome.planned.row
    lines = []
    for name in row.measures:
        found, paper = outcome.figures.get(name), number(row.paper.get(name))
        if name in row.paper and row.tested_on not in WHOLE:
            paper = f"({paper})"
        ours = [NONE] * 4
        if found:
            over_clips = [number(found.together), span(found.clips)]
            ours = [over_seeds(found), span(found.interval), *over_clips]
        note = _note(outcome, name, whole.get(row.tested_on))
        lines.append([row.tested_on, row.label, name, paper, *ours, note])
    return lines


def _note(outcome: Outcome, name: str, whole: Outcome | None) -> str:
    statement = outcome.planned.row.statement
    told = [f"paper: {statement}"] if statement else []
    if outcome.status != DONE:
        status = "not run" if outcome.status == MISSING else STATUS[outcome.status]
        told.append(f"{status}: {outcome.reason}" if outcome.reason else status)
    elif name not in outcome.figures:
        told.append(NO_BOXES)
    elif whole:
        told.append(_difference(outcome, name, whole))
    return "; ".join(filter(None, told))


def _difference(outcome: Outcome, name: str, whole: Outcome) -> str:
    """By how much a row differs from the whole method on the same data set, here and there."""
    if outcome is whole or name not in whole.figures:
        return ""
    ours = outcome.figures[name].mean - whole.figures[name].mean
    paper, papers_whole = (each.planned.row.paper.get(name) for each in (outcome, whole))
    there = ""
    if paper is not None and papers_whole is not None:
        there = f", paper {signed(paper - papers_whole)}"
    return f"{signed(ours)} against “{whole.planned.row.label}”{there}"


def _published(row: Published) -> list[str]:
    supervised = ", supervised" if row.supervised else ""
    printed = (row.auc, row.rbdc, row.tbdc, row.auc_hr)
    figures = [NONE if value is None else str(value) for value in printed]
    return [f"{row.method}{supervised}", *figures]


def _pictures(experiment: str, outcomes: Sequence[Outcome]) -> list[str]:
    """The names of the pictures that there are."""
    done = [outcome.planned.row.tested_on for outcome in outcomes if outcome.status == DONE]
    drawn = EXPERIMENTS[experiment].pictures
    of_tests = [picture_name(experiment, on, picture) for on in done for picture in drawn]
    return of_tests + ([experiment] if done and EXPERIMENTS[experiment].axis else [])


def _record(outcome: Outcome) -> dict[str, Any]:
    planned, row = outcome.planned, outcome.planned.row
    return {
        "experiment": planned.experiment,
        "place": EXPERIMENTS[planned.experiment].place,
        "row": row.label,
        "trained_on": row.trained_on,
        "second": row.second,
        "tested_on": row.tested_on,
        "changes": dict(row.changes),
        "x": row.x,
        "paper": dict(row.paper) if row.tested_on in WHOLE else {},
        "run": planned.run,
        "status": outcome.status,
        "reason": outcome.reason,
        "figures": {
            name: figure._asdict()
            | {"mean": figure.mean, "std": figure.std, "interval": figure.interval}
            for name, figure in outcome.figures.items()
        },
    }
