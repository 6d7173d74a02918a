"""What has become of a row."""

from typing import NamedTuple

from stgnf_jax.reproduction.plan import Planned
from stgnf_jax.reproduction.results import Figures

DONE, MISSING, FAILED, WAITING = "done", "missing", "failed", "waiting"


class Outcome(NamedTuple):
    """A row with its figures, or with what is in the way of them.

    Attributes:
      planned: the row.
      figures: by their names; none where it was not run.
      status: `DONE`; `MISSING` where its data are; `FAILED`; `WAITING` for its turn.
      reason: what is missing, or how it failed.
    """

    planned: Planned
    figures: Figures
    status: str
    reason: str = ""
