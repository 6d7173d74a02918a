"""Runs experiments of the paper row by row, and keeps a report of what there is so far."""

import os
from collections.abc import Callable, Iterable, Sequence
from itertools import compress

from stgnf_jax.errors import InputError
from stgnf_jax.reproduction.drawing import draw_curve
from stgnf_jax.reproduction.outcome import DONE, FAILED, MISSING, WAITING, Outcome
from stgnf_jax.reproduction.plan import Given, Planned, plan
from stgnf_jax.reproduction.report import write_report
from stgnf_jax.reproduction.running import finished, run
from stgnf_jax.reproduction.text import figures_text


def reproduce(
    experiments: Sequence[str],
    given: Given,
    out: str | os.PathLike[str],
    tell: Callable[[str], None],
) -> list[Outcome]:
    """Runs experiments and keeps `report.md`, `results.json` and `figures/` in `out` up to date.

    What was run there before is not run again, and an interrupted training goes on. A row that
    fails, or lacks its data, says so in the report, and the others go on.

    Args:
      experiments: names in `experiments.EXPERIMENTS`.
      given: the data sets, and how many seeds.
      out: the folder.
      tell: is told what has become of each row that was run.

    Raises:
      InputError: a data set's configuration is wrong, or the report cannot be written.
      Stopped: on SIGTERM, when all is saved.
    """
    outcomes = [_before(planned, out) for planned in plan(experiments, given)]
    _show(outcomes, experiments, given, out)
    waiting = {_key(each.planned): each.planned for each in outcomes if each.status == WAITING}
    for number, (key, planned) in enumerate(waiting.items(), start=1):
        became = _attempt(planned, out)
        same = [_key(each.planned) == key for each in outcomes]
        outcomes = [
            became._replace(planned=each.planned) if is_same else each
            for each, is_same in zip(outcomes, same, strict=True)
        ]
        changed = {each.planned.experiment for each in compress(outcomes, same)}
        _show(outcomes, changed, given, out)
        result = became.reason or figures_text(became.figures)
        tell(f"{number}/{len(waiting)} {planned.run} on {planned.test_name}: {result}")
    return outcomes


def _show(
    outcomes: Sequence[Outcome],
    changed: Iterable[str],
    given: Given,
    out: str | os.PathLike[str],
) -> None:
    """Draws the curves of the experiments that changed, and writes the report."""
    for experiment in changed:
        draw_curve(experiment, [o for o in outcomes if o.planned.experiment == experiment], out)
    write_report(outcomes, given, out)


def _key(planned: Planned) -> tuple[str, str]:
    """The same for rows that need the same training and the same test of it."""
    return planned.run, planned.test_name


def _before(planned: Planned, out: str | os.PathLike[str]) -> Outcome:
    if planned.missing:
        return Outcome(planned, {}, MISSING, planned.missing)
    figures = finished(planned, out)
    return Outcome(planned, figures or {}, DONE if figures else WAITING)


def _attempt(planned: Planned, out: str | os.PathLike[str]) -> Outcome:
    try:
        return Outcome(planned, run(planned, out), DONE)
    except InputError as error:
        return Outcome(planned, {}, FAILED, str(error))
