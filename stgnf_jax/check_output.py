"""What a check found, for people and for programs."""

from collections.abc import Callable, Sequence
from typing import TextIO

from stgnf_jax import strict_json
from stgnf_jax.findings import SEVERITIES, Finding


def print_text(findings: Sequence[Finding], out: TextIO) -> None:
    """Errors, warnings and facts, each under its heading, a line each."""
    for severity in SEVERITIES:
        found = [finding for finding in findings if finding.severity == severity]
        if found or severity != "fact":
            print(f"{len(found)} {severity}{'' if len(found) == 1 else 's'}", file=out)
        for finding in found:
            print(f"  {finding.place}: {finding.message}", file=out)


def print_json(findings: Sequence[Finding], out: TextIO) -> None:
    """A list with an object for each, with `severity`, `place` and `message`."""
    print(strict_json.dumps([finding._asdict() for finding in findings], indented=True), file=out)


OUTPUTS: dict[str, Callable[[Sequence[Finding], TextIO], None]] = {
    "text": print_text,
    "json": print_json,
}
