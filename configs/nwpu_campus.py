"""NWPU Campus, unsupervised.

    stgnf check-data --config=configs/nwpu_campus.py --config.data.root=DIR
    stgnf train      --config=configs/nwpu_campus.py --config.data.root=DIR --workdir=RUN

DIR holds `groundtruth/NWPU_Campus_gt.npz` as it is distributed, and poses in `pose/train` and
`pose/test`, which the data set does not have: see docs/datasets/nwpu_campus.md. The paper has no
number.
"""

from ml_collections import ConfigDict

from stgnf_jax.config import default_config
from stgnf_jax.datasets import BENCHMARKS


def get_config() -> ConfigDict:
    """The configuration."""
    config = default_config()
    config.data.benchmark = "nwpu_campus"
    config.data.masks = "groundtruth"
    config.data.resolution = BENCHMARKS["nwpu_campus"].resolution
    return config
