"""The command lines that faults meet, on a small data set, and what must lie there before each."""

from pathlib import Path
from typing import NamedTuple

from stgnf_jax import checkpoint
from tests.small import random_model, walk, write_clip, write_data, write_spans


class Place(NamedTuple):
    """Where it all happens.

    Attributes:
      data: poses and masks, which nothing changes.
      work: everything that a command writes; the same path in every run, since files name it.
    """

    data: Path
    work: Path

    def config(self) -> tuple[str, ...]:
        """The configuration, of a training of a few steps."""
        return (
            *("--config=configs/custom.py", f"--config.data.root={self.data}"),
            *("--config.data.cache_dir=", "--config.data.train_stride=2"),
            *("--config.data.calibration_poses=pose/normal",),
            *("--config.model.segment_length=8", "--config.model.num_steps=2"),
            *("--config.training.epochs=3", "--config.training.batch_size=32"),
            *("--config.training.held_out=0.3", "--config.training.checkpoint_every=1"),
            *("--config.scoring.interval_resamples=50",),
        )

    def model(self) -> str:
        """The flag that names the model."""
        return f"--checkpoint={self.work}/run"


class Command(NamedTuple):
    """A command line.

    Attributes:
      words: of the command line.
      after: the commands whose results lie there, by name, in order.
    """

    words: tuple[str, ...]
    after: tuple[str, ...] = ()


def commands(place: Place) -> dict[str, Command]:
    """All of them by name. `other` scores with another model, which `evaluate` overwrites."""
    config, model, out = place.config(), place.model(), place.work / "out"
    scored = ("train", "calibrate", "evaluate")
    cached = f"--config.data.cache_dir={place.work}/cache"
    spans, masks = place.data / "spans.csv", place.work / "masks"
    other = (*config, f"--checkpoint={place.data}/other", "--config.scoring.explain=2")
    return {
        "cache": Command(("replay", *config, cached)),
        "train": Command(("train", *config, f"--workdir={place.work}/run")),
        "calibrate": Command(("calibrate", *config, model, "--fps=24"), ("train",)),
        "keep-windows": Command(("keep-windows", *config, model, "--count=9"), ("train",)),
        "score": Command(("score", *config, model, f"--out={out}"), ("train",)),
        "other": Command(("evaluate", *other, f"--out={out}")),
        "evaluate": Command(
            ("evaluate", *config, model, f"--out={out}", "--config.scoring.explain=2"),
            ("train", "calibrate", "other"),
        ),
        "alarms": Command(("alarms", str(out), "--threshold=-2"), scored),
        "drift": Command(("drift", str(out)), scored),
        "report": Command(("report", str(out)), scored),
        "export": Command(("export", *config, model, f"--out={place.work}/exported"), ("train",)),
        "stream": Command(
            ("stream", *config, model, f"--input={place.data}/lines.jsonl"), ("train",)
        ),
        "convert-poses": Command(
            ("convert-poses", f"{place.data}/pose/test", f"{place.work}/poses", "--overwrite")
        ),
        "label": Command(("label", str(spans), *config, f"--out={masks}", "--overwrite")),
    }


def write_inputs(place: Place) -> None:
    """What the commands read and do not change, but for the lines of `stream`."""
    write_data(place.data)
    for clip in range(2):
        write_clip(
            place.data / f"pose/normal/{clip}.json", [walk(40 + 9 * clip + i) for i in range(9)]
        )
    write_spans(place.data / "spans.csv", ("a", 2, 8, 19, "abnormal"))
    checkpoint.save(place.data / "other", random_model())
