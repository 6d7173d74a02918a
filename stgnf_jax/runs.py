"""The training runs below a folder, to be compared."""

import os
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

from stgnf_jax.config_fields import flatten
from stgnf_jax.errors import InputError
from stgnf_jax.metrics_file import METRICS_FILE, load_metrics
from stgnf_jax.run_summary import SUMMARY_FILE, Summary, load_summary

# Levels of folders that are searched.
DEPTH = 4
DAMAGED = "damaged"


class Run(NamedTuple):
    """What a table says of one run; None where it is not known.

    Attributes:
      name: its folder, below the one that was searched.
      status: of its summary, or `DAMAGED`.
      config: the fields of its configuration, as SECTION.FIELD; none where it cannot be read.
      seed: of the first member.
      members: flows trained at once.
      epochs: done.
      loss: bits per dimension.
      held_out_nll: the best, bits per dimension.
      auc: frame-level micro AUC.
      auc_std: standard deviation of its members' AUCs.
      average_precision: of frames, abnormal ones being what is to be found.
      windows_per_second: over the whole run.
      updated: UTC, ISO 8601.
      message: what is wrong with the run or its files; "" where nothing is.
    """

    name: str
    status: str
    config: dict[str, Any]
    seed: int | None = None
    members: int | None = None
    epochs: int | None = None
    loss: float | None = None
    held_out_nll: float | None = None
    auc: float | None = None
    auc_std: float | None = None
    average_precision: float | None = None
    windows_per_second: float | None = None
    updated: str | None = None
    message: str = ""


# What runs can be sorted by; True where the highest comes first.
SORT_FIELDS = {
    "name": False,
    "status": False,
    "seed": False,
    "members": False,
    "epochs": True,
    "loss": False,
    "held_out_nll": False,
    "auc": True,
    "average_precision": True,
    "windows_per_second": True,
    "updated": True,
}


def load_runs(folder: str | os.PathLike[str], sort: str = "name") -> list[Run]:
    """The runs at most `DEPTH` levels below a folder, sorted by a field of `SORT_FIELDS`.

    Runs that lack the field, or have NaN there, come last. One whose files are damaged is
    there, and says so.

    Raises:
      InputError: there is no such folder, or no run in it.
    """
    found = [load_run(Path(folder), path) for path in _find(Path(folder))]
    if not found:
        raise InputError(
            f"holds no runs: no folder with a {SUMMARY_FILE} at most {DEPTH} levels down",
            file=folder,
        )
    value = attrgetter(sort)
    found.sort(key=attrgetter("name"))
    known = [run for run in found if value(run) is not None and value(run) == value(run)]
    unknown = [run for run in found if value(run) is None or value(run) != value(run)]
    return sorted(known, key=value, reverse=SORT_FIELDS[sort]) + unknown


def load_run(folder: Path, path: Path) -> Run:
    """The run in `path`, named by where that is below `folder`."""
    name = path.relative_to(folder).as_posix()
    try:
        summary = load_summary(path)
    except InputError as error:
        return Run(name, DAMAGED, {}, message=str(error))
    run = _of_summary(name, summary)
    try:
        return _with_figures(run, path)
    except InputError as error:
        return run._replace(message="; ".join(filter(None, (run.message, str(error)))))


def differing_fields(runs: list[Run]) -> list[str]:
    """The configuration's fields that are not the same in all runs that can be read."""
    configs = [run.config for run in runs if run.status != DAMAGED]
    names = sorted({name for config in configs for name in config})
    return [name for name in names if len({repr(config.get(name)) for config in configs}) > 1]


def _find(folder: Path) -> list[Path]:
    """The folders with a summary; nothing is searched twice, nor within a run."""
    runs, seen = [], set()
    for place, inner, files in os.walk(folder, followlinks=True):
        path, real = Path(place), os.path.realpath(place)
        if SUMMARY_FILE in files and real not in seen:
            runs.append(path)
        if SUMMARY_FILE in files or real in seen or len(path.relative_to(folder).parts) >= DEPTH:
            inner.clear()
        inner.sort()
        seen.add(real)
    return runs


def _of_summary(name: str, summary: Summary) -> Run:
    return Run(
        name=name,
        status=summary.status,
        config=flatten(summary.config),
        seed=summary.seed,
        members=summary.members,
        epochs=summary.epochs,
        loss=summary.loss,
        held_out_nll=summary.held_out_nll,
        windows_per_second=summary.windows_per_second,
        updated=summary.updated,
        message=summary.message,
    )


def _with_figures(run: Run, folder: Path) -> Run:
    """A run with the figures of its evaluation, where there was one."""
    metrics = load_metrics(folder)
    if metrics is None:
        return run
    try:
        return run._replace(
            auc=float(metrics["auc_micro"]),
            auc_std=_known(metrics.get("auc_micro_std")),
            average_precision=_known(metrics.get("average_precision")),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            "holds no auc_micro; evaluate again", file=folder / METRICS_FILE
        ) from error


def _known(figure: Any) -> float | None:
    return None if figure is None else float(figure)
