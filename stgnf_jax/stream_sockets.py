"""Sockets that only programs on this machine can reach."""

import contextlib
import ipaddress
import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO
from urllib.parse import urlsplit

from stgnf_jax.errors import InputError

# Programs connected at once, and the seconds that one has to take an answer.
MOST_CONNECTIONS = 16
SECONDS_TO_TAKE = 0.9

# Reads a connection to its end and closes the file, given functions that answer and hang up.
Serve = Callable[[BinaryIO, Callable[[bytes], None], Callable[[], None]], None]


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
        with server, contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)  # wakes who waits for connections
        if path is not None:
            os.unlink(path)


def accept_all(server: socket.socket, serve: Serve) -> None:
    """Serves each connection in a thread of its own, until the server is closed."""
    free = threading.BoundedSemaphore(MOST_CONNECTIONS)
    while True:
        try:
            connection, _ = server.accept()
        except ConnectionAbortedError:
            continue
        except OSError:  # closed
            return
        if not free.acquire(blocking=False):
            connection.close()
            continue
        arguments = (connection, serve, free.release)
        threading.Thread(target=_serve, args=arguments, daemon=True).start()


def _serve(connection: socket.socket, serve: Serve, release: Callable[[], None]) -> None:
    limit = struct.pack("ll", 0, int(1e6 * SECONDS_TO_TAKE))  # seconds, microseconds
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)

    def write(answer: bytes) -> None:
        try:
            connection.sendall(answer)
        except OSError:  # gone or too slow; its reader sees the end, and all is closed
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            raise

    def close() -> None:
        connection.close()
        release()

    serve(connection.makefile("rb"), write, close)


def _unix(path: str) -> socket.socket:
    server, before = socket.socket(socket.AF_UNIX), os.umask(0o177)
    try:
        server.bind(path)
        server.listen()
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
    return socket.create_server((str(host), port), family=family)


def _unusable(address: str) -> InputError:
    return InputError(
        f"is {address}, expected tcp://127.0.0.1:PORT: other machines must not reach it",
        field="--input",
    )
