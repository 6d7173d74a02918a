"""What the test of a training gave, and its file, by which it is not run twice."""

import json
import os
import statistics
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from ml_collections import ConfigDict
from scipy.special import stdtrit

from stgnf_jax import strict_json
from stgnf_jax.files import write_atomically

RESULT_FILE = "result.json"
LEVEL = 0.95


class Figure(NamedTuple):
    """One figure of merit, in percent.

    Attributes:
      seeds: of each seed's flow alone.
      together: of the mean of their scores.
      clips: 95 % interval of `together` over clips; None where there is none.
    """

    seeds: tuple[float, ...]
    together: float
    clips: tuple[float, float] | None = None

    @property
    def mean(self) -> float:
        """Over seeds."""
        return statistics.fmean(self.seeds)

    @property
    def std(self) -> float | None:
        """Over seeds, of a sample; None for one seed."""
        return statistics.stdev(self.seeds) if len(self.seeds) > 1 else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % interval of the mean over seeds, by Student's t; None for one seed."""
        if self.std is None:
            return None
        count = len(self.seeds)
        half = float(stdtrit(count - 1, (1 + LEVEL) / 2)) * self.std / count**0.5
        return max(self.mean - half, 0.0), min(self.mean + half, 100.0)


Figures = dict[str, Figure]


def save_result(
    folder: str | os.PathLike[str], config: ConfigDict, test: ConfigDict, figures: Figures
) -> None:
    """Writes `result.json` into a test's folder.

    Args:
      folder: the test's.
      config: what was trained.
      test: what was tested.
      figures: by their names.

    Raises:
      InputError: the file cannot be written.
    """
    kept = _configs(config, test) | {
        "figures": {name: figure._asdict() for name, figure in figures.items()}
    }
    with write_atomically(Path(folder) / RESULT_FILE) as path:
        path.write_text(strict_json.dumps(kept, indented=True) + "\n", encoding="utf-8")


def load_result(
    folder: str | os.PathLike[str], config: ConfigDict, test: ConfigDict
) -> Figures | None:
    """The figures of a test; None where there is none of these configurations, or a damaged one."""
    try:
        read = orjson.loads((Path(folder) / RESULT_FILE).read_bytes())
        if any(read[name] != value for name, value in _configs(config, test).items()):
            return None
        return {name: _figure(**figure) for name, figure in read["figures"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _configs(config: ConfigDict, test: ConfigDict) -> dict[str, Any]:
    configs = {"config": config, "test": test}
    return {name: json.loads(each.to_json_best_effort()) for name, each in configs.items()}


def _figure(seeds: list[float], together: float, clips: list[float] | None) -> Figure:
    return Figure(tuple(seeds), together, None if clips is None else (clips[0], clips[1]))
