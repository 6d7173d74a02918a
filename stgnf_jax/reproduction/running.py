"""One row, from poses to figures of merit; what has been done is not done again."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from stgnf_jax.config import flow_config
from stgnf_jax.evaluation import evaluate, load_test_set
from stgnf_jax.published import import_published
from stgnf_jax.reproduction.drawing import draw_test
from stgnf_jax.reproduction.measures import measure
from stgnf_jax.reproduction.plan import Planned
from stgnf_jax.reproduction.results import Figures, load_result, save_result
from stgnf_jax.training import train


def finished(planned: Planned, out: str | os.PathLike[str]) -> Figures | None:
    """The figures of a row that was run before; None where it was not."""
    return load_result(_test_folder(planned, out), planned.config, planned.test)


def run(planned: Planned, out: str | os.PathLike[str]) -> Figures:
    """Trains, or goes on, or finds it done; tests; draws; keeps the figures.

    The training is in `out`/runs, one folder for all rows that need the same one.

    Raises:
      InputError: anything wrong with the poses, the masks, the weights or the configuration.
      Stopped: on SIGTERM, when all is saved.
    """
    # What is wrong with the test set is better known before the training.
    flow = flow_config(planned.config.model)
    load_test_set(planned.test.data, flow)
    folder = _test_folder(planned, out)
    with _checkpoint(planned, out) as checkpoint:
        evaluation = evaluate(planned.test, checkpoint, folder)
    figures = measure(evaluation, planned.test, flow.skeleton)
    draw_test(planned.experiment, planned.row.tested_on, evaluation, flow.skeleton, out)
    save_result(folder, planned.config, planned.test, figures)
    return figures


def _test_folder(planned: Planned, out: str | os.PathLike[str]) -> Path:
    """That of the run for its own test set, where `stgnf runs` looks."""
    run = _run_folder(planned, out)
    return run if planned.test_name == planned.row.trained_on else run / "tests" / planned.test_name


def _run_folder(planned: Planned, out: str | os.PathLike[str]) -> Path:
    return Path(out, "runs", planned.run)


@contextmanager
def _checkpoint(planned: Planned, out: str | os.PathLike[str]) -> Iterator[Path]:
    """The folder of the flows to test: trained now, or of published weights."""
    if not planned.row.weights:
        train(planned.config, _run_folder(planned, out))
        yield _run_folder(planned, out)
    elif Path(planned.weights).is_dir():
        yield Path(planned.weights)
    else:
        with TemporaryDirectory() as imported:
            import_published(planned.weights, imported)
            yield Path(imported)
