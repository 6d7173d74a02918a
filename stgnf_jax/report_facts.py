"""What a report says of a run in words and numbers."""

from pathlib import Path
from typing import Any, NamedTuple

import orjson

from stgnf_jax.alarms_file import ALARMS_FILE
from stgnf_jax.config import default_config
from stgnf_jax.config_fields import flatten
from stgnf_jax.errors import InputError
from stgnf_jax.metrics.text import TITLES
from stgnf_jax.run_summary import SUMMARY_FILE, Summary, load_summary
from stgnf_jax.saved_scores import SavedScores
from stgnf_jax.score_kinds import UNITS
from stgnf_jax.score_origin import ScoreOrigin

# What is said of a training; when and how fast it was does not belong to its results.
TRAINING = ("status", "epochs", "steps", "windows", "examples", "abnormal_examples", "seed")
# Figures that are said first, as far as an evaluation has them.
HEADLINE = {
    **{"auc_micro": "AUC", "auc_macro": "macro AUC", "average_precision": "AP", "eer": "EER"},
    **{"fpr_at_95_tpr": "FPR at 95 % TPR", "rbdc": "RBDC", "tbdc": "TBDC"},
}
ENDED = ("parameters", "loss", "held_out_nll", "device")


class Facts(NamedTuple):
    """A table of a report.

    Attributes:
      title: what it is about.
      rows: names and values.
    """

    title: str
    rows: tuple[tuple[str, str], ...]


def gather_facts(
    run: Path, saved: SavedScores, origin: ScoreOrigin, metrics: dict[str, Any]
) -> tuple[Facts, ...]:
    """The tables: figures, alarms, scores, data, model, training; those that are not empty.

    Args:
      run: the folder of the scores.
      saved: the scores.
      origin: where they come from.
      metrics: the figures, none where there is no ground truth.

    Raises:
      InputError: the summary of the training or the file of alarms is damaged.
    """
    summary = _summary(run, origin)
    tables = {
        "Figures": _figures(metrics),
        "Alarms, explained": _alarms(run),
        "Scores": _scores(saved, origin),
        "Data": _data(origin),
        "Model": _model(origin),
        "Training": {} if summary is None else _training(summary),
        "Training configuration, where it is not the default": _changed(summary),
    }
    return tuple(
        Facts(title, tuple((name, _text(value)) for name, value in rows.items()))
        for title, rows in tables.items()
        if rows
    )


def _figures(metrics: dict[str, Any]) -> dict[str, Any]:
    """The figures by their titles, with intervals or why there is none; then all the rest."""
    intervals, reasons = (
        found if isinstance(found := metrics.get(name), dict) else {}
        for name in ("intervals", "not_computed")
    )
    known = {
        title: f"{metrics[name]:.4f}{_between(intervals.get(name))}"
        if _is_number(metrics[name])
        else f"not computed: {reasons.get(name, 'unknown')}"
        for name, title in TITLES.items()
        if name in metrics
    }
    told = {*TITLES, "intervals", "not_computed"}
    return known | flatten({name: metrics[name] for name in metrics if name not in told})


def _between(interval: Any) -> str:
    match interval:
        case [int() | float() as low, int() | float() as high]:
            return f" ({low:.4f} to {high:.4f})"
    return ""


def headline(saved: SavedScores, metrics: dict[str, Any]) -> list[tuple[str, str]]:
    """Names and values of what is said first."""
    sizes = {
        "clips": len(saved.frames.clips),
        "frames": len(saved.frames.smoothed),
        "windows": len(saved.windows.score),
    }
    figures = {HEADLINE[name]: metrics.get(name) for name in HEADLINE}
    known = [(name, f"{value:.4f}") for name, value in figures.items() if _is_number(value)]
    return known + [(name, f"{size:,}") for name, size in sizes.items()]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def _summary(run: Path, origin: ScoreOrigin) -> Summary | None:
    """That of the training of the model, when it is still there."""
    for folder in (origin.checkpoint, run):
        if (folder / SUMMARY_FILE).exists():
            return load_summary(folder)
    return None


def _alarms(run: Path) -> dict[str, Any]:
    """What `stgnf alarms --explain` has said of each alarm, where it has."""
    file = run / ALARMS_FILE
    if not file.exists():
        return {}
    try:
        return {
            f"{one['clip']}, frames {one['start']} to {one['end'] - 1}": " ".join(why["words"])
            for one in orjson.loads(file.read_bytes())["alarms"]
            if (why := one.get("explanation"))
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(
            f"does not hold alarms ({error}); run stgnf alarms again", file=file
        ) from error


def _scores(saved: SavedScores, origin: ScoreOrigin) -> dict[str, Any]:
    kind = origin.config.scoring.score
    return {
        "score": f"{kind}, {UNITS[kind]}; higher is more normal",
        "clips": len(saved.frames.clips),
        "frames": len(saved.frames.smoothed),
        "abnormal frames": "unknown" if saved.normal is None else int((~saved.normal).sum()),
        "windows": len(saved.windows.score),
    }


def _data(origin: ScoreOrigin) -> dict[str, Any]:
    data, resolution = origin.config.data, origin.model.resolution
    return {
        "poses": str(Path(data.root, data.test_poses)),
        "benchmark": data.benchmark,
        "resolution": f"{resolution[0]:g} x {resolution[1]:g} pixels",
        "windowing": data.windowing,
        "detections from one window to the next": data.test_stride,
        "frames that a window may lack": data.max_absent,
    }


def _model(origin: ScoreOrigin) -> dict[str, Any]:
    flow = origin.model.flow._asdict() | {"skeleton": origin.model.flow.skeleton.name}
    return {"checkpoint": str(origin.checkpoint), "members": origin.model.members} | flow


def _training(summary: Summary) -> dict[str, Any]:
    fields = summary._asdict()
    known = {name.replace("_", " "): fields[name] for name in (*TRAINING, *ENDED)}
    return {name: value for name, value in known.items() if value is not None}


def _changed(summary: Summary | None) -> dict[str, Any]:
    if summary is None:
        return {}
    default = flatten(orjson.loads(default_config().to_json_best_effort()))
    config = flatten(summary.config)
    return {name: value for name, value in config.items() if default.get(name) != value}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
