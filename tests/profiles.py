"""How many examples Hypothesis looks at: with `STGNF_LONG=1`, forty times as many."""

import os

from hypothesis import HealthCheck, settings

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
LONGER = 40


def examples(count: int) -> settings:
    """So many examples in a short run, always the same ones; random and more in a long one."""
    is_long = os.environ.get("STGNF_LONG") == "1"
    return settings(
        max_examples=count * LONGER if is_long else count,
        derandomize=not is_long,
        deadline=None,
        suppress_health_check=SLOW,
    )
