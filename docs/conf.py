"""Sphinx's configuration of the documentation site; `sh scripts/docs.sh` builds it."""

import sys
from pathlib import Path

import ziamath

DOCS = Path(__file__).parent
sys.path[:0] = [str(DOCS / "_extensions"), str(DOCS.parent)]

project = "stgnf-jax"
html_title = project
copyright = "the stgnf-jax authors"  # noqa: A001
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "docstrings",
    "mathml",
    "source_links",
]
exclude_patterns = ["_*"]

# Markdown as a forge reads it: $...$ is mathematics, and headings are anchors.
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4
myst_links_external_new_tab = True

# Docstrings set names in single backticks.
default_role = "literal"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_default_options = {"members": True, "undoc-members": False, "show-inheritance": True}
napoleon_use_ivar = True
# A name of this package that does not exist is an error; those of others are not looked up.
nitpicky = True
nitpick_ignore_regex = [
    ("py:.*", r"(?!stgnf_jax).*"),
    # Type variables, which have no entry.
    ("py:class", r"stgnf_jax\.(stgcn\.Kernel|metrics\.bootstrap\.Counts|folding\.FoldedLevel)"),
]

html_theme = "furo"
# For browsers on machines that have no font with what mathematics needs.
math_font = Path(ziamath.__file__).parent / "fonts/STIXTwoMath-Regular.ttf"
html_static_path = ["_static", str(math_font)]
html_css_files = ["site.css"]
html_math_renderer = "mathml"
html_show_sourcelink = False
html_copy_source = False
