"""CHAD, the Charlotte Anomaly Dataset, unsupervised (its first split).

    stgnf check-data --config=configs/chad.py --config.data.root=DIR
    stgnf train      --config=configs/chad.py --config.data.root=DIR --workdir=RUN

DIR holds `CHAD_Meta` as it is distributed, and its poses, converted, in `pose/train` and
`pose/test`: see docs/datasets/chad.md. The paper has no number.
"""

from ml_collections import ConfigDict

from stgnf_jax.config import default_config
from stgnf_jax.datasets import BENCHMARKS


def get_config() -> ConfigDict:
    """The configuration."""
    config = default_config()
    config.data.benchmark = "chad"
    config.data.masks = "CHAD_Meta/anomaly_labels"
    config.data.resolution = BENCHMARKS["chad"].resolution
    return config
