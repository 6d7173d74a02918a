"""The figures of an evaluation on disk, read without NumPy, so that runs are listed at once."""

from pathlib import Path
from typing import Any

from stgnf_jax.format_version import migrated
from stgnf_jax.strict_json import read_object

METRICS_FILE = "metrics.json"


def load_metrics(folder: Path) -> dict[str, Any] | None:
    """The figures that `save_metrics` wrote into a folder; none where there is no such file.

    Raises:
      InputError: it is damaged.
    """
    file = folder / METRICS_FILE
    if not file.exists():
        return None
    return migrated(read_object(file, "figures", "evaluate again"), file)
