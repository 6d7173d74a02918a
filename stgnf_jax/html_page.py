"""A page as one piece of HTML that asks nothing of a network, out of files of the package."""

import base64
import hashlib
import html
import json
from collections.abc import Iterable, Sequence
from importlib.resources import files
from typing import Any, NamedTuple

PACKAGE = files("stgnf_jax")
# What pages have in common, and the order in which most of it comes before their own scripts.
SHARED = "shared_page"
SHARED_SCRIPTS = tuple(
    f"{SHARED}/{name}.js"
    for name in ("elements", "updates", "scale", "canvas", "skeletons", "shortcuts")
)
THEME, STYLE = f"{SHARED}/theme.js", f"{SHARED}/base.css"


class Filled(NamedTuple):
    """A page.

    Attributes:
      text: the HTML.
      policy: its content security policy, which admits the scripts and the style in it by their
        hashes, and nothing from elsewhere.
    """

    text: str
    policy: str


def fill_page(folder: str, scripts: Sequence[str], title: str, more: dict[str, str]) -> Filled:
    """The `page.html` of a folder with everything in its place.

    Args:
      folder: of the package, with `page.html` and `style.css`.
      scripts: files of the folder, in the order in which they make one module with the shared
        ones before them: each uses only what is above it.
      title: for the window and the heading.
      more: texts for further places, safe to stand there.
    """
    theme = read_file(THEME)
    style = read_file(STYLE) + read_file(f"{folder}/style.css")
    script = "".join(map(read_file, (*SHARED_SCRIPTS, *(f"{folder}/{name}" for name in scripts))))
    policy = _policy((theme, script), style)
    places = {
        "policy": policy,
        "title": html.escape(title),
        "style": style,
        "theme": theme,
        "script": script,
    }
    return Filled(_fill(read_file(f"{folder}/page.html"), places | more), policy)


def read_file(name: str) -> str:
    """A file of the package as text."""
    return (PACKAGE / name).read_text(encoding="utf-8")


def escaped_json(value: Any) -> str:
    """JSON that can stand in a `script` element, whatever the strings in it are."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _fill(template: str, filled: dict[str, str]) -> str:
    """The template with its `{{name}}`s replaced; what is put in is not looked at again."""
    first, *rest = template.split("{{")
    pieces = [first]
    for part in rest:
        name, _, text = part.partition("}}")
        pieces += (filled[name], text)
    return "".join(pieces)


def _policy(scripts: Iterable[str], style: str) -> str:
    admitted = " ".join(_source(script) for script in scripts)
    return f"default-src 'none'; script-src {admitted}; style-src {_source(style)}"


def _source(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"
