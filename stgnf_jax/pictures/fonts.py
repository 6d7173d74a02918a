"""Names in any script: in a font that is installed, or written as escapes."""

import functools

from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font
from matplotlib.text import Text

# Matplotlib's own, which has a box for every character.
_LAST_RESORT = "Last Resort"


def make_legible(figure: Figure) -> None:
    """Gives texts whose font lacks a character one that has it.

    A character that no font has is written as the escape that Python has for it.
    """
    for text in figure.findobj(Text):
        for letter in text.get_text():
            if not letter.isascii():
                _make_legible(text, letter)


def _make_legible(text: Text, letter: str) -> None:
    family = text.get_fontfamily()
    if any(_has(findfont(FontProperties(family=[name])), letter) for name in family):
        return
    if other := _family_with(letter):
        text.set_fontfamily([*family, other])
    else:
        escaped = letter.encode("unicode_escape").decode()
        text.set_text(text.get_text().replace(letter, escaped))


@functools.cache
def _family_with(letter: str) -> str | None:
    """The first family, by name, that has a character in its regular font."""
    return min(
        (
            font.name
            for font in fontManager.ttflist
            if font.style == "normal"
            and not font.name.startswith(_LAST_RESORT)
            and _has(font.fname, letter)
        ),
        default=None,
    )


def _has(file: str, letter: str) -> bool:
    return get_font(file).get_char_index(ord(letter)) != 0
