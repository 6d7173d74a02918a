"""Readers refuse what nobody would write with an error of theirs; the long run is `fuzz.run`."""

import random
from collections import Counter
from pathlib import Path

import pytest

from fuzz.mutation import mutated
from fuzz.one_target import CORPUS, outcome
from fuzz.shares import SHARES
from fuzz.targets import TARGETS

INPUTS = 200


def test_every_target_has_inputs() -> None:
    assert {path.name for path in CORPUS.iterdir()} == set(TARGETS)


@pytest.mark.parametrize("name", TARGETS)
def test_the_corpus_and_some_hundred_mutated_inputs(tmp_path: Path, name: str) -> None:
    read, rng = TARGETS[name](tmp_path), random.Random(name)
    kept = [path.read_bytes() for path in sorted((CORPUS / name).iterdir())]
    count = round(INPUTS * SHARES.get(name, 1.0))
    made = (mutated(rng.choice(kept), rng) for _ in range(count))
    found = Counter(outcome(read, raw) for raw in (*kept, *made))
    assert [one for one in found if one.startswith("finding")] == []
    assert any(one.startswith("gives") for one in found)


def test_another_error_is_a_finding() -> None:
    def read(raw: bytes) -> bytes:
        return {b"a": raw}[raw]

    assert outcome(read, b"a") == "gives bytes"
    assert outcome(read, b"b").startswith("finding KeyError")
