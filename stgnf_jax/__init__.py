"""STG-NF: normalizing flows for human pose anomaly detection, in JAX.

    import stgnf_jax
    model = stgnf_jax.load("workdir")
    scores = model.score("poses.json")

The names below are imported when they are first used.
"""

import importlib
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "FlowConfig": "flow_config",
    "Frame": "live_scores",
    "InputError": "errors",
    "Model": "model",
    "PoseAnomalyDetector": "sklearn_api",
    "STGNF": "flow",
    "Skeleton": "skeleton",
    "StreamSettings": "stream",
    "default_config": "config",
    "evaluate": "evaluation",
    "import_published": "published",
    "load": "pose_model",
    "load_skeleton": "skeleton",
    "load_members": "checkpoint",
    "make_skeleton": "skeleton",
    "pmap_scorer": "model",
    "score": "evaluation",
    "score_poses": "pose_model",
    "score_windows": "model",
    "stream_scorer": "stream",
    "train": "training",
    "train_and_evaluate": "training",
    "window_matrix": "sklearn_api",
    "write_report": "report",
}
__all__ = ["__version__", *_HOMES]


def __dir__() -> list[str]:
    return sorted(__all__)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
