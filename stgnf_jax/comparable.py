"""The normal scores that scores in a folder can be compared with."""

import os
from collections.abc import Sequence
from pathlib import Path

from stgnf_jax.checkpoint import load_members
from stgnf_jax.errors import InputError
from stgnf_jax.model import Model
from stgnf_jax.normal_calibration import weights_hash
from stgnf_jax.normal_scores import NormalScores, ScoredAs, scored_as
from stgnf_jax.normal_scores_file import NORMAL_SCORES_FILE, load_normal_scores
from stgnf_jax.score_origin import load_origin


def comparable_scores(folder: str | os.PathLike[str]) -> NormalScores:
    """Normal scores under the model that scored what lies in a folder, scored in the same way.

    Raises:
      InputError: the model has none, they are of other weights, or were scored in another way.
    """
    origin = load_origin(folder)
    now, models = scored_as(origin.config), load_members(origin.checkpoint)
    return scores_to_compare(origin.checkpoint, models, now, os.fspath(folder))


def scores_to_compare(
    checkpoint: str | os.PathLike[str], models: Sequence[Model], now: ScoredAs, what: str
) -> NormalScores:
    """Normal scores beside a model that are of its weights, and were scored in the same way.

    Args:
      checkpoint: the model's folder.
      models: what it holds.
      now: how scores are made that are to be compared.
      what: the name of these, for errors.

    Raises:
      InputError: as `comparable_scores`.
    """
    normal, file = load_normal_scores(checkpoint), Path(checkpoint) / NORMAL_SCORES_FILE
    if normal.weights != weights_hash(models):
        raise InputError(
            "is of other weights than the model has now; make it anew with stgnf calibrate",
            file=file,
        )
    different = [
        f"{name} is {then!r} there and {here!r} here"
        for name, then, here in zip(now._fields, normal.scored_as, now, strict=True)
        if here != then
    ]
    if different:
        raise InputError(
            f"was not scored as {what} is: {'; '.join(different)}; calibrate with the "
            "configuration that scores",
            file=file,
        )
    return normal
