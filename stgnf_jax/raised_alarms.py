"""Scores in a folder to alarms beside them: `alarms.csv` and `alarms.json`."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from stgnf_jax.alarm_request import AlarmRequest, check_request
from stgnf_jax.alarm_rules import AlarmRules, find_rules
from stgnf_jax.alarms import Alarm, find_alarms
from stgnf_jax.alarms_file import save_alarms
from stgnf_jax.csv_file import save_csv
from stgnf_jax.saved_scores import SavedScores, load_scores

# From the folder, its scores and the alarms to what `alarms.json` says of each: `explain_alarms`.
Explain = Callable[[str | os.PathLike[str], SavedScores, list[Alarm]], Sequence[Any]]
FIELDS = ("clip", "start", "end", "person", "score", "frame")


class Raised(NamedTuple):
    """Alarms with what raised them.

    Attributes:
      clips: names of the clips.
      alarms: by clip and start.
      rules: what they were raised by.
    """

    clips: tuple[str, ...]
    alarms: list[Alarm]
    rules: AlarmRules


def raise_alarms(
    folder: str | os.PathLike[str], request: AlarmRequest, explain: Explain | None = None
) -> Raised:
    """Finds the alarms in the scores of a folder and writes them there.

    Both files have one entry an alarm: its clip, its first frame and the one after its last, the
    person with the lowest score in it (none where nobody was scored), that score and its frame.
    `alarms.json` also has the request, the threshold of each clip and what is promised of rates.
    Pictures that only the alarms of an earlier call had are removed.

    Args:
      folder: what `stgnf score` or `stgnf evaluate` has written to.
      request: which alarms.
      explain: what finds an explanation of each alarm, for `alarms.json`.

    Raises:
      InputError: scores, ground truth or normal scores are missing or damaged, or the request is
        none.
    """
    check_request(request)
    scores = load_scores(folder)
    rules = find_rules(folder, scores, request)
    alarms = find_alarms(scores.frames, scores.people, rules.clips, smoothed=request.smoothed)
    raised = Raised(scores.frames.clips, alarms, rules)
    rows = [_row(raised.clips, alarm) for alarm in alarms]
    save_csv(Path(folder) / "alarms.csv", FIELDS, rows)
    entries = [dict(zip(FIELDS, row, strict=True)) for row in rows]
    if explain is not None:
        found = explain(folder, scores, alarms)
        entries = [e | {"explanation": why} for e, why in zip(entries, found, strict=True)]
    save_alarms(Path(folder), _document(entries, raised, request))
    return raised


def _row(clips: Sequence[str], alarm: Alarm) -> tuple[Any, ...]:
    return clips[alarm.clip], *alarm.span, alarm.person, alarm.score, alarm.frame


def _document(
    entries: Sequence[dict[str, Any]], raised: Raised, request: AlarmRequest
) -> dict[str, Any]:
    thresholds = (rule.threshold for rule in raised.rules.clips)
    return {
        "request": request._asdict(),
        "thresholds": dict(zip(raised.clips, thresholds, strict=True)),
        "rates": {scene: rate._asdict() for scene, rate in raised.rules.rates.items()},
        "alarms": entries,
    }
