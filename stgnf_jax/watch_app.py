"""The web application of those who watch: a page, and what happens as server-sent events."""

import asyncio
import functools
import threading
import time
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as RequestScope

from stgnf_jax.watch_access import Access, is_misled, is_token
from stgnf_jax.watch_history import History
from stgnf_jax.watch_html import watch_page
from stgnf_jax.watch_message import Scene, beginning, line_people, message
from stgnf_jax.watch_news import news

# Seconds between two looks at what is new, and after which a viewer hears that nothing is.
LOOK_EVERY = 0.02
SILENT = 2.0
# Pictures that are kept as JSON, for several viewers.
KEPT_PICTURES = 256
HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def watch_app(history: History, scene: Scene, access: Access, closed: threading.Event) -> ASGIApp:
    """The application.

    Args:
      history: what is shown.
      scene: what people are drawn with.
      access: who may watch.
      closed: set when the program ends.
    """
    page = watch_page()
    people = functools.lru_cache(KEPT_PICTURES)(functools.partial(line_people, scene.skeleton))

    def show(_: Request) -> Response:
        return HTMLResponse(page.text)

    async def events(_: Request) -> Response:
        return StreamingResponse(happenings(), media_type="text/event-stream")

    async def happenings() -> AsyncIterator[bytes]:
        yield beginning(scene)
        since, last = 0, -SILENT
        while not closed.is_set():
            found = news(history, since)
            if found.number > since or time.monotonic() - last >= SILENT:
                since, last = found.number, time.monotonic()
                yield message(found, people, time.time())
            await asyncio.sleep(LOOK_EVERY)

    routes = [Route("/", show), Route("/events", events)]
    headers = {**HEADERS, "Content-Security-Policy": page.policy}
    return _with_headers(_guarded(Starlette(routes=routes), access), headers)


def _guarded(app: ASGIApp, access: Access) -> ASGIApp:
    async def guarded(scope: RequestScope, receive: Receive, send: Send) -> None:
        answer = _refusal(Request(scope), access)
        await (answer or app)(scope, receive, send)

    return guarded


def _refusal(request: Request, access: Access) -> Response | None:
    """What is answered instead of what was asked for; None where nothing is amiss."""
    if is_misled(access, request.headers):
        return PlainTextResponse("asked for by another site", 403)
    if access.token is None:
        return None
    cookie = f"stgnf_watch_{request.scope['server'][1]}"  # ports of a machine share their cookies
    if is_token(access, request.query_params.get("token")):
        answer = RedirectResponse("/", 303)  # the token leaves the address
        answer.set_cookie(cookie, access.token, httponly=True, samesite="lax")
        return answer
    if is_token(access, request.cookies.get(cookie)):
        return None
    return PlainTextResponse("open the address that stgnf watch has printed, with its token", 401)


def _with_headers(app: ASGIApp, headers: dict[str, str]) -> ASGIApp:
    async def with_headers(scope: RequestScope, receive: Receive, send: Send) -> None:
        async def send_with(sent: Message) -> None:
            if sent["type"] == "http.response.start":
                MutableHeaders(scope=sent).update(headers)
            await send(sent)

        await app(scope, receive, send_with)

    return with_headers
