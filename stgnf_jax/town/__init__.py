"""The synthetic town of the demo: pose files and masks of walkers, and of some who do worse."""

from stgnf_jax.town.clips import build_town

__all__ = ["build_town"]
