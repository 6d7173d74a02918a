"""Scoring as an ONNX model, made from the very function that the StableHLO program is made from."""

from collections.abc import Sequence

import jax
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx.reference import ReferenceEvaluator

from stgnf_jax.export_program import BATCH as BATCH_NAME
from stgnf_jax.load_export import INPUT, OUTPUT
from stgnf_jax.model import Model
from stgnf_jax.onnx_graph import BATCH, Graph
from stgnf_jax.onnx_primitives import convert
from stgnf_jax.set_scoring import batch_scorer


def scoring_model(kind: str, models: Sequence[Model]) -> bytes:
    """The scoring function as an ONNX model, for any number of windows.

    Args:
      kind: what a window's score is, a name in `SCORES`.
      models: the members of an ensemble, calibrated unless the kind is `nll`.

    Returns:
      A model from float32 windows in pixels, `windows` (N, T, V, C), to the mean of the members'
      scores, `scores` (N,).
    """
    shape = (BATCH, *models[0].config.event_shape)
    windows = jax.ShapeDtypeStruct(shape, np.float32)
    traced = jax.make_jaxpr(batch_scorer(kind, models))(windows)
    graph = Graph(INPUT, shape)
    model = graph.model(convert(graph, traced), OUTPUT, BATCH_NAME)
    return bytes(model.SerializeToString())


def reference_scores(model: bytes, windows: NDArray[np.float32]) -> NDArray[np.floating]:
    """What a model gives by ONNX's own definition of each operator; slow."""
    evaluator = ReferenceEvaluator(onnx.load_from_string(model))
    scores: NDArray[np.floating] = evaluator.run([OUTPUT], {INPUT: windows})[0]
    return scores
