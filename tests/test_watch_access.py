import pytest

from stgnf_jax.watch_access import Access, is_misled, is_token, new_access

HERE = new_access(True, frozenset({"localhost"}))
ANYWHERE = Access(False, frozenset({"localhost", "camerabox"}), "secret")


@pytest.mark.parametrize(
    "host", ["localhost:8765", "127.0.0.1:8765", "[::1]:8765", "127.0.0.1", "LOCALHOST:9000"]
)
def test_this_machine_by_its_own_names(host: str) -> None:
    assert not is_misled(HERE, {"host": host})
    assert not is_misled(ANYWHERE, {"host": host})


@pytest.mark.parametrize(
    "host",
    [
        "evil.example:8765",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "",
        "[::1",
        "a@b:1:2",
    ],
)
def test_a_name_that_somebody_lets_point_here(host: str) -> None:
    assert is_misled(HERE, {"host": host})
    assert is_misled(ANYWHERE, {"host": host})


def test_other_addresses_and_names_are_for_pages_that_others_can_reach() -> None:
    # Browsers take 0.0.0.0 to this machine too.
    for host in ("192.168.1.7:8765", "camerabox:8765", "[fe80::1]:8765", "0.0.0.0:8765"):
        assert is_misled(HERE, {"host": host})
        assert not is_misled(ANYWHERE, {"host": host})


@pytest.mark.parametrize(
    "origin",
    [
        *("http://evil.example", "http://localhost", "http://localhost:8766", "null", ""),
        *("http://127.0.0.1:8765", "http://localhost:8765.evil.example", "http://[::1"),
    ],
)
def test_pages_of_other_sites(origin: str) -> None:
    assert is_misled(HERE, {"host": "localhost:8765", "origin": origin})


def test_the_own_page() -> None:
    headers = {"host": "localhost:8765", "origin": "http://localhost:8765"}
    assert not is_misled(HERE, headers)
    assert not is_misled(HERE, {**headers, "sec-fetch-site": "same-origin"})


def test_pictures_and_scripts_of_other_sites_but_no_links() -> None:
    fetch = {"host": "localhost:8765", "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}
    assert is_misled(HERE, fetch)
    assert is_misled(HERE, {**fetch, "sec-fetch-site": "same-site"})
    link = {**fetch, "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    assert not is_misled(HERE, link)
    assert is_misled(HERE, {**link, "sec-fetch-dest": "iframe"})


def test_tokens() -> None:
    assert HERE.token is None
    tokens = {new_access(False, frozenset()).token or "" for _ in range(100)}
    assert len(tokens) == 100
    assert min(map(len, tokens)) >= 43  # 256 bits
    assert is_token(ANYWHERE, "secret")
    for given in (None, "", "secre", "secret ", "Secret", "sécret"):
        assert not is_token(ANYWHERE, given)
    assert not is_token(HERE, "")
