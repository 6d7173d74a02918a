"""Docstrings as Sphinx reads them: they are plain text, with names in single backticks."""

import re
from itertools import groupby
from typing import Any

import distrax
from sphinx.application import Sphinx
from sphinx.util.inspect import signature, stringify_signature

# `name:   formula`, as a table of formulas has it: one space more than a sentence needs.
_FORMULA = re.compile(r"^\s*[\w ]+:\s{2,}\S|^\s*inverse log_det: ")


def as_text(lines: list[str]) -> list[str]:
    """Escapes what reStructuredText takes for markup, and keeps tables of formulas together."""
    blocks: list[str] = []
    for is_formula, group in groupby(lines, lambda line: bool(_FORMULA.match(line))):
        if is_formula:
            blocks += ["::", "", *(f"    {line}" for line in group), ""]
        else:
            blocks += [_escape(line) for line in group]
    return blocks


def _escape(line: str) -> str:
    """Bars and stars outside backticks are themselves; a backtick may end within a word."""
    parts = line.split("`")
    parts[::2] = [re.sub(r"([|*\\])", r"\\\1", part) for part in parts[::2]]
    parts[2::2] = [re.sub(r"^(?=\w)", r"\\ ", part) for part in parts[2::2]]
    return "`".join(parts)


def _process(
    _app: Sphinx, _what: str, _name: str, _object: Any, _options: Any, lines: list[str]
) -> None:
    lines[:] = as_text(lines)


def _sign(
    _app: Sphinx, what: str, _name: str, documented: Any, _options: Any, *_old: str
) -> tuple[str, str | None] | None:
    """The signature of a bijector, whose base class hides it behind a `__new__` of its own."""
    if what != "class" or not issubclass(documented, distrax.Bijector):
        return None
    found = signature(documented.__init__, bound_method=True)
    return stringify_signature(found, show_return_annotation=False, unqualified_typehints=True), ""


def setup(app: Sphinx) -> dict[str, Any]:
    """Registers the above, docstrings before Napoleon sees them."""
    app.connect("autodoc-process-docstring", _process, priority=100)
    app.connect("autodoc-process-signature", _sign)
    return {"parallel_read_safe": True}
