"""Models that take poses, for use in Python."""

import os
from collections.abc import Sequence

from stgnf_jax import checkpoint
from stgnf_jax.config import default_config
from stgnf_jax.errors import InputError
from stgnf_jax.evaluation import Scored, score_window_set
from stgnf_jax.model import Model
from stgnf_jax.pose_input import Poses, as_tracks
from stgnf_jax.score_kinds import SCORES
from stgnf_jax.window_set import WindowSet
from stgnf_jax.windows import check_windows, index_windows


class PoseModel(Model):
    """A `Model` that takes poses: what `stgnf_jax.load` gives."""

    __slots__ = ()

    def score(self, poses: Poses, kind: str = "nll") -> Scored:
        """Scores poses by this one flow: `score_poses` of it alone."""
        return score_poses([self], poses, kind)


def load(directory: str | os.PathLike[str], member: int = 0) -> PoseModel:
    """The model of a training run or of `stgnf import-checkpoint`, at its last step.

    Args:
      directory: of the run.
      member: of an ensemble: 0, 1, ...; `score_poses` of `load_members` scores by all of them.

    Raises:
      InputError: no checkpoint there, one that is damaged or does not fit its description, or one
        without such a member.
    """
    return PoseModel(*checkpoint.load(directory, member))


def score_poses(models: Sequence[Model], poses: Poses, kind: str = "nll") -> Scored:
    """Scores windows, people and frames by an ensemble, as `stgnf score` does.

    Args:
      models: the members, such as `load_members` gives; one for a single flow.
      poses: a folder of pose files, a pose file, tracks or arrays: see `pose_input.as_tracks`.
      kind: what a window's score is, a name in `SCORES`.

    Returns:
      `windows`, `people` and `frames` have the scores; higher is more normal.

    Raises:
      InputError: anything wrong with the poses, nobody long enough in view for a window, no such
        kind of score, or one that the models are not calibrated for.
    """
    if kind not in SCORES or (kind != "nll" and models[0].calibration is None):
        able = [name for name in SCORES if name == "nll" or models[0].calibration is not None]
        raise InputError(f"must be one of {', '.join(able)}, got {kind!r}", field="kind")
    tracks, length = as_tracks(poses, models[0].config.skeleton), models[0].config.segment_length
    windows = index_windows(tracks, length=length, stride=1)
    windows, _ = check_windows(tracks, windows, length)
    scoring = default_config().scoring
    scoring.score = kind
    return score_window_set(scoring, models, WindowSet(tracks, windows))
