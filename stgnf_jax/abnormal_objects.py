"""UBnormal's text ground truth: which objects of a clip are abnormal, and when."""

from pathlib import Path
from typing import NamedTuple

from stgnf_jax.errors import InputError


class AbnormalObject(NamedTuple):
    """An object that is abnormal from a first to a last frame, both included.

    Attributes:
      number: what its pixels hold in the instance masks, from 1.
      first_frame: from 0.
      last_frame: not before the first one.
    """

    number: int
    first_frame: int
    last_frame: int


def read_abnormal_objects(path: Path) -> list[AbnormalObject]:
    """Reads lines of `object,first frame,last frame`; an object may have several.

    Raises:
      InputError: the file cannot be read, or a line is not of this form.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror}); it says which objects of the clip are abnormal",
            file=path,
        ) from error
    except UnicodeDecodeError as error:
        reason = "is no text; the masks of test clips have such names too, but are not this"
        raise InputError(reason, file=path) from error
    return [
        _object(line, f"{path}: line {number}")
        for number, line in enumerate(lines, start=1)
        if line.strip()
    ]


def _object(line: str, place: str) -> AbnormalObject:
    """Numbers may be written as NumPy does, 1.0e+00."""
    try:
        values = [float(value) for value in line.split(",")]
        found = AbnormalObject(*map(int, values))
    except (OverflowError, TypeError, ValueError):
        values, found = [], AbnormalObject(0, 0, 0)
    if list(found) != values or found.number < 1 or not 0 <= found.first_frame <= found.last_frame:
        raise InputError(
            f"is {line!r}, expected object,first frame,last frame: whole numbers, the object from "
            "1, the frames from 0",
            file=place,
        )
    return found
