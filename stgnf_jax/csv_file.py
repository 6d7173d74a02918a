"""A CSV file, written whole or not at all."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from stgnf_jax.files import write_atomically


def save_csv(path: Path, fields: Iterable[str], rows: Iterable[Iterable[Any]]) -> None:
    """Writes a line of names, then one a row; None is an empty cell.

    Raises:
      InputError: the file cannot be written.
    """
    with (
        write_atomically(path) as partial,
        open(partial, "w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(fields)
        writer.writerows(rows)
