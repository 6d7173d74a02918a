"""UBnormal, supervised (paper sections 3.3 and 4.3, table 2).

    stgnf train --config=configs/ubnormal_supervised.py --config.data.root=DIR --workdir=RUN

DIR holds the poses, named `<clip>_alphapose_tracked_person.json`, in the pixels of UBnormal's own
videos and with frames from 0, the data set's annotations as it comes, and the masks of test clips:

    pose/train_supervised/                                    every training clip, normal or not
    pose/test/                                                the test clips
    UBnormal/Scene1/abnormal_scene_1_scenario_1_annotations/
        abnormal_scene_1_scenario_1_tracks.txt                object,first frame,last frame
        abnormal_scene_1_scenario_1_0000_gt.png               numbers of objects as pixels; one
        ...                                                   image a frame
    UBnormal/Scene1/...
    gt/<clip>_tracks.txt                                      masks of test clips, 1 = normal

`docs/supervised.md` says which poses and windows are then abnormal. The paper has an AUC of 79.2.
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
    config.data.train_poses = "pose/train_supervised"
    config.data.train_labels = "UBnormal"
    config.data.train_label_kind = "instance_masks"
    config.model.segment_length = 16
    config.model.radius = 10.0
    return config
