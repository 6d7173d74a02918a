"""The page of a report as one HTML file that asks nothing of a network."""

import base64
import hashlib
import html
import json
from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files
from typing import Any

PAGE = files("stgnf_jax") / "report_page"
# In this order they make one module: each uses only what is above it.
SCRIPTS = (
    *("data.js", "scores.js", "state.js", "canvas.js", "clips.js", "bodies.js", "player.js"),
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
    theme, style = _asset("theme.js"), _asset("style.css")
    script = "".join(_asset(name) for name in SCRIPTS)
    filled = {
        "policy": _policy((theme, script), style),
        "title": html.escape(title),
        "style": style,
        "theme": theme,
        "index": escaped_json(index),
        "script": script,
    }
    before, after = _fill(_asset("page.html"), filled).split("<!-- blobs -->\n")
    yield before
    for number, blob in enumerate(blobs):
        text = base64.b64encode(blob).decode()
        yield f'<script type="application/octet-stream" id="blob-{number}">{text}</script>\n'
    yield after


def escaped_json(value: Any) -> str:
    """JSON that can stand in a `script` element, whatever the strings in it are."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _asset(name: str) -> str:
    return (PAGE / name).read_text(encoding="utf-8")


def _fill(template: str, filled: dict[str, str]) -> str:
    """The template with its `{{name}}`s replaced; what is put in is not looked at again."""
    first, *rest = template.split("{{")
    pieces = [first]
    for part in rest:
        name, _, text = part.partition("}}")
        pieces += (filled[name], text)
    return "".join(pieces)


def _policy(scripts: Sequence[str], style: str) -> str:
    admitted = " ".join(_source(script) for script in scripts)
    return f"default-src 'none'; script-src {admitted}; style-src {_source(style)}"


def _source(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"
