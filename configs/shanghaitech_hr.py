"""ShanghaiTech-HR: ShanghaiTech without the six test clips whose anomalies are not human.

    stgnf evaluate --config=configs/shanghaitech_hr.py --config.data.root=DIR \
        --checkpoint=RUN --out=OUT

DIR and RUN are those of `shanghaitech.py`. The paper has an AUC of 87.4 (table 1).
"""

from ml_collections import ConfigDict

from stgnf_jax.config import default_config


def get_config() -> ConfigDict:
    """The configuration."""
    config = default_config()
    config.data.benchmark = "shanghaitech_hr"
    return config
