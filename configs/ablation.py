"""The paper's ablations (sections 4.4 and 9), each by its name after a colon.

    stgnf train --config=configs/ablation.py:fully_connected --config.data.root=DIR --workdir=RUN

DIR is that of `shanghaitech.py` or `ubnormal.py`. All names, what else they need and what the paper
has: docs/ablations.md.
"""

from ml_collections import ConfigDict

from stgnf_jax.ablations import ablation_config


def get_config(name: str = "") -> ConfigDict:
    """The configuration of an ablation."""
    return ablation_config(name)
