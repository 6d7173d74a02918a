"""Which trainings and tests the rows of the experiments need, and which of them can be run."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ml_collections import ConfigDict

from stgnf_jax.config_fields import flatten
from stgnf_jax.reproduction.data_sets import DataSet, configure, data_set
from stgnf_jax.reproduction.experiments import EXPERIMENTS
from stgnf_jax.reproduction.own_sets import rows_of
from stgnf_jax.reproduction.rows import Row

# The fields that name what a training and a test read.
_TRAINED_ON = ("train_poses", "train_labels", "train_abnormal_poses")
_TESTED_ON = ("test_poses", "masks", "track_truth", "clips")


class Planned(NamedTuple):
    """A row and what it needs.

    Attributes:
      experiment: a name in `experiments.EXPERIMENTS`.
      row: the row.
      run: name of its training, the same for rows that share it.
      config: what is trained, all seeds at once.
      test: what is tested.
      test_name: tells the tests of one training apart, and what is drawn of them.
      weights: the file or folder of published weights, in place of a training; "" for none.
      missing: why it cannot be run; "" where it can.
    """

    experiment: str
    row: Row
    run: str
    config: ConfigDict
    test: ConfigDict
    test_name: str
    weights: str
    missing: str


class Given(NamedTuple):
    """What a user has.

    Attributes:
      data_sets: by their names.
      weights: files of published weights by their names in `paper_rows.WEIGHTS`.
      seeds: how many flows each training has.
      curve_values: how many values a curve has beside the whole method's; 0 for all there are.
    """

    data_sets: Mapping[str, DataSet]
    weights: Mapping[str, str]
    seeds: int
    curve_values: int = 0


def plan(experiments: Iterable[str], given: Given) -> list[Planned]:
    """The rows of some experiments, in their order, on the paper's data sets and the user's own."""
    return [
        _plan_row(name, row, given)
        for name in experiments
        for row in rows_of(name, tuple(given.data_sets), given.curve_values)
    ]


def _plan_row(experiment: str, row: Row, given: Given) -> Planned:
    names = {row.trained_on, row.tested_on, row.second} - {""}
    sets = {name: given.data_sets.get(name) or data_set(name) for name in names}
    base = configure(sets[row.trained_on])
    second = _second(configure(sets[row.second])) if row.second else {}
    config = configure(sets[row.trained_on], {**second, **row.changes, "ensemble": given.seeds})
    test = _test_config(config, configure(sets[row.tested_on], row.test_changes))
    return Planned(
        experiment=experiment,
        row=row,
        run=_run_name(row, base),
        config=config,
        test=test,
        test_name=_name([row.tested_on, *EXPERIMENTS[experiment].pictures], row.test_changes),
        weights=given.weights.get(row.weights, ""),
        missing=_missing(row, sets, config, test, given),
    )


def _second(config: ConfigDict) -> dict[str, Any]:
    """A data set as the second one that is trained on."""
    fields = [name for name in config.data.second if name in config.data]
    return {f"data.second.{name}": config.data[name] for name in fields}


def _test_config(trained: ConfigDict, tested: ConfigDict) -> ConfigDict:
    """The poses and masks of one configuration, all else of the other."""
    config = trained.copy_and_resolve_references()
    config.data.update(tested.data)
    config.data.resolution = trained.data.resolution
    return config


def _run_name(row: Row, base: ConfigDict) -> str:
    """Named by what differs from the data set's own training, so that equal ones are one run."""
    if row.weights:
        return f"{row.weights}_weights"
    fields = flatten(base.to_dict())
    changed = {name: value for name, value in row.changes.items() if fields[name] != value}
    return _name([row.trained_on, *([row.second] if row.second else [])], changed)


def _name(sets: Sequence[str], changes: Mapping[str, Any]) -> str:
    changed = [f"{field.rpartition('.')[2]}={value}" for field, value in sorted(changes.items())]
    return re.sub(r"[^\w.=+,-]", "_", ",".join(dict.fromkeys(["+".join(sets), *changed])))


def _missing(
    row: Row, sets: Mapping[str, DataSet], config: ConfigDict, test: ConfigDict, given: Given
) -> str:
    """What of the data or weights is not there; "" where all is."""
    needed: list[tuple[str, ConfigDict, tuple[str, ...]]]
    needed = [(row.tested_on, test.data, _TESTED_ON)]
    if not row.weights:
        needed.append((row.trained_on, config.data, _TRAINED_ON))
    if row.second:
        needed.append((row.second, config.data.second, _TRAINED_ON))
    flags = [f"--data={name}=DIR" for name, *_ in needed if not sets[name].root]
    if row.weights and row.weights not in given.weights:
        flags.append(f"--checkpoint={row.weights}=FILE")
    if flags:
        return f"needs {' and '.join(dict.fromkeys(flags))}"
    gone = [
        f"{name} has no {section[field]}"
        for name, section, fields in needed
        for field in fields
        if section.get(field) and not Path(sets[name].root, section[field]).exists()
    ]
    return " and ".join(dict.fromkeys(gone))
