"""The one default configuration; the files in `configs/` are small deltas on it."""

import math
from collections.abc import Callable
from operator import attrgetter

from ml_collections import ConfigDict

from stgnf_jax.errors import InputError
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.score_kinds import SCORES
from stgnf_jax.skeleton import load_skeleton
from stgnf_jax.windows import check_resolution


def default_config() -> ConfigDict:
    """The default configuration, locked: keys can be changed, none can be added."""
    config = ConfigDict(
        {
            # Everything random comes from it: first weights, order of the windows, noise.
            "seed": 0,
            # How many flows are trained at once, with the seeds seed, seed + 1, ...
            "ensemble": 1,
            "data": _data(),
            "model": _model(),
            "training": _training(),
            "scoring": _scoring(),
        }
    )
    config.lock()
    return config


def _data() -> dict[str, object]:
    return {
        # A name in `datasets.BENCHMARKS`: how files are named and masks read.
        "benchmark": "custom",
        # The data set's folder; what the names below stand for lies in it.
        "root": "",
        "train_poses": "pose/train",
        "test_poses": "pose/test",
        # Normal poses that thresholds are found by; "" for the tracks that training held out.
        "calibration_poses": "",
        "masks": "gt/test_frame_mask",
        # Boxes of abnormal events, tracked, as a CSV file a clip, for RBDC and TBDC; "" for none.
        "track_truth": "",
        # A text file with the name of one test clip a line: only those count; "" for all.
        "clips": "",
        # For the supervised setting, see docs/supervised.md; all of it "" for the unsupervised one.
        # Poses of abnormal people only.
        "train_abnormal_poses": "",
        # Labels of the training poses, and which of `labels.LABEL_KINDS` they are.
        "train_labels": "",
        "train_label_kind": "spans",
        # Pixels (width, height) of the video that the training poses were found in, where its
        # instance masks have another size; () where they have the same.
        "train_label_resolution": (),
        # Pixels (width, height) that keypoints are divided by; a trained model keeps its own.
        "resolution": (856.0, 480.0),
        # "all" windows, or those of the published system: "reference".
        "windowing": "all",
        # Share of the windows that is trained on, whole tracks of it (section 9, figure 8); with
        # one seed a larger share holds all that a smaller one does.
        "train_share": 1.0,
        # A second data set to train on too.
        "second": _second_data(),
        # Detections from one window of a track to the next.
        "train_stride": 6,
        "test_stride": 1,
        # How many frames may be missing in a window.
        "max_absent": 2,
        # A name in `windows.AUGMENTATIONS`.
        "augmentation": "mirror",
        # Leave out what is broken in pose files, and count it, in place of stopping.
        "skip_bad": False,
        # Where parsed poses and compiled functions are kept; "" for nowhere.
        "cache_dir": "~/.cache/stgnf_jax",
    }


def _second_data() -> dict[str, object]:
    return {
        # Its folder; "" for no second data set. The next fields are as above, for this one.
        "root": "",
        "benchmark": "custom",
        "train_poses": "pose/train",
        "train_abnormal_poses": "",
        "train_labels": "",
        "train_label_kind": "spans",
        "train_label_resolution": (),
        "resolution": (856.0, 480.0),
        # 0 for all of its windows. Otherwise only abnormal ones, as many as make this share of all
        # that is trained on, and as if they were normal (section 4.4, figure 6).
        "contamination": 0.0,
    }


def _model() -> dict[str, object]:
    """The fields of `FlowConfig`; `skeleton` is a name or a JSON file."""
    return FlowConfig()._asdict() | {"skeleton": "openpose18"}


def _training() -> dict[str, object]:
    """The authors' training."""
    return {
        "epochs": 8,
        "batch_size": 256,
        # A name in `optimizer.OPTIMIZERS`.
        "optimizer": "adamax",
        "learning_rate": 5e-4,
        # A name in `optimizer.SCHEDULES`: how the learning rate changes over the steps.
        "schedule": "exp_decay",
        # exp_decay: the learning rate's factor from one epoch to the next, from the third on.
        "learning_rate_decay": 0.99,
        # Gradients are scaled down to this global norm.
        "max_gradient_norm": 100.0,
        # The weights kept are an exponential moving average with this decay; 0 for the last ones.
        "average_decay": 0.0,
        # Share of the tracks that is not trained on. With it, the weights kept are those of the
        # epoch that gives the held-out normal windows the highest likelihood.
        "held_out": 0.0,
        # Stop after so many epochs without a higher held-out likelihood; 0 for never.
        "patience": 0,
        # Share of each batch's normal windows, the least likely, that is not learned from: for
        # training poses that hold anomalies.
        "trim": 0.0,
        # A name in `sampling.BALANCE`: what is done about labels that are not equally frequent.
        "balance": "none",
        # Standard deviation of noise on normalised keypoints (section 9, pose estimation errors).
        "keypoint_noise": 0.0,
        # Share of the keypoints that are taken for not detected: see `augment.drop`.
        "keypoint_drop": 0.0,
        # Steps between checkpoints within an epoch; there is one after every epoch too.
        "checkpoint_every": 1000,
    }


def _scoring() -> dict[str, object]:
    return {
        # A name in `score_kinds.SCORES`: what a window's score is.
        "score": "nll",
        # Of how many people, the least normal ones, the nll is explained: see docs/explanations.md.
        "explain": 0,
        # Joints whose confidence is above this make a person's box, for RBDC and TBDC.
        "box_confidence": 0.05,
        # Intervals of figures: share of the resamples of clips that lie within, and how many
        # resamples there are; 0 for no intervals.
        "interval_level": 0.95,
        "interval_resamples": 1000,
        # Standard deviation of noise on the normalised keypoints that are scored (section 9).
        "keypoint_noise": 0.0,
    }


def check_config(config: ConfigDict) -> None:
    """Checks what no pose file and no flow is needed to judge.

    Raises:
      InputError: a number out of its range, or no kind of score; names the field.
    """
    _check_whole_numbers(config)
    _check_numbers(config)
    _check_scoring(config.scoring)
    if config.training.patience and not config.training.held_out:
        raise InputError(
            "stops by the held-out likelihood; set config.training.held_out too",
            field="config.training.patience",
        )
    for section in ("data", "data.second"):
        _check_resolutions(attrgetter(section)(config), f"config.{section}")
    _check_second(config.data.second)


def _check_resolutions(data: ConfigDict, section: str) -> None:
    for name in ("resolution", "train_label_resolution"):
        try:
            if data[name] or name == "resolution":
                check_resolution(data[name])
        except ValueError as error:
            raise InputError(str(error), field=f"{section}.{name}") from error


def _check_second(second: ConfigDict) -> None:
    if not second.root and second.to_dict() != _second_data():
        raise InputError(
            "must be the folder of the second data set, which other fields describe",
            field="config.data.second.root",
        )
    if second.contamination and not (second.train_labels or second.train_abnormal_poses):
        raise InputError(
            "needs to know who is abnormal: set train_labels or train_abnormal_poses there",
            field="config.data.second.contamination",
        )


def _check_whole_numbers(config: ConfigDict) -> None:
    at_least = {"seed": 0, "data.train_stride": 1, "data.test_stride": 1, "data.max_absent": 0}
    at_least |= {"training.epochs": 1, "training.batch_size": 1, "ensemble": 1}
    at_least |= {"training.patience": 0, "training.checkpoint_every": 1}
    at_least |= {"scoring.explain": 0, "scoring.interval_resamples": 0}
    for name, least in at_least.items():
        value = attrgetter(name)(config)
        if not least <= value < 2**63:
            raise InputError(
                f"must be at least {least} and below 2^63, got {value}", field=f"config.{name}"
            )
    if config.seed + config.ensemble > 2**31:
        raise InputError(
            f"must be below 2^31, as the seeds of all members, got {config.seed}",
            field="config.seed",
        )


def _check_numbers(config: ConfigDict) -> None:
    ranges: dict[str, tuple[Callable[[float], bool], str]] = dict.fromkeys(
        ("training.learning_rate", "training.learning_rate_decay", "training.max_gradient_norm"),
        (lambda value: 0 < value < math.inf, "above 0"),
    )
    ranges |= dict.fromkeys(
        (
            *("training.average_decay", "training.held_out", "training.trim"),
            *("training.keypoint_drop", "data.second.contamination"),
        ),
        (lambda value: 0 <= value < 1, "from 0 to below 1"),
    )
    ranges |= dict.fromkeys(
        ("training.keypoint_noise", "scoring.keypoint_noise"),
        (lambda value: 0 <= value < math.inf, "at least 0"),
    )
    ranges["data.train_share"] = (lambda value: 0 < value <= 1, "above 0 and at most 1")
    for name, (fits, expected) in ranges.items():
        value = attrgetter(name)(config)
        if not fits(value):
            raise InputError(f"must be {expected}, got {value}", field=f"config.{name}")


def _check_scoring(scoring: ConfigDict) -> None:
    if scoring.score not in SCORES:
        raise InputError(
            f"must be one of {', '.join(SCORES)}, got {scoring.score!r}",
            field="config.scoring.score",
        )
    if not 0 < scoring.interval_level < 1:
        raise InputError(
            f"must be above 0 and below 1, got {scoring.interval_level}",
            field="config.scoring.interval_level",
        )
    if not 0 <= scoring.box_confidence < math.inf:
        raise InputError(
            f"must be at least 0, got {scoring.box_confidence}",
            field="config.scoring.box_confidence",
        )


def flow_config(model: ConfigDict) -> FlowConfig:
    """The flow that the section `model` of a configuration describes.

    Raises:
      InputError: a value that no flow can have.
    """
    fields = model.to_dict() | {"skeleton": load_skeleton(model.skeleton)}
    try:
        return FlowConfig(**fields).check()
    except ValueError as error:
        raise InputError(str(error), field="config.model") from error
