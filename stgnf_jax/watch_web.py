"""The page of those who watch, served by a thread of this program."""

import contextlib
import ipaddress
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import uvicorn

from stgnf_jax.errors import InputError
from stgnf_jax.watch_access import Access, new_access
from stgnf_jax.watch_app import watch_app
from stgnf_jax.watch_history import History
from stgnf_jax.watch_message import Scene
from stgnf_jax.watch_protocol import WatchProtocol

# Connections to the page at once; further ones are answered with status 503.
MOST_CONNECTIONS = 32
# Seconds for answers under way when the program ends.
SECONDS_TO_END = 1


class Address(NamedTuple):
    """Where the page is.

    Attributes:
      host: a name or an address of this machine, 0.0.0.0 or :: for all of them.
      port: 0 for any that is free.
    """

    host: str
    port: int


@contextmanager
def listen_at(address: Address) -> Iterator[socket.socket]:
    """A socket at an address.

    Raises:
      InputError: there can be none.
    """
    host, port = address
    try:
        family, *_, found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        server = socket.create_server(found, family=family)
    except OSError as error:
        reason = f"there can be no page at {host}, port {port} ({error.strerror or error})"
        raise InputError(f"{reason}; choose another --host or --port", field="--port") from error
    with server:
        yield server


@contextmanager
def serve_page(
    history: History, scene: Scene, listening: socket.socket, host: str
) -> Iterator[str]:
    """Serves the page in a thread of its own.

    Args:
      history: what is shown.
      scene: what people are drawn with.
      listening: of `listen_at`.
      host: as that was given it.

    Yields:
      The address to open, with the token if one is asked for; stderr has it too.
    """
    bound, port = listening.getsockname()[:2]
    loopback = ipaddress.ip_address(bound).is_loopback
    machine = socket.gethostname().lower()
    names = {host.lower(), "localhost"} | (set() if loopback else {machine, f"{machine}.local"})
    access, closed = new_access(loopback, frozenset(names)), threading.Event()
    server = uvicorn.Server(
        uvicorn.Config(
            watch_app(history, scene, access, closed),
            http=WatchProtocol,
            loop="asyncio",
            lifespan="off",
            ws="none",
            log_config=None,
            log_level="error",  # what is below tells addresses, or a line for each bad request
            access_log=False,
            server_header=False,
            limit_concurrency=MOST_CONNECTIONS,
            timeout_graceful_shutdown=SECONDS_TO_END,
        )
    )
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    url = _url(access, host, port)
    print(f"stgnf watch: open {url}", file=sys.stderr, flush=True)
    try:
        yield url
    finally:
        closed.set()
        server.should_exit = True
        thread.join()


def _url(access: Access, host: str, port: int) -> str:
    with contextlib.suppress(ValueError):
        given = ipaddress.ip_address(host)
        if given.is_unspecified:
            host = socket.gethostname()
        elif given.version == 6:
            host = f"[{host}]"
    query = "" if access.token is None else f"?token={access.token}"
    return f"http://{host}:{port}/{query}"
