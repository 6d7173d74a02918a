"""Pictures of scores and skeletons, as matplotlib figures at most 900 pixels wide."""

from stgnf_jax.pictures.ablation import AblationPoint, ablation_curve
from stgnf_jax.pictures.alarm_strip import alarm_strip
from stgnf_jax.pictures.detection_curves import detection_curves
from stgnf_jax.pictures.drift_curves import DriftCurve, drift_curves
from stgnf_jax.pictures.explained import ExplainedStrip, explained_strips
from stgnf_jax.pictures.histograms import ScoreGroups, score_histograms
from stgnf_jax.pictures.latents import Projection, latent_planes, mean_plane, principal_plane
from stgnf_jax.pictures.score_curves import score_curves, telling_clips
from stgnf_jax.pictures.strips import Strip, StripGroup, film_strips
from stgnf_jax.pictures.style import BLUE, GREEN, VERMILION, save, save_png

__all__ = [
    "BLUE",
    "GREEN",
    "VERMILION",
    "AblationPoint",
    "DriftCurve",
    "ExplainedStrip",
    "Projection",
    "ScoreGroups",
    "Strip",
    "StripGroup",
    "ablation_curve",
    "alarm_strip",
    "detection_curves",
    "drift_curves",
    "explained_strips",
    "film_strips",
    "latent_planes",
    "mean_plane",
    "principal_plane",
    "save",
    "save_png",
    "score_curves",
    "score_histograms",
    "telling_clips",
]
