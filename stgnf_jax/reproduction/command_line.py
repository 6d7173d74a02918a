"""What a user says there is, as text."""

import ast
import os
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from stgnf_jax.errors import InputError
from stgnf_jax.reproduction.data_sets import data_set
from stgnf_jax.reproduction.experiments import EXPERIMENTS
from stgnf_jax.reproduction.paper_rows import WEIGHTS
from stgnf_jax.reproduction.plan import Given


class _Setting(NamedTuple):
    """A field of the configuration of one data set, or of all where `data_set` is ""."""

    data_set: str
    field: str
    value: Any


def parse_given(
    data: Iterable[str],
    weights: Iterable[str],
    settings: Iterable[str],
    seeds: int,
    curve_values: int = 0,
) -> Given:
    """The data sets, weights and settings of a command line.

    Args:
      data: NAME=DIR for each data set.
      weights: NAME=FILE for each of the authors' weights.
      settings: FIELD=VALUE for all data sets, NAME:FIELD=VALUE for one; of two the later counts.
      seeds: how many.
      curve_values: see `Given`.

    Raises:
      InputError: a text that is not of its form, or of what there is not; names it.
    """
    roots = _parse_pairs("--data", "NAME=DIR", data)
    parsed = [_parse_setting(text, roots) for text in settings]
    sets = {}
    for name, root in roots.items():
        if not name.replace("_", "").isalnum():
            raise InputError("a name has letters, digits and _ only", field=f"--data={name}={root}")
        own = {each.field: each.value for each in parsed if each.data_set in ("", name)}
        sets[name] = data_set(name, root, own)
    files = _parse_pairs("--checkpoint", "NAME=FILE", weights)
    _check_names("--checkpoint", files, WEIGHTS)
    return Given(sets, files, seeds, curve_values)


def parse_experiments(names: Sequence[str]) -> tuple[str, ...]:
    """The names of experiments, all where none is given.

    Raises:
      InputError: there is no such experiment.
    """
    _check_names("--only", names, tuple(EXPERIMENTS))
    return tuple(dict.fromkeys(names or EXPERIMENTS))


def _check_names(flag: str, names: Iterable[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            raise InputError(f"there is no {name!r}; there are {', '.join(known)}", field=flag)


def _parse_pairs(flag: str, form: str, texts: Iterable[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in texts:
        name, _, path = text.partition("=")
        if not name or not path or name in pairs:
            reason = "is given twice" if name in pairs else f"must be {form}"
            raise InputError(reason, field=f"{flag}={text}")
        pairs[name] = os.path.expanduser(path)
    return pairs


def _parse_setting(text: str, names: Iterable[str]) -> _Setting:
    place, equals, value = text.partition("=")
    name, colon, field = place.rpartition(":")
    if not field or not equals:
        raise InputError("must be FIELD=VALUE or NAME:FIELD=VALUE", field=f"--set={text}")
    if colon and name not in names:
        raise InputError(f"there is no --data={name}=DIR", field=f"--set={text}")
    return _Setting(name, field, _parse_value(value))


def _parse_value(text: str) -> Any:
    """A number, truth value or tuple of them as Python writes it; otherwise the text itself."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
