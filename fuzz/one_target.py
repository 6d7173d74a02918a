"""One target under libFuzzer, in this process: what it is given, and what comes of it."""

import json
import random
import resource
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
# What one input may take: of the processor, and of memory.
SECONDS, MEGABYTES = 5, 1024
# Seconds on the clock, of which a busy machine takes most.
_HANGS = 120
_LONGEST = 2**16


def fuzz_target(name: str, inputs: int, out: Path, seed: int) -> None:
    """Gives a target mutated inputs, guided by the lines that they reach; ends the process.

    A finding is kept in `out` and the next input follows, but for one that takes too long or ends
    the process itself. `out/NAME.json` counts inputs and outcomes.

    Args:
      name: of the target.
      inputs: how many.
      out: folder for what comes of it.
      seed: of the mutations.
    """
    import atheris  # noqa: PLC0415  # only where it is used: it is in no lock of the package

    with atheris.instrument_imports(include=["stgnf_jax"]):
        from fuzz.mutation import mutated  # noqa: PLC0415
        from fuzz.targets import TARGETS  # noqa: PLC0415

    kept = [path.read_bytes() for path in sorted((CORPUS / name).iterdir())]

    def mutate(raw: bytes, most: int, number: int) -> bytes:
        rng = random.Random(number)
        if rng.random() < 0.1:
            return bytes(atheris.Mutate(raw, most))
        # What is no JSON any more will not become it again.
        return mutated(rng.choice((raw, rng.choice(kept))), rng)[:most]

    with tempfile.TemporaryDirectory() as scratch:
        read = TARGETS[name](Path(scratch))
        for raw in kept:
            outcome(read, raw)  # imports and compiles what it needs
        found = out / "corpus" / name
        found.mkdir(parents=True, exist_ok=True)
        most = _peak() + MEGABYTES
        limits = [f"-runs={inputs}", f"-timeout={_HANGS}", f"-rss_limit_mb={most}"]
        options = [*limits, f"-max_len={_LONGEST}", "-len_control=0", f"-seed={seed}"]
        options += [f"-artifact_prefix={out}/{name}-"]
        atheris.Setup(
            [sys.argv[0], *options, str(found), str(CORPUS / name)],
            _counting(read, out / name, inputs),
            custom_mutator=mutate,
        )
        atheris.Fuzz()


def _peak() -> int:
    """The most memory that this process has had, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _counting(read: Callable[[bytes], object], out: Path, inputs: int) -> Callable[[bytes], None]:
    """The target that notes what comes of each input, and writes it down now and again."""
    outcomes: Counter[str] = Counter()

    def one(raw: bytes) -> None:
        before, start = _peak(), time.process_time()
        found = outcome(read, raw)
        if time.process_time() > start + SECONDS:
            found = f"finding time, {found}"
        if _peak() > before + MEGABYTES:
            found = f"finding memory, {found}"
        outcomes[found] += 1
        if found.startswith("finding") and outcomes[found] == 1:
            kept = sum(one.startswith("finding") for one in outcomes)
            out.with_name(f"{out.name}-finding-{kept}").write_bytes(raw)
        total = outcomes.total()
        if total % 1000 == 0 or total >= inputs or outcomes[found] == 1:
            out.with_suffix(".json").write_text(json.dumps(outcomes.most_common(), indent=1))

    return one


def outcome(read: Callable[[bytes], object], raw: bytes) -> str:
    """What a reader makes of an input: what it gives, where it refuses it, or a finding."""
    from fuzz.targets import REFUSALS  # noqa: PLC0415

    try:
        return f"gives {type(read(raw)).__name__}"
    except REFUSALS as error:
        return f"refused {_place(error)}"
    except Exception as error:
        return f"finding {_place(error)}"


def _place(error: BaseException) -> str:
    """The kind of an error and the line that it comes from."""
    while isinstance(error.__cause__, type(error)):
        error = error.__cause__
    lines = [
        f"{Path(frame.f_code.co_filename).name}:{line}"
        for frame, line in traceback.walk_tb(error.__traceback__)
        if "stgnf_jax" in frame.f_code.co_filename
    ]
    return f"{type(error).__name__} {lines[-1] if lines else '?'}"
