"""SIGTERM as a request to stop at the next step."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import jax
from jax.experimental import multihost_utils


class Stopped(Exception):  # noqa: N818 -- it is no error
    """Training has stopped on request, and what it has come to is saved."""


@contextmanager
def stop_requested() -> Iterator[Callable[[int], bool]]:
    """Gives a function that says, after a step, whether to stop there.

    Several processes agree on the step. Outside the main thread, where Python hears no signals,
    it is never.
    """
    if jax.process_count() > 1:
        yield multihost_utils.reached_preemption_sync_point
        return
    if threading.current_thread() is not threading.main_thread():
        yield lambda _: False
        return
    received = threading.Event()
    before = signal.signal(signal.SIGTERM, lambda *_: received.set())
    try:
        yield lambda _: received.is_set()
    finally:
        signal.signal(signal.SIGTERM, before)
