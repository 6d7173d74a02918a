"""What an experiment of the paper is made of."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from stgnf_jax.reproduction.paper import AUC

Changes = Mapping[str, Any]
NOTHING: Changes = {}


class Row(NamedTuple):
    """One row of a table, or one value of a curve.

    Attributes:
      label: what a table calls it.
      trained_on: name of a data set.
      tested_on: name of a data set.
      changes: the fields in which the training differs from `trained_on`'s.
      second: name of a data set that is used in training too; "" for none.
      test_changes: the fields in which the test differs from `tested_on`'s.
      measures: the figures that are taken.
      paper: the paper's numbers, by figure, in percent; of a user's own set those of the row that
        it repeats.
      x: the value on the curve's axis; None in a table.
      statement: what the paper says where it gives no number.
      weights: name in `paper_rows.WEIGHTS` of what is tested in place of a training; "" for one.
      whole: whether it is the whole method, which the others of its experiment are compared with.
      own: the changes when it is repeated on a user's own set, which then stands for all sets in
        it; None where it is not repeated.
    """

    label: str
    trained_on: str
    tested_on: str
    changes: Changes = NOTHING
    second: str = ""
    test_changes: Changes = NOTHING
    measures: tuple[str, ...] = (AUC,)
    paper: Mapping[str, float] = NOTHING
    x: float | None = None
    statement: str = ""
    weights: str = ""
    whole: bool = False
    own: Changes | None = None


class Experiment(NamedTuple):
    """One table or figure of the paper, or one ablation of its text.

    Attributes:
      place: in the paper.
      title: what it is about.
      rows: on the paper's data sets.
      axis: of a curve, what `Row.x` is; "" for a table.
      pictures: names in `drawing.PICTURES` of what is drawn of each row.
    """

    place: str
    title: str
    rows: tuple[Row, ...]
    axis: str = ""
    pictures: tuple[str, ...] = ()
