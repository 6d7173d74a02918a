"""The normal scores that scores in a folder can be compared with."""

import os

from stgnf_jax.checkpoint import load_members
from stgnf_jax.errors import InputError
from stgnf_jax.normal_calibration import weights_hash
from stgnf_jax.normal_scores import NormalScores, scored_as
from stgnf_jax.normal_scores_file import NORMAL_SCORES_FILE, load_normal_scores
from stgnf_jax.score_origin import load_origin


def comparable_scores(folder: str | os.PathLike[str]) -> NormalScores:
    """Normal scores under the model that scored what lies in a folder, scored in the same way.

    Raises:
      InputError: the model has none, they are of other weights, or were scored in another way.
    """
    origin = load_origin(folder)
    normal = load_normal_scores(origin.checkpoint)
    file = origin.checkpoint / NORMAL_SCORES_FILE
    if normal.weights != weights_hash(load_members(origin.checkpoint)):
        raise InputError(
            "is of other weights than the model has now; make it anew with stgnf calibrate",
            file=file,
        )
    now, then = scored_as(origin.config)._asdict(), normal.scored_as._asdict()
    different = [
        f"{name} is {then[name]!r} there and {now[name]!r} here"
        for name in now
        if now[name] != then[name]
    ]
    if different:
        raise InputError(
            f"was not scored as {folder} was: {'; '.join(different)}; calibrate with the "
            "configuration that scores",
            file=file,
        )
    return normal
