"""Connections to the page that ask for nothing are closed, and there are never too many."""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

# Seconds in which a connection has to ask for something, whole, once nothing is being answered.
SECONDS_TO_ASK = 10.0
# Connections at once, those that are answered with status 503 too; files are kept free for them
# where a socket is the input.
MOST_OPEN = 64


class WatchProtocol(H11Protocol):
    """uvicorn's, which waits for a request's end as long as it takes."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Is called once, first."""
        super().connection_made(transport)
        if len(self.connections) > MOST_OPEN:
            transport.abort()
        self._look_again(None)

    def _look_again(self, seen: RequestResponseCycle | None) -> None:
        self.loop.call_later(SECONDS_TO_ASK, self._look, seen)

    def _look(self, seen: RequestResponseCycle | None) -> None:
        """Closes where nothing was asked for since the last look and nothing is being answered."""
        if self.transport.is_closing():
            return
        if self.cycle is seen and (seen is None or seen.response_complete):
            self.transport.abort()
        else:
            self._look_again(self.cycle)
