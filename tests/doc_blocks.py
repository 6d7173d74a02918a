"""The blocks of code in the documentation, and the commands in them."""

import re
import shlex
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_NOT_RUN = re.compile(r"<!-- not run: (.+) -->")


class Block(NamedTuple):
    """A fenced block.

    Attributes:
      page: the file it is in, from the project's root.
      line: the number of its first line of code.
      section: the heading above it.
      language: what the fence says, "" for nothing.
      code: its lines.
      not_run: why it cannot be tested; "" where it can.
    """

    page: str
    line: int
    section: str
    language: str
    code: str
    not_run: str


def blocks_of(page: Path) -> list[Block]:
    """The blocks of a page, in order."""
    blocks, section = [], ""
    tokens = MarkdownIt().parse(page.read_text(encoding="utf-8"))
    for before, token in pairwise(tokens):
        if before.type == "heading_open":
            section = token.content
        if token.type == "fence" and token.map:
            reason = _NOT_RUN.match(before.content)
            name, line = page.relative_to(ROOT).as_posix(), token.map[0] + 2
            not_run = reason[1] if reason else ""
            blocks.append(Block(name, line, section, token.info, token.content, not_run))
    return blocks


ALL = [block for page in PAGES for block in blocks_of(page)]


def lines_of(code: str) -> list[str]:
    """The lines of a shell's code, continued ones joined, without comments and empty ones."""
    joined = re.sub(r"\\\n\s*", "", code)
    lines = [re.sub(r"(^|\s)#.*", "", line).strip() for line in joined.splitlines()]
    return [line for line in lines if line]


def stgnf_commands(line: str) -> list[list[str]]:
    """The words after `stgnf` of each of its commands in a line, wherever they stand in it."""
    return [shlex.split(words) for words in re.findall(r"\bstgnf +([a-z][^|&'>]*)", line)]
