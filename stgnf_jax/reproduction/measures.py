"""The figures of an evaluation, in percent: of each seed alone, and of all together."""

from collections.abc import Sequence

import numpy as np
from ml_collections import ConfigDict
from numpy.typing import NDArray

from stgnf_jax.evaluation import Evaluation, Scored
from stgnf_jax.localisation import as_detections, person_boxes
from stgnf_jax.metrics import Figure as Measured
from stgnf_jax.metrics import RbdcTbdc, rbdc_tbdc
from stgnf_jax.reproduction.paper import AUC, RBDC, TBDC
from stgnf_jax.reproduction.results import Figure, Figures
from stgnf_jax.skeleton import Skeleton
from stgnf_jax.track_truth import load_track_truth


def measure(evaluation: Evaluation, test: ConfigDict, skeleton: Skeleton) -> Figures:
    """AUC; RBDC and TBDC too where there are boxes of the ground truth.

    Args:
      evaluation: of the flows of all seeds as an ensemble.
      test: its configuration.
      skeleton: of the poses.
    """
    metrics, scored = evaluation.metrics, evaluation.scored
    aucs = metrics.auc_micro_members or (metrics.auc_micro,)
    figures = {AUC: _percent(aucs, metrics.auc_micro, metrics.figures.auc_micro)}
    masks = np.split(evaluation.normal, scored.frames.offsets[1:-1])
    truth = load_track_truth(test.data, scored.frames.clips, masks)
    rbdc, tbdc = metrics.figures.rbdc, metrics.figures.tbdc
    if truth is not None and rbdc.value is not None and tbdc.value is not None:
        boxes = _boxes_of_seeds(scored, truth, skeleton, test.scoring.box_confidence)
        figures[RBDC] = _percent([each.rbdc for each in boxes], rbdc.value, rbdc)
        figures[TBDC] = _percent([each.tbdc for each in boxes], tbdc.value, tbdc)
    return figures


def _percent(seeds: Sequence[float], together: float, measured: Measured) -> Figure:
    interval = measured.interval
    clips = None if interval is None else (100 * interval.low, 100 * interval.high)
    return Figure(tuple(100 * seed for seed in seeds), 100 * together, clips)


def _boxes_of_seeds(
    scored: Scored, truth: NDArray[np.float64], skeleton: Skeleton, confidence: float
) -> list[RbdcTbdc]:
    """RBDC and TBDC by each seed's own scores of windows."""
    found = []
    for score in scored.members.score:
        boxes = person_boxes(
            *scored.window_set,
            score,
            length=scored.length,
            skeleton=skeleton,
            confidence=confidence,
        )
        found.append(rbdc_tbdc(truth, as_detections(boxes), int(scored.frames.offsets[-1])))
    return found
