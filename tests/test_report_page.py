"""The page of a report in a browser."""

import json
import math
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from stgnf_jax.metrics.text import TITLES
from stgnf_jax.report import write_report
from stgnf_jax.report_html import page as html_page
from stgnf_jax.saved_scores import SavedScores, load_scores
from tests.browser import settle
from tests.small_run import evaluated_run
from tests.test_report import facts_of, index_of

HOSTILE = "</script><img src=x onerror=\"document.body.id='broken'\"> & {{script}}"
# `played` resolves to what the button for playing has said until playing ends.
RECORD_PLAYING = """() => {
  const said = [], button = document.getElementById("play");
  window.played = new Promise((done) => {
    new MutationObserver(() => {
      said.push(button.ariaLabel);
      if (said.at(-1) === "Play") done(said);
    }).observe(button, { attributes: true });
  });
}"""
# Of the timeline, in pixels, as in timeline_layer.js.
MARGIN = {"left": 62, "right": 14}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = evaluated_run(tmp_path_factory.mktemp("page"))
    write_report(run)
    return run


@pytest.fixture(scope="module")
def saved(run: Path) -> SavedScores:
    return load_scores(run)


@contextmanager
def opened(
    browser: Browser,
    file: Path,
    *,
    width: int = 1280,
    height: int = 900,
    scheme: Literal["light", "dark"] = "light",
) -> Iterator[Page]:
    """The page of a file, with its people loaded; it must not complain nor ask for anything."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, offline=True
    )
    page = context.new_page()
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("request", lambda request: heard.append(request.url))
    page.goto(file.as_uri())
    page.wait_for_selector('#stage[aria-busy="false"]')
    yield page
    context.close()
    assert heard == [file.as_uri()]


@pytest.fixture
def page(browser: Browser, run: Path) -> Iterator[Page]:
    """The report of the run, at the first frame of its first clip."""
    with opened(browser, run / "report.html") as page:
        choose(page, "a")
        press(page, "Home")
        yield page


def press(page: Page, key: str) -> None:
    page.keyboard.press(key)
    settle(page)


def zoom_in(page: Page) -> None:
    """Turns the wheel once, from the whole clip."""
    page.mouse.wheel(0, -100)
    page.locator("#shown:not(:text('shows 0–23'))").wait_for()  # the wheel comes when it likes


def choose(page: Page, clip: str) -> None:
    page.locator("#clip-list button", has=page.locator("b", has_text=clip)).click()
    settle(page)
    page.wait_for_selector('#stage[aria-busy="false"]')


def frame_of(page: Page) -> int:
    return int(page.get_attribute("#timeline", "aria-valuenow") or "")


def drawn(page: Page) -> dict[str, dict[str, Any]]:
    return {person["person"]: person for person in page.evaluate("stgnf.drawn()")}


def place_of(page: Page, frame: float, frames: int = 24) -> tuple[float, float]:
    """Where a frame is on the screen, in the middle of the timeline."""
    box = page.locator("#timeline").bounding_box()
    assert box is not None
    across = box["width"] - MARGIN["left"] - MARGIN["right"]
    x = box["x"] + MARGIN["left"] + (frame + 0.5) / frames * across
    return x, box["y"] + box["height"] / 2


def tally(saved: SavedScores, threshold: float) -> dict[str, int]:
    """What the page counts, in NumPy."""
    assert saved.normal is not None
    alarm, abnormal = saved.frames.smoothed <= threshold, ~saved.normal
    missed = stretches = anomalies = 0
    for clip in range(len(saved.frames.clips)):
        frames = saved.frames.frames(clip)
        stretches += len(runs(alarm[frames]))
        anomalies += len(runs(abnormal[frames]))
        missed += sum(not alarm[frames][start:end].any() for start, end in runs(abnormal[frames]))
    return {
        **{"frames": len(alarm), "alarms": int(alarm.sum()), "stretches": stretches},
        **{"abnormal": int(abnormal.sum()), "found": int((alarm & abnormal).sum())},
        **{"anomalies": anomalies, "missed": missed},
    }


def runs(flags: np.ndarray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(flags, prepend=False, append=False))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def test_the_figures_are_those_of_the_evaluation(page: Page, run: Path) -> None:
    metrics = json.loads((run / "metrics.json").read_bytes())
    page.click("#open-about")
    rows = page.locator("#facts table").first.locator("tr").all()
    shown = {row.locator("th").inner_text(): row.locator("td").inner_text() for row in rows}
    assert shown == facts_of(run / "report.html")["Figures"]
    for name, title in TITLES.items():
        if metrics[name] is not None:
            assert shown[title].startswith(f"{metrics[name]:.4f} (")
    assert f"{metrics['auc_micro']:.4f}" in page.inner_text("#headline")
    page.keyboard.press("Escape")
    assert not page.is_visible("#about")


def test_the_mouse_scrubs(page: Page, saved: SavedScores) -> None:
    before = drawn(page)
    page.mouse.move(*place_of(page, 5))
    page.mouse.down()
    settle(page)
    assert frame_of(page) == 5
    page.mouse.move(*place_of(page, 13))
    settle(page)
    assert frame_of(page) == 13
    page.mouse.up()
    page.mouse.move(*place_of(page, 20))  # the button is up
    settle(page)
    assert frame_of(page) == 13
    after = drawn(page)
    assert set(before) == set(after) == {"1", "2"}
    for person in after:
        assert before[person]["joints"] != after[person]["joints"]
    people = saved.people
    for person, shown in after.items():
        (row,) = np.flatnonzero(
            (people.clip == 0) & (people.person == int(person)) & (people.frame == 13)
        )
        assert shown["score"] == people.score[row]


def test_the_wheel_zooms_about_the_pointer(page: Page) -> None:
    page.mouse.move(*place_of(page, 12))
    zoom_in(page)
    start, end = page.evaluate("stgnf.state().range")
    assert 0 < start < 12 < end < 24
    assert end - start == pytest.approx(20)
    press(page, "0")
    assert page.evaluate("stgnf.state().range") == [0, 24]


def test_the_strip_moves_what_the_timeline_shows(page: Page) -> None:
    page.mouse.move(*place_of(page, 0))
    zoom_in(page)  # to the first 20 frames
    box = page.locator("#minimap").bounding_box()
    assert box is not None
    frame = (box["width"] - MARGIN["left"] - MARGIN["right"]) / 24
    x, y = box["x"] + MARGIN["left"] + 10 * frame, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 2 * frame, y)
    settle(page)
    assert page.evaluate("stgnf.state().range") == pytest.approx([2, 22], abs=0.5)
    page.mouse.move(x + 50 * frame, y)
    page.mouse.up()
    settle(page)
    assert page.evaluate("stgnf.state().range") == pytest.approx([4, 24], abs=0.5)
    press(page, "Home")
    assert page.evaluate("stgnf.state().range")[0] == 0  # follows the frame


def test_keys(page: Page, saved: SavedScores) -> None:
    places = []
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft", "End", "ArrowRight", "Home", "ArrowLeft"):
        press(page, key)
        places.append(frame_of(page))
    assert places == [1, 2, 1, 23, 23, 0, 0]
    press(page, "Shift+ArrowRight")
    assert frame_of(page) == 23  # 25 would be beyond the end
    press(page, "]")
    page.wait_for_selector('#stage[aria-busy="false"]')
    assert page.inner_text("#clip-name") == "b"
    assert frame_of(page) == saved.frames.smoothed[saved.frames.frames(1)].argmin()
    press(page, "]")
    press(page, "]")  # there is none after it
    assert page.inner_text("#clip-name") == "c"
    assert drawn(page) == {}
    press(page, "[")
    press(page, "[")
    assert page.inner_text("#clip-name") == "a"
    press(page, "?")
    assert page.is_visible("#help")


def test_jumps_to_where_alarms_and_anomalies_begin(page: Page, saved: SavedScores) -> None:
    assert saved.normal is not None
    frames, threshold = saved.frames.frames(0), page.evaluate("stgnf.state().threshold")
    flags = (saved.frames.smoothed[frames] <= threshold, ~saved.normal[frames])
    starts = sorted({start for each in flags for start, _ in runs(each)})
    forward = [start for start in starts if start > 0]
    for start in forward:
        press(page, "n")
        assert frame_of(page) == start
    press(page, "n")
    assert frame_of(page) == forward[-1]
    assert page.text_content("#announce") == "no alarm or anomaly begins after this frame"
    for start in reversed(starts[:-1]):
        press(page, "p")
        assert frame_of(page) == start


def test_playing_ends_at_the_end(page: Page) -> None:
    page.select_option("#speed", "16")
    page.locator("#timeline").focus()
    page.evaluate(RECORD_PLAYING)
    page.keyboard.press(" ")
    assert page.evaluate("played") == ["Pause", "Play"]
    settle(page)
    assert frame_of(page) == 23


def test_a_threshold_is_counted_as_numpy_does(page: Page, saved: SavedScores) -> None:
    assert page.evaluate("stgnf.counts()") == tally(saved, page.evaluate("stgnf.state().threshold"))
    for share in (0.1, 0.35, 0.8):
        score = np.round(np.quantile(saved.frames.smoothed, share), 6)
        page.fill("#threshold-number", str(score))
        settle(page)
        counts = tally(saved, float(score))
        assert page.evaluate("stgnf.counts()") == counts
        shown = page.inner_text("#counts")
        precision = f"{100 * counts['found'] / counts['alarms']:.1f} %"
        assert re.search(rf"precision\s+{re.escape(precision)}", shown)
        false_alarms = counts["alarms"] - counts["found"]
        rate = f"{100 * false_alarms / (counts['frames'] - counts['abnormal']):.1f} %"
        assert re.search(rf"false-positive rate\s+{re.escape(rate)}", shown)
    page.click("#threshold-reset")
    settle(page)
    assert page.evaluate("stgnf.counts()") == tally(saved, page.evaluate("stgnf.state().threshold"))


def test_the_threshold_is_dragged(page: Page, saved: SavedScores) -> None:
    box = page.locator("#timeline").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    seen = []
    for y in (30, 80, 130):
        page.mouse.move(box["x"] + 20, box["y"] + y)
        settle(page)
        seen.append(page.evaluate("stgnf.state().threshold"))
    page.mouse.up()
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == 3
    assert page.evaluate("stgnf.counts()") == tally(saved, seen[-1])
    assert frame_of(page) == 0


def test_a_person_who_is_clicked_is_named(page: Page, saved: SavedScores) -> None:
    press(page, "ArrowRight")
    for _ in range(9):
        press(page, "ArrowRight")
    box = page.locator("#stage").bounding_box()
    assert box is not None
    joint = next(filter(None, drawn(page)["2"]["joints"]))
    page.mouse.click(box["x"] + joint["x"], box["y"] + joint["y"])
    settle(page)
    people = saved.people
    (row,) = np.flatnonzero((people.clip == 0) & (people.person == 2) & (people.frame == 10))
    words = page.inner_text("#person")
    assert words.startswith("clip a · person 2 · frame 10 · ")
    score = float(words.split(" · ")[3].replace("−", "-"))
    assert score == pytest.approx(float(people.score[row]), abs=6e-2)
    press(page, "Escape")
    assert page.inner_text("#person") == "Click a person to follow them."
    page.locator("#people button").first.click()
    settle(page)
    assert page.inner_text("#person").startswith("clip a · person 1 · frame 10 · ")


def test_people_below_the_threshold_have_the_other_colours(page: Page) -> None:
    for _ in range(10):
        press(page, "ArrowRight")
    low, high = sorted(person["score"] for person in drawn(page).values())
    page.fill("#threshold-number", str((low + high) / 2))
    settle(page)
    for person in drawn(page).values():
        red, _, blue = map(int, re.findall(r"\d+", person["colour"]))
        assert (red > blue) == (person["score"] == low)


def test_clips_are_sorted(page: Page, saved: SavedScores) -> None:
    def order() -> list[str]:
        return page.locator("#clip-list b").all_inner_texts()

    assert order() == ["a", "b", "c"]
    lows = [saved.frames.smoothed[saved.frames.frames(clip)].min() for clip in range(3)]
    page.select_option("#sort", "lowest")
    settle(page)
    assert order() == [name for _, name in sorted(zip(lows, "abc", strict=True))]
    aucs = [clip["auc"] or math.inf for clip in index_of_page(page)["clips"]]
    page.select_option("#sort", "auc")
    settle(page)
    assert order() == [name for _, name in sorted(zip(aucs, "abc", strict=True))]


def index_of_page(page: Page) -> dict[str, Any]:
    index: dict[str, Any] = json.loads(page.text_content("#index") or "")
    return index


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_system_chooses_the_theme_and_a_button_changes_it(
    browser: Browser, run: Path, scheme: Literal["light", "dark"]
) -> None:
    def brightness(page: Page) -> int:
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(map(int, re.findall(r"\d+", colour)))

    with opened(browser, run / "report.html", scheme=scheme) as page:
        before = brightness(page)
        assert (before > 384) == (scheme == "light")
        page.click("#theme")
        settle(page)
        assert (brightness(page) > 384) == (scheme == "dark")
        assert page.evaluate("stgnf.state().theme") != scheme


@pytest.mark.parametrize("width", [390, 700, 1000])
def test_nothing_is_wider_than_a_narrow_window(browser: Browser, run: Path, width: int) -> None:
    with opened(browser, run / "report.html", width=width) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        stage = page.locator("#stage").bounding_box()
        assert stage is not None
        assert stage["width"] > 250
        assert stage["height"] > 180


def test_everything_that_can_be_used_has_a_name(page: Page) -> None:
    tree = page.locator("body").aria_snapshot()
    assert not re.findall(r"- (?:button|slider|spinbutton|combobox)$", tree, re.MULTILINE)
    assert re.search(r'- slider "Frame"', tree)


def test_hostile_names_do_no_harm(browser: Browser, run: Path, tmp_path: Path) -> None:
    index = index_of(run / "report.html")
    index["clips"][0]["name"] = HOSTILE
    index["facts"].append([HOSTILE, [[HOSTILE, HOSTILE]]])
    index["threshold"]["rule"] = HOSTILE
    blobs = re.findall(r'id="blob-\d">(.*?)</script>', (run / "report.html").read_text())
    file = tmp_path / "hostile.html"
    pieces = html_page(HOSTILE, index, [])
    before, after = pieces
    packed = "".join(
        f'<script type="application/octet-stream" id="blob-{i}">{blob}</script>\n'
        for i, blob in enumerate(blobs)
    )
    file.write_text(before + packed + after)
    with opened(browser, file) as page:
        choose(page, "onerror")
        assert page.inner_text("#clip-name") == HOSTILE
        assert HOSTILE in page.inner_text("h1")
        assert page.locator("img").count() == 0
        assert page.get_attribute("body", "id") is None


def test_a_folder_named_with_markup(browser: Browser, run: Path, tmp_path: Path) -> None:
    named = shutil.copytree(run, tmp_path / "<b>&amp;run")
    with opened(browser, write_report(named)) as page:
        assert "<b>&amp;run" in page.inner_text("h1")
        assert page.locator("h1 b").count() == 0


def test_scores_without_truth(browser: Browser, tmp_path: Path) -> None:
    file = write_report(evaluated_run(tmp_path, truth=False))
    with opened(browser, file) as page:
        assert page.inner_text("#rule") == "the lowest 1% of the frames"
        assert page.locator("#sort option").all_inner_texts() == [
            *("name", "lowest score", "most alarms")
        ]
        assert "precision" not in page.inner_text("#counts")
        assert "ground truth" not in page.inner_text("main")
        assert page.evaluate("stgnf.counts().alarms") == 1
