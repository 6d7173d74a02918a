"""The server of the page, by its answers."""

import http.client
import json
import socket
import time
from contextlib import ExitStack, suppress
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from stgnf_jax import watch_protocol
from stgnf_jax.errors import InputError
from stgnf_jax.watch_web import MOST_CONNECTIONS, Address, listen_at
from tests.watched import Site, served, tell


def ask(
    site: Site, path: str = "/", **headers: str
) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
    """An answer whose body has not been read."""
    port = urlsplit(site.url).port
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})
    return connection, connection.getresponse()


def status(site: Site, path: str = "/", **headers: str) -> int:
    connection, response = ask(site, path, **headers)
    connection.close()
    return response.status


def next_message(response: http.client.HTTPResponse) -> dict[str, Any]:
    """The next message of an event stream, after what it begins with."""
    while not (line := response.readline()).startswith(b'data: {"now"'):
        assert line  # or the stream has ended
    found: dict[str, Any] = json.loads(line.removeprefix(b"data: "))
    return found


def token_of(site: Site) -> str:
    (token,) = parse_qs(urlsplit(site.url).query)["token"]
    return token


def test_events_of_this_machine() -> None:
    with served() as site:
        assert urlsplit(site.url).query == ""
        tell(site.history, "gate", 7, {1: -1.0}, now=time.time())
        connection, response = ask(site, "/events")
        assert response.status == 200
        assert response.headers.get_content_type() == "text/event-stream"
        assert response.readline() == b"event: begin\n"
        (camera,) = next_message(response)["cameras"].values()
        assert camera["picture"]["frame"] == 7
        connection.close()


def test_the_page_asks_for_nothing_and_admits_nothing() -> None:
    with served() as site:
        connection, response = ask(site)
        headers, body = response.headers, response.read().decode()
        connection.close()
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "connect-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "server" not in headers
    assert "http:" not in body
    assert "https:" not in body


@pytest.mark.parametrize("path", ["/", "/events", "/nothing"])
def test_other_sites_are_refused(path: str) -> None:
    with served() as site:
        assert status(site, path, Origin="http://evil.example") == 403
        assert status(site, path, Host="evil.example") == 403
        assert status(site, path, Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="no-cors") == 403


def test_a_page_for_other_machines_asks_for_its_token() -> None:
    with served("0.0.0.0") as site:
        token = token_of(site)
        for path in ("/", "/events", "/nothing", "/?token=", f"/?token={token[:-1]}"):
            assert status(site, path) == 401
        assert status(site, f"/?token={token}", Host="evil.example") == 403
        connection, response = ask(site, f"/?token={token}")
        assert (response.status, response.headers["location"]) == (303, "/")
        assert response.headers["referrer-policy"] == "no-referrer"  # or it would have the token
        cookie = response.headers["set-cookie"]
        connection.close()
        assert "httponly" in cookie.lower()
        assert "samesite=lax" in cookie.lower()
        given = cookie.split(";")[0]
        assert given.endswith(f"={token}")
        assert status(site, "/events", Cookie=given[:-1]) == 401
        assert status(site, Cookie=given) == 200
        assert status(site, "/events", Cookie=given) == 200
        assert status(site, "/events", Cookie=given, Origin="http://evil.example") == 403


def test_the_token_is_in_what_is_printed_and_nowhere_else(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(0), served("0.0.0.0") as site:
        token, port = token_of(site), urlsplit(site.url).port or 0
        status(site, f"/?token={token}")
        status(site, f"/events?token={token}", Cookie=f"stgnf_watch_{port}={token}")
        with socket.create_connection(("127.0.0.1", port)) as broken:
            broken.sendall(f"GET /?token={token} HTTP/9\r\nnonsense\r\n\r\n".encode())
            assert b"400" in broken.recv(1000)
    printed = "".join(capfd.readouterr())
    assert printed.count(token) == 1
    assert f"stgnf watch: open {site.url}\n" in printed
    assert token not in caplog.text


def test_a_viewer_who_takes_nothing_loses_pictures_and_holds_up_nobody() -> None:
    crowd: dict[int, float | str] = dict.fromkeys(range(300), -1.0)
    with served() as site:
        slow, response = ask(site, "/events")
        for frame in range(80):  # far more than a connection holds
            tell(site.history, "gate", frame, crowd, now=time.time())
            time.sleep(0.02)
        counts = [0]
        while counts[-1] < 80:
            if found := next_message(response)["cameras"]:
                counts.append(found["gate"]["picture"]["count"])
        slow.close()
    assert counts == sorted(counts)
    assert len(counts) < 80


def test_pages_of_one_machine_do_not_take_each_others_cookie() -> None:
    with served("0.0.0.0") as site, served("0.0.0.0") as other:
        cookies = []
        for one in (site, other):
            connection, response = ask(one, f"/?token={token_of(one)}")
            cookies.append(response.headers["set-cookie"].split(";")[0])
            connection.close()
        for one in (site, other):
            assert status(one, Cookie="; ".join(cookies)) == 200


def test_connections_are_bounded() -> None:
    with served() as site:
        held = [ask(site, "/events") for _ in range(MOST_CONNECTIONS - 1)]
        assert {response.status for _, response in held} == {200}
        full = [status(site) for _ in range(3)]
        assert 503 in full
        for connection, _ in held:
            connection.close()


def test_connections_that_ask_for_nothing_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_protocol, "SECONDS_TO_ASK", 0.5)
    with served() as site, ExitStack() as stack:
        viewer, response = ask(site, "/events")
        address = ("127.0.0.1", urlsplit(site.url).port or 0)
        silent, half, second = (
            stack.enter_context(socket.create_connection(address, timeout=20)) for _ in range(3)
        )
        half.sendall(b"GET / HTTP/1.1\r\nHost: local")
        second.sendall(b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b" 404 " in second.recv(1000)
        second.sendall(b"GET")
        for client in (silent, half, second):
            with suppress(ConnectionResetError):
                while client.recv(1000):  # until it is closed
                    pass
        tell(site.history, "gate", 7, {1: -1.0}, now=time.time())
        while not next_message(response)["cameras"]:  # and whoever is answered is not
            pass
        viewer.close()


def test_connections_that_wait_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_protocol, "MOST_OPEN", 1)
    with served() as site, ExitStack() as stack:
        address = ("127.0.0.1", urlsplit(site.url).port or 0)
        clients = [stack.enter_context(socket.create_connection(address)) for _ in range(3)]
        for client in clients[1:]:
            client.settimeout(20)
            with suppress(ConnectionResetError):
                assert client.recv(1) == b""
        clients[0].sendall(b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b" 404 " in clients[0].recv(1000)


def test_a_port_that_is_taken() -> None:
    with listen_at(Address("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        with (
            pytest.raises(InputError, match=rf"--port: .*port {port} .*choose another"),
            listen_at(Address("127.0.0.1", port)),
        ):
            pass
