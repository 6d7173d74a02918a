"""The paper's experiments on the data sets that a user has."""

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter

import numpy as np

from stgnf_jax.reproduction.experiments import EXPERIMENTS
from stgnf_jax.reproduction.paper import WHOLE
from stgnf_jax.reproduction.paper_rows import cross_rows
from stgnf_jax.reproduction.rows import NOTHING, Row


def rows_of(experiment: str, given: Sequence[str], curve_values: int = 0) -> tuple[Row, ...]:
    """The rows of an experiment: the paper's, and the same on a user's own data sets.

    Args:
      experiment: a name in `EXPERIMENTS`.
      given: names of the data sets that there are; those that are not the paper's are one's own.
      curve_values: how many values a curve has beside the whole method's, evenly chosen from the
        first to the last; 0 for all.
    """
    rows = EXPERIMENTS[experiment].rows
    if EXPERIMENTS[experiment].axis and curve_values:
        rows = _thinned(rows, curve_values)
    own = [name for name in given if name not in WHOLE]
    repeated = [_repeat(row, name) for name in own for row in rows if row.own is not None]
    return (*rows, *repeated, *(_crossed(given, own) if experiment == "table3" else ()))


def _thinned(rows: Sequence[Row], count: int) -> tuple[Row, ...]:
    """So many values of each curve, and the whole method's."""
    kept: set[str] = set()
    for _, curve in groupby(rows, attrgetter("tested_on")):
        others = [row.label for row in curve if not row.whole]
        places = np.linspace(0, len(others) - 1, min(count, len(others))).round().astype(int)
        kept |= {others[place] for place in places}
    return tuple(row for row in rows if row.whole or row.label in kept)


def _repeat(row: Row, name: str) -> Row:
    """The row on another data set; the paper's numbers stay, to be compared with."""
    return row._replace(
        trained_on=name,
        tested_on=name,
        second=name if row.second else "",
        changes=row.own or NOTHING,
    )


def _crossed(given: Sequence[str], own: Sequence[str]) -> list[Row]:
    """Table 3 for all pairs of data sets that the paper does not have."""
    pairs = [(on, other) for on in given for other in given if on != other and {on, other} & {*own}]
    return [row for on, other in pairs for row in cross_rows(on, other)]
