"""Poses of one's own: any `*.json` in AlphaPose's tracked form, a clip a file.

    stgnf train --config=configs/custom.py --config.data.root=DIR \
        --config.data.resolution=1920,1080 --workdir=RUN
    stgnf score --config=configs/custom.py --config.data.root=DIR --checkpoint=RUN --out=OUT

DIR holds `pose/train` and `pose/test` and, to train with an evaluation at the end, a mask per
test clip in `gt/test_frame_mask/<clip>.npy`: one number a frame, 1 where it is abnormal. What
AUC to expect depends on the poses.
"""

from ml_collections import ConfigDict

from stgnf_jax.config import default_config


def get_config() -> ConfigDict:
    """The configuration: the default itself."""
    return default_config()
