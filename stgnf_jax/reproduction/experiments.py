"""The paper's tables, figures and ablations as data: what is trained, and tested on what."""

from stgnf_jax.reproduction.paper import AUC, SHANGHAITECH, TABLE_1, TABLE_2, UBNORMAL
from stgnf_jax.reproduction.paper_rows import (
    OWN_ABNORMAL,
    UBNORMAL_SUPERVISED,
    ablation_row,
    as_printed,
    by_weights,
    cross_rows,
    curve,
    on_hr,
    whole_method,
)
from stgnf_jax.reproduction.rows import Experiment, Row

_SUPERVISED = {
    "data.train_poses": "pose/train_supervised",
    "data.train_labels": "UBnormal",
    "data.train_label_kind": "instance_masks",
    "model.radius": 10.0,
}
_OWN_SUPERVISED = {"data.train_abnormal_poses": OWN_ABNORMAL, "model.radius": 10.0}
_SHANGHAITECH = as_printed(whole_method(SHANGHAITECH, "unsupervised"), TABLE_1[-1])
_UBNORMAL = as_printed(whole_method(UBNORMAL, "unsupervised"), TABLE_2[4])
_UBNORMAL_SUPERVISED = as_printed(
    Row("supervised", UBNORMAL, UBNORMAL, _SUPERVISED, own=_OWN_SUPERVISED), TABLE_2[-1]
)

EXPERIMENTS = {
    "table1": Experiment(
        "table 1",
        "The whole method on ShanghaiTech, unsupervised.",
        (
            _SHANGHAITECH,
            on_hr(_SHANGHAITECH),
            by_weights(_SHANGHAITECH, SHANGHAITECH),
            on_hr(by_weights(_SHANGHAITECH, SHANGHAITECH)),
        ),
    ),
    "table2": Experiment(
        "table 2",
        "The whole method on UBnormal, without and with labels.",
        (
            _UBNORMAL,
            _UBNORMAL_SUPERVISED,
            by_weights(_UBNORMAL, UBNORMAL),
            by_weights(_UBNORMAL_SUPERVISED, UBNORMAL_SUPERVISED),
        ),
    ),
    "table3": Experiment(
        "table 3",
        "Trained on one data set, tested on another, and trained on both.",
        (
            whole_method(SHANGHAITECH, "trained on itself"),
            *cross_rows(SHANGHAITECH, UBNORMAL),
            whole_method(UBNORMAL, "trained on itself"),
            *cross_rows(UBNORMAL, SHANGHAITECH),
        ),
    ),
    "affine_layer": Experiment(
        "section 4.4, affine layer",
        "What computes shift and scale in a coupling.",
        (
            whole_method(SHANGHAITECH, "spatio-temporal graph convolution"),
            ablation_row("convolution", "standard convolution"),
            ablation_row("fully_connected", "fully connected"),
        ),
    ),
    "space_time": Experiment(
        "section 4.4, space-time",
        "Relations between joints, and between frames.",
        (
            whole_method(SHANGHAITECH, "24 frames, all joints"),
            ablation_row("identity_adjacency", "each joint by itself, A = I"),
            ablation_row("single_frame", "each frame by itself, tau = 1"),
        ),
    ),
    "zero_shot": Experiment(
        "section 4.4, zero-shot",
        "Trained on the test set, without its labels.",
        (
            whole_method(SHANGHAITECH, "trained on training clips"),
            ablation_row("zero_shot", "trained on test clips"),
        ),
    ),
    "figure5": Experiment(
        "figure 5",
        "Scores over time, abnormal frames shaded.",
        (whole_method(SHANGHAITECH, "unsupervised"),),
        pictures=("curves",),
    ),
    "figure6": Experiment(
        "figure 6",
        "Abnormal people among those who are trained on as normal.",
        curve("figure 6", whole_method(SHANGHAITECH, "0", 0), whole_method(UBNORMAL, "0", 0)),
        axis="abnormal training windows (%)",
    ),
    "figure8": Experiment(
        "figure 8",
        "Part of the training data.",
        curve("figure 8", whole_method(SHANGHAITECH, "100", 100)),
        axis="share of the training data (%)",
    ),
    "figure9": Experiment(
        "figure 9",
        "Frames of a window.",
        curve("figure 9", whole_method(SHANGHAITECH, "24", 24, {"model.segment_length": 24})),
        axis="segment length (frames)",
    ),
    "figure10": Experiment(
        "figure 10",
        "Flow steps.",
        curve("figure 10", whole_method(SHANGHAITECH, "8", 8, {"model.num_steps": 8})),
        axis="flow steps K",
    ),
    "figure11": Experiment(
        "figure 11",
        "Noise on the normalised keypoints, as of a worse pose estimator.",
        curve("figure 11", whole_method(SHANGHAITECH, "0", 0)),
        axis="standard deviation of the noise",
    ),
    "figure12": Experiment(
        "figure 12",
        "The people with the highest and the lowest scores.",
        (whole_method(SHANGHAITECH, "unsupervised"),),
        pictures=("people",),
    ),
    "figure13": Experiment(
        "figure 13",
        "Scores over time and people, trained with labels.",
        (_UBNORMAL_SUPERVISED._replace(measures=(AUC,)),),
        pictures=("curves", "people"),
    ),
}
