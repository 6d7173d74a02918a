import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stgnf_jax.slots import Slots, assign, empty_slots


def place(slots: Slots, frame: int, *people: int) -> tuple[Slots, list[int], list[bool]]:
    slots, assigned = assign(slots, np.array(people, np.int64), frame)
    return slots, assigned.slot.tolist(), assigned.fresh.tolist()


def test_people_keep_their_places() -> None:
    slots, where, fresh = place(empty_slots(3), 0, 7, 5)
    assert (where, fresh) == ([0, 1], [True, True])
    slots, where, fresh = place(slots, 1, 5, 9, 7)
    assert (where, fresh) == ([1, 2, 0], [False, True, False])
    assert slots.person.tolist() == [7, 5, 9]
    assert slots.seen.tolist() == [1, 1, 1]


def test_who_is_unseen_for_longest_makes_room() -> None:
    slots, *_ = place(empty_slots(2), 0, 1)
    slots, *_ = place(slots, 1, 2)
    slots, *_ = place(slots, 2, 1)
    slots, where, fresh = place(slots, 3, 3)
    assert (where, fresh) == ([1], [True])
    assert slots.person.tolist() == [1, 3]
    slots, where, fresh = place(slots, 4, 2)  # forgotten, so new
    assert (where, fresh) == ([0], [True])


def test_nobody_in_view_loses_a_place() -> None:
    slots, *_ = place(empty_slots(2), 0, 1, 2)
    slots, where, fresh = place(slots, 1, 3, 2, 4)
    assert where == [0, 1, 2]  # 2 stands for none
    assert fresh == [True, False, True]
    assert slots.person.tolist() == [3, 2]


def test_what_is_given_is_not_changed() -> None:
    before = empty_slots(2)
    place(before, 0, 1, 2)
    assert before.person.tolist() == before.seen.tolist() == [-1, -1]


@given(st.lists(st.lists(st.integers(0, 9), unique=True, max_size=6), max_size=12))
def test_places_are_shared_by_no_one(frames: list[list[int]]) -> None:
    slots = empty_slots(4)
    for number, people in enumerate(frames):
        known = set(slots.person.tolist())
        slots, where, fresh = place(slots, number, *people)
        placed = [slot for slot in where if slot < 4]
        assert len(set(placed)) == len(placed) == min(4, len(people))
        assert [slots.person[slot] for slot in placed] == [
            person for person, slot in zip(people, where, strict=True) if slot < 4
        ]
        assert fresh == [person not in known for person in people]
