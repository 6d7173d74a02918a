"""The figures of an evaluation on disk, read without NumPy, so that runs are listed at once."""

from pathlib import Path
from typing import Any

import orjson

from stgnf_jax.errors import InputError
from stgnf_jax.format_version import migrated

METRICS_FILE = "metrics.json"


def load_metrics(folder: Path) -> dict[str, Any] | None:
    """The figures that `save_metrics` wrote into a folder; none where there is no such file.

    Raises:
      InputError: it is damaged.
    """
    file = folder / METRICS_FILE
    if not file.exists():
        return None
    try:
        metrics = orjson.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read ({error}); evaluate again", file=file) from error
    if not isinstance(metrics, dict):
        raise InputError("does not hold figures; evaluate again", file=file)
    return migrated(metrics, file)
