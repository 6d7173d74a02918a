"""Who may watch: requests by the server's own names, from its own page, with its token."""

import ipaddress
import secrets
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit


class Access(NamedTuple):
    """What a request must have.

    Attributes:
      loopback: whether only this machine can connect; then it must be named as this machine.
      names: by which the server goes, beside addresses.
      token: that is asked for; None where none is.
    """

    loopback: bool
    names: frozenset[str]
    token: str | None


def new_access(loopback: bool, names: frozenset[str]) -> Access:
    """Access with a new token, unless nobody but this machine can connect."""
    return Access(loopback, names, None if loopback else secrets.token_urlsafe(32))


def is_misled(access: Access, headers: Mapping[str, str]) -> bool:
    """Whether a browser has been led here by another site.

    A page elsewhere can have a browser ask this server: by its address, then the request has an
    `Origin` or says `Sec-Fetch-Site: cross-site`; or by a name of its own that it lets point here
    (DNS rebinding), then `Host` has that name. Links to the page are no harm, as nothing of it can
    be read from where they stand.

    Args:
      access: what is expected.
      headers: of the request, by names in small letters.
    """
    host, origin = headers.get("host", ""), headers.get("origin")
    if not _is_own(access, host) or (origin is not None and _netloc(origin) != host):
        return True
    follows_link = (
        headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    )
    return headers.get("sec-fetch-site", "none") not in ("none", "same-origin") and not follows_link


def is_token(access: Access, given: str | None) -> bool:
    """Whether a token is the right one, in a time that does not tell how much of it is."""
    expected = access.token
    if expected is None or given is None:
        return False
    return secrets.compare_digest(given.encode(), expected.encode())


def _is_own(access: Access, host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return name in access.names
    return address.is_loopback or not access.loopback  # no other site is called by an address


def _netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""
