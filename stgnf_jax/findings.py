"""What a check found."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from stgnf_jax.errors import InputError

Severity = Literal["error", "warning", "fact"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "fact")

# So many names stand in a message, the others are counted.
_NAMED = 5


class Finding(NamedTuple):
    """One thing that a check has to say.

    Attributes:
      severity: an `error` stops a command or makes its figures worthless, a `warning` may be meant
        so, a `fact` is what to compare with what one expects.
      place: the file, folder, clip or field.
      message: what is found there and, where something is wrong, what to do.
    """

    severity: Severity
    place: str
    message: str


def of_error(error: InputError) -> Finding:
    """An error as a finding."""
    place = error.file or error.field or ""
    return Finding("error", place, str(error).removeprefix(f"{place}: "))


def of_share(place: str, count: int, total: int, limit: float, message: str) -> list[Finding]:
    """A warning where `count` is more than the share `limit` of `total`, a fact where it is less.

    Args:
      place: of the finding.
      count: how many there are; nothing is found where there is none.
      total: of how many.
      limit: from 0 to 1.
      message: what they are, and what to do.
    """
    if not count:
        return []
    severity: Severity = "warning" if count > limit * total else "fact"
    return [Finding(severity, place, f"{100 * count / total:.2g} % ({count} of {total}) {message}")]


def one_a_place(findings: Iterable[Finding]) -> list[Finding]:
    """Of those at the same place the first, with the number of the others."""
    places: dict[str, list[Finding]] = {}
    for finding in findings:
        places.setdefault(finding.place, []).append(finding)
    return [
        first._replace(message=f"{first.message} (and {len(more)} more here)") if more else first
        for first, *more in places.values()
    ]


def listed(names: Iterable[str]) -> str:
    """The first names, and how many more there are."""
    every = list(names)
    more = f" and {len(every) - _NAMED} more" if len(every) > _NAMED else ""
    return ", ".join(every[:_NAMED]) + more
