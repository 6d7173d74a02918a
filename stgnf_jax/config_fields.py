"""The fields of a configuration by their full names; imports nothing heavy."""

from typing import Any


def flatten(config: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """The fields of a configuration as SECTION.FIELD."""
    fields: dict[str, Any] = {}
    for name, value in config.items():
        inner = isinstance(value, dict)
        fields |= flatten(value, f"{prefix}{name}.") if inner else {f"{prefix}{name}": value}
    return fields
