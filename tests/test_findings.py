import io
import json

from stgnf_jax.check_output import OUTPUTS
from stgnf_jax.errors import InputError
from stgnf_jax.findings import Finding, listed, of_error, of_share, one_a_place

FINDINGS = [
    Finding("error", "a.json", "is not JSON"),
    Finding("warning", "gt", "{} [red]"),
    Finding("warning", "pose", "50 % of it"),
]


def printed(output: str, findings: list[Finding]) -> str:
    OUTPUTS[output](findings, out := io.StringIO())
    return out.getvalue()


def test_text() -> None:
    assert printed("text", FINDINGS) == (
        "1 error\n  a.json: is not JSON\n2 warnings\n  gt: {} [red]\n  pose: 50 % of it\n"
    )
    fact = Finding("fact", "pose", "3 clips")
    assert printed("text", [fact]) == "0 errors\n0 warnings\n1 fact\n  pose: 3 clips\n"


def test_json() -> None:
    first = {"severity": "error", "place": "a.json", "message": "is not JSON"}
    found = json.loads(printed("json", FINDINGS))
    assert found[0] == first
    assert len(found) == 3
    assert printed("json", []) == "[]\n"


def test_an_error_by_its_place() -> None:
    error = InputError("is 'x'", file="a.json", person=3, frame=4, field="scores")
    assert of_error(error) == Finding("error", "a.json", "person 3: frame 4: scores: is 'x'")
    error = InputError("must be 1", field="config.seed")
    assert of_error(error) == Finding("error", "config.seed", "must be 1")


def test_a_share_is_a_warning_above_its_limit() -> None:
    assert of_share("p", 0, 10, 0.5, "are bad") == []
    assert of_share("p", 0, 0, 0.5, "are bad") == []
    assert of_share("p", 5, 10, 0.5, "are bad") == [Finding("fact", "p", "50 % (5 of 10) are bad")]
    (more,) = of_share("p", 6, 10, 0.5, "are bad")
    assert more == Finding("warning", "p", "60 % (6 of 10) are bad")


def test_one_finding_a_place() -> None:
    found = [Finding("error", place, message) for place, message in ("ax", "by", "az", "aw")]
    assert one_a_place(found) == [
        Finding("error", "a", "x (and 2 more here)"),
        Finding("error", "b", "y"),
    ]


def test_five_names_are_listed() -> None:
    assert listed("abcde") == "a, b, c, d, e"
    assert listed("abcdefg") == "a, b, c, d, e and 2 more"
