"""The one error that bad input raises."""

import os
from typing import Self


class InputError(ValueError):
    """Something the user gave cannot be used: a pose file, a mask, a checkpoint, a configuration.

    The message names the place as far as it is known and says what to do about it, for instance
    ``01_0001.json: person 3: frame 17: keypoints: has 50 numbers, expected 51``.
    """

    def __init__(
        self,
        reason: str,
        *,
        file: str | os.PathLike[str] | None = None,
        person: object | None = None,
        frame: object | None = None,
        field: str | None = None,
    ) -> None:
        self.reason = reason
        self.file = None if file is None else os.fspath(file)
        self.person = person
        self.frame = frame
        self.field = field
        place = (
            self.file,
            None if person is None else f"person {person}",
            None if frame is None else f"frame {frame}",
            field,
        )
        super().__init__(": ".join([part for part in place if part is not None] + [reason]))

    def at(self, file: str | os.PathLike[str]) -> Self:
        """The same error, naming the file it came from."""
        return type(self)(
            self.reason, file=file, person=self.person, frame=self.frame, field=self.field
        )
