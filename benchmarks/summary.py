"""The tables of several benchmarks as one Markdown page, and all their figures as one JSON.

    python benchmarks/summary.py OUT scoring_1 training cold live growth

reads OUT/scoring_1.json and so on, as the benchmarks write them.
"""

import json
import sys
from pathlib import Path


def main(folder: str, *names: str) -> None:
    """Writes benchmarks.md and benchmarks.json into the folder."""
    out = Path(folder)
    found = {name: json.loads((out / f"{name}.json").read_text("utf-8")) for name in names}
    parts = [f"### {part['title']}\n\n{part['table']}\n" for part in found.values()]
    loads = ", ".join(f"{part['machine'].pop('load'):.1f} after {n}" for n, part in found.items())
    machine = ", ".join(f"{name} {value}" for name, value in found[names[0]]["machine"].items())
    (out / "benchmarks.md").write_text("\n".join([*parts, f"{machine}. Load: {loads}.\n"]), "utf-8")
    (out / "benchmarks.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    print(f"{out / 'benchmarks.md'} and benchmarks.json are written")


if __name__ == "__main__":
    main(*sys.argv[1:])
