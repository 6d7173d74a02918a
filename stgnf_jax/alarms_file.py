"""The alarms of a folder as `alarms.json`, and the pictures that it names."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from stgnf_jax.files import write_atomically
from stgnf_jax.strict_json import dumps

ALARMS_FILE = "alarms.json"
# Of the pictures, in the folder of the scores.
PICTURES = "alarms"


def save_alarms(folder: Path, document: Mapping[str, Any]) -> None:
    """Writes `alarms.json`, and removes the pictures that only the earlier one there names.

    Raises:
      InputError: it cannot be written.
    """
    file = folder / ALARMS_FILE
    earlier = _pictures(folder)
    with write_atomically(file) as partial:
        partial.write_text(dumps(document, indented=True) + "\n", encoding="utf-8")
    for picture in earlier - _pictures(folder):
        picture.unlink(missing_ok=True)


def _pictures(folder: Path) -> set[Path]:
    """The pictures that `alarms.json` names, in their folder; none where that cannot be read."""
    try:
        entries = orjson.loads((folder / ALARMS_FILE).read_bytes())["alarms"]
        names = [entry["explanation"]["picture"] for entry in entries if entry.get("explanation")]
        files = {folder / name for name in names}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return set()
    return {file for file in files if file.parent == folder / PICTURES and file.suffix == ".png"}
