"""How many examples Hypothesis looks at: with `STGNF_LONG=1`, forty times as many."""

import os

from hypothesis import HealthCheck, Phase, settings

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
LONGER = 40


def examples(count: int) -> settings:
    """So many examples in a short run, always the same ones; random and more in a long one."""
    is_long = os.environ.get("STGNF_LONG") == "1"
    return settings(
        max_examples=count * LONGER if is_long else count,
        derandomize=not is_long,
        deadline=None,
        # A smaller example of a failure is worth the time only where someone waits for it.
        phases=list(Phase) if is_long else [Phase.explicit, Phase.generate],
        suppress_health_check=SLOW,
    )
