"""Live scores as a program: lines in, lines out, until the input ends or a signal comes."""

import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import NamedTuple

import jax
from ml_collections import ConfigDict

from stgnf_jax.alarm_request import AlarmRequest
from stgnf_jax.config import check_config
from stgnf_jax.evaluation import load_scorers
from stgnf_jax.live_rules import live_rules
from stgnf_jax.model import Model
from stgnf_jax.stream import StreamSettings, stream_scorer
from stgnf_jax.stream_input import LONGEST_LINE, Lines, Peer, Received, open_input
from stgnf_jax.stream_session import (
    Service,
    Session,
    answer,
    end_all,
    give_up_all,
    new_session,
    report,
)

# Seconds after which a signal is noticed at the latest.
LOOK_UP = 0.2


class StreamOptions(NamedTuple):
    """How `stream` runs.

    Attributes:
      source: as `name` of `open_input`.
      follow: whether the file `source` grows.
      max_people: of a camera, remembered at once.
      max_cameras: remembered at once.
      smoothing: frames in which the filter of the frame scores forgets by a factor of e.
      report_every: seconds between two reports on stderr; 0 for one at the end only.
      alarms: which are asked for; None for none.
      command: in whose name is told on stderr.
    """

    source: str
    follow: bool
    max_people: int
    max_cameras: int
    smoothing: float
    report_every: float
    alarms: AlarmRequest | None
    command: str = "stream"


See = Callable[[bytes, bytes], object]


def _no_one_sees(raw: bytes, answered: bytes) -> None:
    pass


def stream(config: ConfigDict, checkpoint: str | os.PathLike[str], options: StreamOptions) -> None:
    """Answers lines until the input ends, or SIGINT or SIGTERM comes; reports on stderr.

    Args:
      config: its `scoring.score` and `data.max_absent` are used.
      checkpoint: a workdir of `train`, or what `import_published` wrote.
      options: the rest.

    Raises:
      InputError: the configuration, the checkpoint or the input cannot be used, or alarms are
        asked for that cannot be promised.
    """
    models = load_models(config, checkpoint)
    serve_lines(make_service(config, checkpoint, models, options), options)


def load_models(config: ConfigDict, checkpoint: str | os.PathLike[str]) -> tuple[Model, ...]:
    """The members of a checkpoint, after a look at the configuration; raises as `stream`."""
    check_config(config)
    # A frame's program takes less time than waking another thread to run it.
    jax.config.update("jax_cpu_enable_async_dispatch", False)
    return load_scorers(config, checkpoint)


def make_service(
    config: ConfigDict,
    checkpoint: str | os.PathLike[str],
    models: Sequence[Model],
    options: StreamOptions,
) -> Service:
    """How lines are answered; compiles. Raises as `stream`."""
    rules = live_rules(config, checkpoint, models, options.alarms, options.command)
    settings = StreamSettings(config.data.max_absent, options.max_people, options.smoothing)
    scorer = stream_scorer(models, config.scoring.score, settings)
    joints = models[0].config.skeleton.num_file_joints
    return Service(scorer, joints, options.max_cameras, LONGEST_LINE, rules)


def serve_lines(service: Service, options: StreamOptions, see: See = _no_one_sees) -> None:
    """Answers lines until the input ends, or SIGINT or SIGTERM comes; reports on stderr.

    Args:
      service: how.
      options: of the input and the reports.
      see: is given each line and its answer, once that is written.

    Raises:
      InputError: the input cannot be opened.
    """
    stopped = threading.Event()
    source = open_input(options.source, options.follow, stopped, options.command)
    with source as lines, _until_signal(stopped):
        _serve(service, lines, stopped, options, see)


def _serve(
    service: Service, lines: Lines, stopped: threading.Event, options: StreamOptions, see: See
) -> None:
    session, reported, last = new_session(), time.monotonic(), None
    every = options.report_every
    while not stopped.is_set():
        with suppress(queue.Empty):
            line = lines.get(timeout=LOOK_UP)
            _handle(service, session, line, see)
            last = line.peer
        if every and time.monotonic() - reported >= every:
            reported = time.monotonic()
            _report(session, options.command)
    _end(service, session, last)
    _report(session, options.command)


def _handle(service: Service, session: Session, line: Received, see: See) -> None:
    if line.raw is None:
        line.peer.close()
        return
    answered = answer(service, session, line.raw, line.number, line.time)
    _write(session, line.peer, answered)
    see(line.raw, answered)


def _end(service: Service, session: Session, peer: Peer | None) -> None:
    """Ends all cameras, where it is known who is to be told."""
    if peer is not None and peer.alone and not session.counts["answers lost"]:
        for line in end_all(service, session):
            if not _write(session, peer, line):
                break
    give_up_all(service, session)


def _write(session: Session, peer: Peer, line: bytes) -> bool:
    try:
        peer.write(line)
    except OSError:
        session.counts["answers lost"] += 1
        return False
    return True


def _report(session: Session, command: str) -> None:
    print(f"stgnf {command}: {report(session)}", file=sys.stderr, flush=True)


@contextmanager
def _until_signal(stopped: threading.Event) -> Iterator[None]:
    """SIGINT and SIGTERM stop after the line at hand; a second one acts as ever."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def stop(*_: object) -> None:
        stopped.set()
        for number, handler in before.items():
            signal.signal(number, handler)

    for number in before:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
