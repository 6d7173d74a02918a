r"""Mathematics as MathML, which browsers render themselves: no script, no font, no network.

`\tag{1}` gives a formula its number, as it does on forges.
"""

import re
from typing import Any

from docutils.nodes import SkipNode
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging

_THIN_SPACE = '&ApplyFunction;</mo><mspace width="0.17em"/>'
_TAG = re.compile(r"\\tag\{(.*?)\}")


def _mathml(tex: str, node: Any, *, display: bool) -> str:
    try:
        # Browsers leave no room between a function's name and its argument by themselves.
        return tex2mathml(tex, as_block=display).replace("&ApplyFunction;</mo>", _THIN_SPACE)
    except MathError as error:
        logging.getLogger(__name__).warning("%s in %s", error, tex, location=node)
        return ""


def visit_inline(translator: Any, node: Any) -> None:
    """Writes a formula in a line."""
    translator.body.append(_mathml(node.astext(), node, display=False))
    raise SkipNode


def visit_display(translator: Any, node: Any) -> None:
    """Writes a formula of its own."""
    tex = node.astext()
    number = "".join(f'<span class="eqno">({tag})</span>' for tag in _TAG.findall(tex))
    formula = _mathml(_TAG.sub("", tex), node, display=True)
    translator.body.append(f'<div class="math">{number}{formula}</div>')
    raise SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Registers the renderer."""
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_display, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
