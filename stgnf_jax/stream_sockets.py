"""Sockets that only programs on this machine can reach."""

import ipaddress
import os
import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from stgnf_jax.errors import InputError

# Files beside connections that a process may have open; programs that wait to be accepted.
OTHER_FILES, BACKLOG = 128, 1024


@contextmanager
def listen(address: str) -> Iterator[socket.socket]:
    """A socket at `unix:PATH`, which only this user can open, or at `tcp://HOST:PORT`.

    Raises:
      InputError: no such address, one that other machines could reach, or one that is taken.
    """
    path = address.removeprefix("unix:") if address.startswith("unix:") else None
    try:
        server = _tcp(address) if path is None else _unix(path)
    except OSError as error:
        advice = "; remove it, unless another stream listens there" if path else ""
        reason = f"{address} cannot be opened ({error.strerror or error}){advice}"
        raise InputError(reason, field="--input") from error
    try:
        yield server
    finally:
        server.close()
        if path is not None:
            os.unlink(path)


def allow_connections(most: int) -> None:
    """Lets this process have so many connections open, beside its other files.

    Raises:
      InputError: the system does not let it.
    """
    needed, (soft, hard) = most + OTHER_FILES, resource.getrlimit(resource.RLIMIT_NOFILE)
    if resource.RLIM_INFINITY not in (soft, hard) and hard < needed:
        raise InputError(
            f"is {most}, which needs {needed} open files, and the system lets a program have "
            f"{hard}: raise that (ulimit -n), or ask for fewer",
            field="--max_connections",
        )
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def _unix(path: str) -> socket.socket:
    server, before = socket.socket(socket.AF_UNIX), os.umask(0o177)
    try:
        server.bind(path)
        server.listen(BACKLOG)
    except OSError:
        server.close()
        raise
    finally:
        os.umask(before)
    return server


def _tcp(address: str) -> socket.socket:
    try:
        parts = urlsplit(address)
        host = ipaddress.ip_address(parts.hostname or "")
        port = parts.port
    except ValueError as error:
        raise _unusable(address) from error
    if not host.is_loopback or not port:
        raise _unusable(address)
    family = socket.AF_INET6 if host.version == 6 else socket.AF_INET
    return socket.create_server((str(host), port), family=family, backlog=BACKLOG)


def _unusable(address: str) -> InputError:
    return InputError(
        f"is {address}, expected tcp://127.0.0.1:PORT: other machines must not reach it",
        field="--input",
    )
