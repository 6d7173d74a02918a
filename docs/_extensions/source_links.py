"""Links to source files, `[name](../stgnf_jax/file.py)`, as links to what the reference says.

On a forge such a link shows the file. Here the one whose text is a name of the module goes to the
name's entry, and it is an error where there is none.
"""

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

PACKAGE = Path(__file__).parents[2] / "stgnf_jax"


def module_of(file: Path) -> str:
    """The name of the module in a file of the package."""
    parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


class SourceLinks(SphinxTransform):
    """Turns the links of a page."""

    default_priority = 400

    def apply(self, **_: Any) -> None:
        """Makes a cross-reference of each link to a name in a file of the package."""
        for link in list(self.document.findall(addnodes.download_reference)):
            file = Path(self.env.srcdir, self.env.docname).parent.joinpath(link["reftarget"])
            name = link.astext().removesuffix("()")
            if PACKAGE in file.resolve().parents and re.fullmatch(r"[\w.]+", name):
                link.replace_self(self._reference(f"{module_of(file.resolve())}.{name}", link))

    def _reference(self, target: str, link: nodes.Element) -> addnodes.pending_xref:
        options = {"refdomain": "py", "reftype": "obj", "reftarget": target}
        options |= {"refexplicit": True, "refwarn": True, "refdoc": self.env.docname}
        reference = addnodes.pending_xref("", *link.children, **options)
        reference.source, reference.line = link.source, link.line
        return reference


def setup(app: Sphinx) -> dict[str, Any]:
    """Registers the transform."""
    app.add_transform(SourceLinks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
