"""What alarms are asked for."""

from collections.abc import Sequence
from typing import NamedTuple

from stgnf_jax.errors import InputError

# Fields that say by which threshold; a live stream has no ground truth.
WAYS = ("threshold", "best_f1", "per_hour")
LIVE_WAYS = ("threshold", "per_hour")


class AlarmRequest(NamedTuple):
    """What alarms are asked for; exactly one of the first three says by which threshold.

    Attributes:
      threshold: this score; None for another way.
      best_f1: the one with the highest F1 on these frames, by their ground truth.
      per_hour: the one that raises so many false alarms an hour; None for another way.
      confidence: of `per_hour`, see `rate_threshold`.
      hysteresis: see `AlarmRule`.
      min_frames: see `AlarmRule`.
      smoothed: go by the smoothed scores of frames, not by the lowest of the people.
    """

    threshold: float | None = None
    best_f1: bool = False
    per_hour: float | None = None
    confidence: float | None = None
    hysteresis: float = 0.0
    min_frames: int = 1
    smoothed: bool = False


def check_request(request: AlarmRequest, ways: Sequence[str] = WAYS) -> None:
    """Checks what no score is needed to judge.

    Args:
      request: what is asked for.
      ways: fields that may say by which threshold.

    Raises:
      InputError: not exactly one way to a threshold, or a number that is out of its range.
    """
    given = [getattr(request, way) for way in ways]
    if sum(value is not None and value is not False for value in given) != 1:
        *first, last = (f"--{way}" for way in ways)
        raise InputError(f"give exactly one of {', '.join(first)} and {last}")
    if request.confidence is not None and request.per_hour is None:
        raise InputError("is of --per_hour; give that too", field="--confidence")
    ranges = {
        "per_hour": request.per_hour is None or 0 < request.per_hour < float("inf"),
        "confidence": request.confidence is None or 0 < request.confidence < 1,
        "hysteresis": 0 <= request.hysteresis < float("inf"),
        "min_frames": request.min_frames >= 1,
    }
    expected = {"per_hour": "above 0", "confidence": "within 0 and 1", "hysteresis": "at least 0"}
    for name, fits in ranges.items():
        if not fits:
            value = getattr(request, name)
            raise InputError(
                f"must be {expected.get(name, 'at least 1')}, got {value}", field=f"--{name}"
            )
