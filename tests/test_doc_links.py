"""Links in the documentation as a forge follows them: to files and headings; others by syntax."""

import re
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from markdown_it import MarkdownIt

from tests.doc_blocks import PAGES, ROOT


def links(page: Path) -> list[str]:
    tokens = MarkdownIt().enable("table").parse(page.read_text(encoding="utf-8"))
    children = [child for token in tokens for child in token.children or ()]
    targets = (child.attrGet("href") or child.attrGet("src") for child in children)
    return [target for target in targets if isinstance(target, str)]


def anchors(page: Path) -> set[str]:
    """The names of a page's headings in an address."""
    tokens = MarkdownIt().parse(page.read_text(encoding="utf-8"))
    headings = [
        "".join(child.content for child in token.children or ())
        for before, token in pairwise(tokens)
        if before.type == "heading_open"
    ]
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links(page: Path) -> None:
    for link in links(page):
        address = urlsplit(link)
        if address.scheme:
            assert address.scheme in ("http", "https"), link
            assert re.fullmatch(r"[\w-]+(\.[\w-]+)+", address.netloc), link
        else:
            target = page.parent / unquote(address.path) if address.path else page
            assert target.exists(), link
            assert not address.fragment or address.fragment in anchors(target), link
