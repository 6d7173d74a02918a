"""UBnormal, unsupervised (paper section 4.3, table 2).

    stgnf train --config=configs/ubnormal.py --config.data.root=DIR --workdir=RUN

DIR holds `pose/train` (normal clips), `pose/test` and `gt` (`*_tracks.txt`). The paper has an AUC
of 71.8. The authors' checkpoint, imported:

    stgnf evaluate --config=configs/ubnormal.py --config.data.root=DIR \
        --config.data.windowing=reference --checkpoint=IMPORTED --out=OUT
"""

from ml_collections import ConfigDict

from stgnf_jax.config import default_config


def get_config() -> ConfigDict:
    """The configuration."""
    config = default_config()
    config.data.benchmark = "ubnormal"
    config.data.masks = "gt"
    # Tracks are shorter than ShanghaiTech's (section 10).
    config.model.segment_length = 16
    return config
