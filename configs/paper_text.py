"""ShanghaiTech as the paper's text has it (sections 3.2 and 10).

    stgnf train --config=configs/paper_text.py --config.data.root=DIR --workdir=RUN

DIR is that of `shanghaitech.py`. A learned 1x1 convolution in LU form permutes the channels, and
Adam with momentum 0.99 trains. The paper has an AUC of 85.9, but from weights that were trained as
`shanghaitech.py` does, which is also the more accurate way.
"""

from ml_collections import ConfigDict

from stgnf_jax.config import default_config


def get_config() -> ConfigDict:
    """The configuration."""
    config = default_config()
    config.data.benchmark = "shanghaitech"
    config.model.permutation = "invertible_1x1"
    config.training.optimizer = "adam"
    return config
