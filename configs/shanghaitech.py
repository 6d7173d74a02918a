"""ShanghaiTech Campus, unsupervised (paper section 4.2, table 1).

    stgnf train --config=configs/shanghaitech.py --config.data.root=DIR --workdir=RUN

DIR holds `pose/train`, `pose/test` and `gt/test_frame_mask`. The paper has an AUC of 85.9. The
authors' checkpoint, imported:

    stgnf evaluate --config=configs/shanghaitech.py --config.data.root=DIR \
        --config.data.windowing=reference --checkpoint=IMPORTED --out=OUT
"""

from ml_collections import ConfigDict

from stgnf_jax.config import default_config


def get_config() -> ConfigDict:
    """The configuration."""
    config = default_config()
    config.data.benchmark = "shanghaitech"
    return config
