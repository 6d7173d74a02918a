"""A data set of a few small clips, and configurations and models to go with it."""

import functools
import json
from pathlib import Path

import jax
import numpy as np
from ml_collections import ConfigDict
from numpy.typing import NDArray
from PIL import Image

from stgnf_jax.config import default_config
from stgnf_jax.flow import STGNF
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.label_spans import FIELDS
from stgnf_jax.model import Model

NUM_FRAMES = 24
# Frames of the test clips in which a person thrashes about.
ABNORMAL = slice(8, 20)
FLOW = FlowConfig(segment_length=8, num_steps=2)


def walk(seed: int, thrashing: slice = slice(0)) -> NDArray[np.float64]:
    """One person, (F, 17, 3): walks to the right swinging, and thrashes in some frames."""
    rng = np.random.default_rng(seed)
    body = np.random.default_rng(0).uniform((0, 0), (40, 120), (17, 2))
    time = np.arange(NUM_FRAMES)[:, None, None]
    phase = rng.uniform(0, 6) + body[:, 1:] / 20
    swing = 8 * np.sin(0.5 * time + phase) * np.array([1.0, 0.3])
    place = body + swing + time * np.array([3.0, 0]) + rng.uniform(100, 200, 2)
    place += rng.normal(0, 0.5, place.shape)
    place[thrashing] += rng.normal(0, 40, place[thrashing].shape)
    return np.concatenate([place, rng.uniform(0.5, 1, (*place.shape[:2], 1))], -1)


def write_clip(path: Path, people: list[NDArray[np.float64]]) -> None:
    """A pose file of people who are all there from frame 0 on."""
    clip = {
        str(number): {
            f"{frame:04}": {"keypoints": pose.ravel().tolist(), "scores": 1.0}
            for frame, pose in enumerate(poses)
        }
        for number, poses in enumerate(people, start=1)
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(clip), encoding="utf-8")


def write_data(root: Path) -> Path:
    """Poses to train on and to test on, and masks, as `configs/custom.py` wants them."""
    for clip in range(3):
        write_clip(root / f"pose/train/{clip}.json", [walk(10 * clip), walk(10 * clip + 1)])
    masks = root / "gt/test_frame_mask"
    masks.mkdir(parents=True)
    mask = np.zeros(NUM_FRAMES, np.int8)
    mask[ABNORMAL] = 1
    for name, seed in (("a", 100), ("b", 200)):
        write_clip(root / f"pose/test/{name}.json", [walk(seed), walk(seed + 1, ABNORMAL)])
        np.save(masks / f"{name}.npy", mask)
    return root


def write_spans(path: Path, *spans: tuple[object, ...]) -> Path:
    """A file of labels, CSV or JSON by its name; a span is clip, person, first, last, label."""
    if path.suffix == ".json":
        path.write_text(json.dumps([dict(zip(FIELDS, span, strict=True)) for span in spans]))
    else:
        path.write_text("".join(",".join(map(str, row)) + "\n" for row in (FIELDS, *spans)))
    return path


def write_annotations(
    folder: Path, clip: str, objects: str, images: dict[int, Image.Image]
) -> None:
    """UBnormal's annotations of a clip: the text of its abnormal objects, an image a frame."""
    annotations = folder / f"Scene{clip.split('_')[2]}" / f"{clip}_annotations"
    annotations.mkdir(parents=True, exist_ok=True)
    (annotations / f"{clip}_tracks.txt").write_text(objects)
    for frame, image in images.items():
        image.save(annotations / f"{clip}_{frame:04}_gt.png")


def small_config(root: Path) -> ConfigDict:
    """The default configuration for `write_data`, with windows and a flow that compile fast."""
    config = default_config()
    config.data.root = str(root)
    config.data.cache_dir = ""
    config.data.train_stride = 2
    config.model.segment_length = FLOW.segment_length
    config.model.num_steps = FLOW.num_steps
    config.training.epochs = 2
    config.training.batch_size = 32
    return config


@functools.cache
def random_model(flow: FlowConfig = FLOW, seed: int = 0) -> Model:
    """A flow with random variables, none of them at its initial zero or one."""
    x = np.random.default_rng(seed).normal(size=(16, *flow.event_shape)).astype(np.float32)
    variables = jax.jit(lambda key: STGNF(flow).init(key, x, train=True))(jax.random.key(seed))
    noise = np.random.default_rng(seed + 1)

    def stir(leaf: jax.Array) -> jax.Array:
        return leaf + noise.uniform(0.01, 0.1, leaf.shape).astype(np.float32)

    stirred = {name: jax.tree.map(stir, variables[name]) for name in ("params", "batch_stats")}
    return Model(flow, {**variables, **stirred}, (856.0, 480.0))
