"""UBnormal, supervised (paper sections 3.3 and 4.3, table 2).

    stgnf train --config=configs/ubnormal_supervised.py --config.data.root=DIR --workdir=RUN

DIR is that of `ubnormal.py`, with `pose/train_abnormal` beside `pose/train`: tracks of people in
the frames in which they do something abnormal, and nothing else. The paper has an AUC of 79.2.
The authors' checkpoint, imported:

    stgnf evaluate --config=configs/ubnormal_supervised.py --config.data.root=DIR \
        --config.data.windowing=reference --checkpoint=IMPORTED --out=OUT
"""

from ml_collections import ConfigDict

from stgnf_jax.config import default_config


def get_config() -> ConfigDict:
    """The configuration."""
    config = default_config()
    config.data.benchmark = "ubnormal"
    config.data.masks = "gt"
    config.data.train_abnormal_poses = "pose/train_abnormal"
    config.model.segment_length = 16
    config.model.radius = 10.0
    return config
