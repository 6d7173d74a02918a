"""Live scores as a program: lines in, lines out, until the input ends or a signal comes."""

import functools
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
from stgnf_jax.stream_input import is_socket, open_input
from stgnf_jax.stream_received import LONGEST_LINE, Lines, Peer, Received
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
      max_connections: to a socket, at once.
      smoothing: frames in which the filter of the frame scores forgets by a factor of e.
      report_every: seconds between two reports on stderr; 0 for one at the end only.
      alarms: which are asked for; None for none.
      command: in whose name is told on stderr.
    """

    source: str
    follow: bool
    max_people: int
    max_cameras: int
    max_connections: int
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
    stopped, session, most = threading.Event(), new_session(), options.max_connections
    with (
        open_input(options.source, options.follow, most, stopped, session.counts) as lines,
        _until_signal(stopped),
    ):
        if is_socket(options.source):
            _say(options, f"listening on {options.source}")
        handle = functools.partial(_handle, service, session, see)
        last = _serve(handle, lambda: _say(options, report(session)), lines, stopped, options)
        _end(service, session, last)
    _say(options, report(session))


def _serve(
    handle: Callable[[Received], None],
    tell: Callable[[], None],
    lines: Lines,
    stopped: threading.Event,
    options: StreamOptions,
) -> Peer | None:
    """Handles lines until there are no more; gives who sent the last one."""
    reported, last = time.monotonic(), None
    while not stopped.is_set():
        with suppress(queue.Empty):
            line = lines.get(timeout=LOOK_UP)
            handle(line)
            last = line.peer
        if options.report_every and time.monotonic() - reported >= options.report_every:
            reported = time.monotonic()
            tell()
    return last


def _handle(service: Service, session: Session, see: See, line: Received) -> None:
    if line.raw is None:
        line.peer.close()
        return
    answered = answer(service, session, line.raw, line.number, line.time)
    _write(session, line.peer, answered)
    see(line.raw, answered)
    if _is_stranger(line.raw, line.number) and not line.peer.alone:
        session.counts["programs hung up on that send no JSON"] += 1
        line.peer.close()


def _is_stranger(raw: bytes, number: int) -> bool:
    """Whether this is no camera, as a browser that a page elsewhere has send lines in a request."""
    return number == 1 and not raw.lstrip().startswith(b"{")


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


def _say(options: StreamOptions, what: str) -> None:
    print(f"stgnf {options.command}: {what}", file=sys.stderr, flush=True)


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
