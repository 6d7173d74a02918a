import importlib.util
import re
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest
from ml_collections import ConfigDict

from stgnf_jax.config import check_config, default_config, flow_config
from stgnf_jax.config_fields import flatten
from stgnf_jax.errors import InputError
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.skeleton import COCO_17

CONFIGS = Path(__file__).parents[1] / "configs"
UBNORMAL = {"data.benchmark": "ubnormal", "data.masks": "gt", "model.segment_length": 16}
# All that each file changes in the default.
DELTAS: dict[str, dict[str, Any]] = {
    "avenue": {
        "data.benchmark": "avenue",
        "data.masks": "ground_truth_demo/testing_label_mask",
        "data.resolution": (640.0, 360.0),
    },
    "chad": {
        "data.benchmark": "chad",
        "data.masks": "CHAD_Meta/anomaly_labels",
        "data.resolution": (1920.0, 1080.0),
    },
    "custom": {},
    "demo": {"data.benchmark": "shanghaitech", "training.epochs": 16},
    "nwpu_campus": {
        "data.benchmark": "nwpu_campus",
        "data.masks": "groundtruth",
        "data.resolution": (1920.0, 1080.0),
    },
    "paper_text": {
        "data.benchmark": "shanghaitech",
        "model.permutation": "invertible_1x1",
        "training.optimizer": "adam",
    },
    "poselift": {"data.benchmark": "poselift", "data.resolution": (1920.0, 1080.0)},
    "robust": {"ensemble": 8, "scoring.score": "density_of_states"},
    "shanghaitech": {"data.benchmark": "shanghaitech"},
    "shanghaitech_hr": {"data.benchmark": "shanghaitech_hr"},
    "ubnormal": UBNORMAL,
    "ubnormal_supervised": UBNORMAL
    | {
        "data.train_poses": "pose/train_supervised",
        "data.train_labels": "UBnormal",
        "data.train_label_kind": "instance_masks",
        "model.radius": 10.0,
    },
}
PAPER_AUC = {
    "paper_text": "85.9",
    "poselift": "67.46",
    "shanghaitech": "85.9",
    "shanghaitech_hr": "87.4",
    "ubnormal": "71.8",
    "ubnormal_supervised": "79.2",
}


def load_config(name: str) -> tuple[ConfigDict, str]:
    spec = importlib.util.spec_from_file_location(name, CONFIGS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.get_config(), module.__doc__ or ""


def test_every_config_file_is_tested() -> None:
    # test_ablations tests the other one.
    assert {path.stem for path in CONFIGS.glob("*.py")} == {*DELTAS, "ablation"}


@pytest.mark.parametrize("name", DELTAS)
def test_a_config_file_is_a_small_delta(name: str) -> None:
    config, doc = load_config(name)
    default = flatten(default_config().to_dict())
    fields = flatten(config.to_dict())
    assert fields.keys() == default.keys()
    assert {k: v for k, v in fields.items() if v != default[k]} == DELTAS[name]
    assert config.is_locked
    check_config(config)
    assert flow_config(config.model).segment_length == config.model.segment_length
    assert re.search(rf"stgnf [\w-]+ +--config=configs/{name}\.py", doc)
    assert f"AUC of {PAPER_AUC.get(name, '')}" in " ".join(doc.split()) or name not in PAPER_AUC


@pytest.mark.parametrize("section", ["", "data", "model", "training", "scoring"])
def test_the_default_takes_no_new_field(section: str) -> None:
    config = default_config()
    part = config[section] if section else config
    with pytest.raises(AttributeError, match="rot"):
        part.rot = "x"


def test_the_default_takes_no_value_of_another_type() -> None:
    with pytest.raises(TypeError, match="epochs"):
        default_config().training.epochs = "many"


def test_the_default_model_is_the_default_flow() -> None:
    assert flow_config(default_config().model) == FlowConfig()


def test_the_skeleton_is_named_or_in_a_file(tmp_path: Path) -> None:
    config = default_config()
    config.model.skeleton = "coco17"
    assert flow_config(config.model).skeleton == COCO_17
    file = tmp_path / "hand.json"
    file.write_text('{"num_joints": 3, "edges": [[0, 1], [1, 2]]}')
    config.model.skeleton = str(file)
    assert flow_config(config.model).event_shape == (24, 3, 2)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("skeleton", "cat", "cat: is neither one of openpose18, coco17 nor a readable file"),
        ("permutation", "invcov", "permutation must be one of .*, got 'invcov'"),
        ("coupling", "cubic", "coupling must be one of .*, got 'cubic'"),
        ("partition", "none", "partition must be one of .*, got 'none'"),
        ("segment_length", 0, "segment_length must be from 1 to 1024, got 0"),
        ("channels", 1, "channels must be from 2 to 64, got 1"),
        ("num_steps", 0, "num_steps must be from 1 to 1024, got 0"),
        ("num_levels", 5, "segment_length must be a multiple of 16 for 5 levels, got 24"),
        ("max_hop", -1, "max_hop must be from 0 to 64, got -1"),
        ("hidden_channels", -1, "hidden_channels must be from 0 to 1024, got -1"),
        ("temporal_kernel", 4, "temporal_kernel must be odd and below 2048, or 0, got 4"),
        ("temporal_kernel", -3, "temporal_kernel must be odd and below 2048, or 0, got -3"),
        ("radius", float("nan"), "radius must be finite and within 1e6 of 0, got nan"),
    ],
)
def test_a_flow_that_cannot_be(field: str, value: object, message: str) -> None:
    config = default_config()
    config.model[field] = value
    with pytest.raises(InputError, match=message):
        flow_config(config.model)


@pytest.mark.parametrize(
    "fields", [{"num_steps": 8.0}, {"radius": "3"}, {"skeleton": "coco17"}, {"coupling": None}]
)
def test_a_flow_of_wrong_types(fields: dict[str, Any]) -> None:
    (name,) = fields
    with pytest.raises(ValueError, match=f"{name} must be .*, got {fields[name]!r}"):
        FlowConfig(**fields).check()


@pytest.mark.parametrize(
    ("section", "field", "value"),
    [
        ("data", "train_stride", 0),
        ("data", "test_stride", -1),
        ("data", "max_absent", -1),
        ("data", "resolution", (1920,)),
        ("data", "resolution", (1920, 0)),
        ("data", "resolution", ("wide", "high")),
        ("data", "resolution", ()),
        ("data", "train_label_resolution", (1080, -720)),
        ("training", "epochs", 0),
        ("training", "batch_size", 0),
        ("training", "learning_rate", float("nan")),
        ("training", "learning_rate", float("inf")),
        ("training", "learning_rate_decay", 0.0),
        ("training", "max_gradient_norm", -1.0),
        ("training", "keypoint_noise", -1.0),
        ("scoring", "keypoint_noise", -1.0),
        ("data", "train_share", 0.0),
        ("data", "train_share", 1.01),
        ("data.second", "contamination", 1.0),
        ("data.second", "contamination", -0.1),
        ("data.second", "resolution", ()),
        ("training", "patience", -1),
        ("training", "checkpoint_every", 0),
        ("scoring", "interval_resamples", -1),
        ("scoring", "interval_level", 0.0),
        ("scoring", "interval_level", 1.0),
        ("scoring", "interval_level", float("nan")),
        ("scoring", "box_confidence", -0.1),
        ("scoring", "box_confidence", float("nan")),
    ],
)
def test_a_number_out_of_range(section: str, field: str, value: object) -> None:
    config = default_config()
    attrgetter(section)(config)[field] = value
    with pytest.raises(InputError, match=rf"^config\.{section}\.{field}: ") as error:
        check_config(config)
    assert str(value) in str(error.value)


def test_seeds_are_whole_numbers_of_31_bits() -> None:
    """JAX would take larger ones for others: 2^32 for 0."""
    config = default_config()
    config.seed = -1
    with pytest.raises(InputError, match=r"config\.seed: must be at least 0 and .* got -1"):
        check_config(config)
    config.seed, config.ensemble = 2**31 - 2, 2
    check_config(config)
    config.seed = 2**31 - 1
    with pytest.raises(InputError, match=rf"config\.seed: must be below 2\^31, .* got {2**31 - 1}"):
        check_config(config)


@pytest.mark.parametrize("name", ["average_decay", "held_out", "trim", "keypoint_drop"])
@pytest.mark.parametrize("value", [-0.1, 1.0, float("nan")])
def test_a_share_out_of_range(name: str, value: float) -> None:
    config = default_config()
    config.training[name] = value
    with pytest.raises(InputError, match=rf"config\.training\.{name}: must be from 0 to below 1"):
        check_config(config)


def test_patience_needs_held_out_windows() -> None:
    config = default_config()
    config.training.patience = 2
    with pytest.raises(InputError, match=r"config\.training\.patience: .* set .*held_out too"):
        check_config(config)
    config.training.held_out = 0.1
    check_config(config)


def test_a_second_data_set_needs_its_folder() -> None:
    config = default_config()
    config.data.second.benchmark = "ubnormal"
    with pytest.raises(InputError, match=r"config\.data\.second\.root: must be the folder of the"):
        check_config(config)
    config.data.second.root = "x"
    check_config(config)


def test_contamination_needs_abnormal_people() -> None:
    config = default_config()
    config.data.second.update({"root": "x", "contamination": 0.1})
    message = r"config\.data\.second\.contamination: needs to know who is abnormal: set "
    with pytest.raises(InputError, match=message):
        check_config(config)
    config.data.second.train_labels = "x.csv"
    check_config(config)


def test_a_score_that_there_is_not() -> None:
    config = default_config()
    config.scoring.score = "loudness"
    message = r"config\.scoring\.score: must be one of nll, typicality, .*, got 'loudness'"
    with pytest.raises(InputError, match=message):
        check_config(config)
