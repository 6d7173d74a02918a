"""What becomes of the pictures of earlier alarms."""

from pathlib import Path
from typing import Any

from stgnf_jax.alarms_file import ALARMS_FILE, PICTURES, save_alarms


def draw(folder: Path, *names: str) -> dict[str, Any]:
    """Alarms with pictures of these names, which are made, and one alarm without."""
    (folder / PICTURES).mkdir(exist_ok=True)
    for name in names:
        (folder / name).touch()
    explained: list[dict[str, Any]] = [{"explanation": {"picture": name}} for name in names]
    return {"alarms": [*explained, {"explanation": None}]}


def files(folder: Path) -> set[str]:
    found = (path for path in folder.rglob("*") if path.is_file() and path.name != ALARMS_FILE)
    return {str(path.relative_to(folder)) for path in found}


def test_only_pictures_that_earlier_alarms_name_are_removed(tmp_path: Path) -> None:
    save_alarms(tmp_path, draw(tmp_path, "alarms/a_0_9.png", "alarms/b_0_9.png"))
    (tmp_path / "alarms/mine.png").touch()
    save_alarms(tmp_path, draw(tmp_path, "alarms/b_0_9.png", "alarms/c_0_9.png"))
    assert files(tmp_path) == {"alarms/b_0_9.png", "alarms/c_0_9.png", "alarms/mine.png"}
    save_alarms(tmp_path, {"alarms": [{"clip": "without an explanation"}]})
    assert files(tmp_path) == {"alarms/mine.png"}


def test_no_file_of_another_folder_is_removed(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    names = {"mine.png", "alarms/../other/mine.png", "alarms/notes.txt"}
    save_alarms(tmp_path, draw(tmp_path, *names))
    save_alarms(tmp_path, draw(tmp_path))
    assert files(tmp_path) == {"mine.png", "other/mine.png", "alarms/notes.txt"}


def test_damaged_alarms_are_replaced(tmp_path: Path) -> None:
    for damaged in ("{", "[]", '{"alarms": [1]}', '{"alarms": [{"explanation": {"picture": 3}}]}'):
        (tmp_path / ALARMS_FILE).write_text(damaged)
        save_alarms(tmp_path, draw(tmp_path, "alarms/a_0_9.png"))
        assert files(tmp_path) == {"alarms/a_0_9.png"}
