"""How the rows of the paper's tables and figures are made."""

from stgnf_jax.ablations import ABLATIONS
from stgnf_jax.reproduction.paper import (
    AUC,
    MEASURES,
    SHANGHAITECH,
    TABLE_1,
    TABLE_3,
    UBNORMAL,
    WHOLE,
    Published,
)
from stgnf_jax.reproduction.rows import NOTHING, Changes, Row

# What the authors publish weights for.
UBNORMAL_SUPERVISED = "ubnormal_supervised"
WEIGHTS = (SHANGHAITECH, UBNORMAL, UBNORMAL_SUPERVISED)
# Where a user's own set has poses of abnormal people to train with.
OWN_ABNORMAL = "pose/train_abnormal"
_AS_PUBLISHED = {"data.windowing": "reference"}


def cross_rows(on: str, other: str) -> tuple[Row, Row]:
    """Tested on a data set, trained on another, and trained on both (table 3).

    The other one's flow has the settings of the other, that of both those of the one tested on.
    """
    alone, both = (TABLE_3.get((on, sets)) for sets in ((other,), (on, other)))
    return (
        Row(f"trained on {other}", other, on, paper=_auc(alone)),
        Row(f"trained on {on} and {other}", on, on, second=other, paper=_auc(both)),
    )


def _auc(value: float | None) -> dict[str, float]:
    return {} if value is None else {AUC: value}


def whole_method(on: str, label: str, x: float | None = None, changes: Changes = NOTHING) -> Row:
    """The whole method, unsupervised, which the rows beside it are compared with."""
    own = changes if on == SHANGHAITECH else None
    return Row(label, on, on, changes, paper=_auc(WHOLE[on]), x=x, whole=True, own=own)


def as_printed(row: Row, published: Published) -> Row:
    """With all that tables 1 and 2 print of it."""
    return row._replace(measures=MEASURES, paper=published.figures())


def ablation_row(name: str, label: str) -> Row:
    """An ablation by its name in `ablations.ABLATIONS`."""
    changed = ABLATIONS[name]
    own = changed.deltas
    if changed.second:  # contamination: a user's own set has the abnormal people itself
        share = own["data.second.contamination"]
        own = {"data.second.train_abnormal_poses": OWN_ABNORMAL, "data.second.contamination": share}
    return Row(
        label,
        changed.trained_on,
        changed.tested_on,
        changed.deltas,
        second=changed.second,
        paper=_auc(changed.paper_auc),
        x=changed.value,
        statement=changed.statement,
        own=own if changed.tested_on == SHANGHAITECH else None,
    )


def curve(place: str, *references: Row) -> tuple[Row, ...]:
    """The points of a figure, with the whole method's among them, by data set and value."""
    names = [name for name, changed in ABLATIONS.items() if changed.place.startswith(place)]
    rows = [*references, *(ablation_row(name, f"{ABLATIONS[name].value:g}") for name in names)]
    sets = [row.tested_on for row in references]
    return tuple(sorted(rows, key=lambda row: (sets.index(row.tested_on), row.x)))


def by_weights(row: Row, name: str) -> Row:
    """The same by the weights that the authors publish."""
    label = f"{row.label}, the authors' weights"
    return row._replace(
        label=label, weights=name, test_changes=_AS_PUBLISHED, whole=False, own=None
    )


def on_hr(row: Row) -> Row:
    """The same tested on ShanghaiTech-HR."""
    return row._replace(
        label=f"{row.label}, on ShanghaiTech-HR",
        test_changes={**row.test_changes, "data.benchmark": "shanghaitech_hr"},
        measures=(AUC,),
        paper=_auc(TABLE_1[-1].auc_hr),
        whole=False,
        own=None,
    )
