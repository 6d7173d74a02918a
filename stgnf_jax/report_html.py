"""The page of a report as one HTML file that asks nothing of a network."""

import base64
from collections.abc import Iterable, Iterator
from typing import Any

from stgnf_jax.html_page import escaped_json, fill_page

PAGE = "report_page"
SCRIPTS = (
    *("data.js", "scores.js", "state.js", "clips.js", "bodies.js", "player.js"),
    *("people.js", "timeline_layer.js", "timeline.js", "minimap.js", "threshold.js"),
    *("controls.js", "keys.js", "main.js"),
)


def page(title: str, index: Any, blobs: Iterable[bytes]) -> Iterator[str]:
    """The pieces of the file, one after the other.

    Nothing that the index says can act: it stands where nothing is executed, with `<`, `>` and `&`
    written as JSON's escapes, and the policy of the page admits the very scripts and the style
    that this module puts in, by their hashes, and nothing from elsewhere.

    Args:
      title: for the window and the heading.
      index: what the page begins with, as JSON.
      blobs: gzip data that the page unpacks when it is needed, by number.
    """
    filled = fill_page(PAGE, SCRIPTS, title, {"index": escaped_json(index)})
    before, after = filled.text.split("<!-- blobs -->\n")
    yield before
    for number, blob in enumerate(blobs):
        text = base64.b64encode(blob).decode()
        yield f'<script type="application/octet-stream" id="blob-{number}">{text}</script>\n'
    yield after
