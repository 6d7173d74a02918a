"""Pictures of scores and skeletons, as matplotlib figures at most 900 pixels wide."""

from stgnf_jax.pictures.ablation import AblationPoint, ablation_curve
from stgnf_jax.pictures.detection_curves import roc
from stgnf_jax.pictures.score_curves import score_curves, telling_clips
from stgnf_jax.pictures.strips import Strip, skeleton_strips
from stgnf_jax.pictures.style import save

__all__ = [
    "AblationPoint",
    "Strip",
    "ablation_curve",
    "roc",
    "save",
    "score_curves",
    "skeleton_strips",
    "telling_clips",
]
