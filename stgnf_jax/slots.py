"""Places for a bounded number of people: who has which, and who has to make room."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

NOBODY = -1


class Slots(NamedTuple):
    """S places.

    Attributes:
      person: (S,) int64, who has the place, -1 where no one ever had it.
      seen: (S,) int64, the frame in which that person was seen last, -1 likewise.
    """

    person: NDArray[np.int64]
    seen: NDArray[np.int64]


class Assigned(NamedTuple):
    """Places of the P people of a frame.

    Attributes:
      slot: (P,) int32, S for a person who has got none.
      fresh: (P,) bool, whether the place is new to the person.
    """

    slot: NDArray[np.int32]
    fresh: NDArray[np.bool_]


def empty_slots(size: int) -> Slots:
    """Places that no one has."""
    return Slots(np.full(size, NOBODY), np.full(size, NOBODY))


def assign(slots: Slots, people: NDArray[np.int64], frame: int) -> tuple[Slots, Assigned]:
    """Gives each person the place they have, or the one whose owner is unseen for longest.

    Nobody who is in this frame loses a place; when it has more than S people, those who come last
    among the new ones get none.

    Args:
      slots: who has which place.
      people: (P,) their numbers, all different, none negative.
      frame: the frame's number, above all before.
    """
    size = len(slots.person)
    place = {person: i for i, person in enumerate(slots.person.tolist())}
    slot = np.array([place.get(person, size) for person in people.tolist()], np.int32)
    fresh = slot == size
    if fresh.any():
        order = np.argsort(slots.seen, kind="stable")
        free = order[~np.isin(order, slot)]
        new = np.flatnonzero(fresh)[: len(free)]
        slot[new] = free[: len(new)]
    person, seen = slots.person.copy(), slots.seen.copy()
    placed = slot < size
    person[slot[placed]] = people[placed]
    seen[slot[placed]] = frame
    return Slots(person, seen), Assigned(slot, fresh)
