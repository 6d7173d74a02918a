"""The page of those who watch, in a browser, fed by hand."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal
from urllib.parse import urlsplit

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from stgnf_jax.skeleton import OPENPOSE_18, source_weights
from stgnf_jax.watch_history import see
from tests.browser import settle
from tests.watched import MOST_CAMERAS, Site, alarm, end, keypoints, served, tell

HOSTILE = "<img src=x onerror=\"document.body.id='broken'\">\n\ndata: {}"


@contextmanager
def opened(
    browser: Browser,
    url: str,
    *,
    width: int = 1280,
    height: int = 900,
    scheme: Literal["light", "dark"] = "light",
) -> Iterator[Page]:
    """The page; it must not complain, nor ask anything of others."""
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    page = context.new_page()
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("request", lambda request: heard.append(request.url))
    page.goto(url)
    expect(page.locator("#connection")).to_have_text("live")
    yield page
    context.close()
    asked = urlsplit(url)
    own = f"{asked.scheme}://{asked.netloc}/"
    assert set(heard) <= {url, own, f"{own}events"}


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """Two cameras that have sent thirty frames each in the last three seconds."""
    with served() as site:
        for frame in range(30):
            now = time.time() + (frame - 30) / 10
            tell(site.history, "gate", frame, {1: -1.0, 2: -3.0 + frame / 20}, now=now)
            tell(site.history, "x yard", frame, {5: -1.5}, now=now)
        yield site


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    with opened(browser, site.url) as page:
        expect(page.locator(".tile")).to_have_count(2)
        yield page


def camera(page: Page, name: str) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate("stgnf.state()")["cameras"][name]
    return found


def drawn(page: Page, name: str) -> dict[str, dict[str, Any]]:
    settle(page)
    return {one["id"]: one for one in page.evaluate("stgnf.drawn()")[name]["people"]}


def hues(colour: str) -> tuple[int, int]:
    red, _, blue = map(int, re.findall(r"\d+", colour))
    return red, blue


def test_who_comes_later_sees_the_last_minute(page: Page) -> None:
    points = camera(page, "gate")["points"]
    assert [(point["frame"], point["score"]) for point in points] == [
        (frame, min(-1.0, -3.0 + frame / 20)) for frame in range(30)
    ]
    assert camera(page, "gate")["skipped"] == 0
    tile = page.get_by_role("article", name="Camera gate")
    expect(tile.locator(".chips")).to_have_text(re.compile("2 −1.55.*p 0.25.*1 −1.00"))


def test_people_are_where_the_line_has_them(page: Page) -> None:
    people = drawn(page, "gate")
    assert people.keys() == {"1", "2"}
    for one, shown in people.items():
        joints = np.array([[joint["x"], joint["y"]] for joint in shown["joints"]])
        sent = source_weights(OPENPOSE_18) @ np.reshape(keypoints(int(one), 29), (17, 3))
        scale = np.ptp(joints[:, 0]) / np.ptp(sent[:, 0])
        np.testing.assert_allclose(
            joints - joints[0], scale * (sent[:, :2] - sent[0, :2]), atol=0.05
        )


def test_new_frames_and_alarms_come_by_themselves(browser: Browser) -> None:
    with served() as site, opened(browser, site.url) as page:
        assert page.is_visible("#empty")
        tell(site.history, "gate", 0, {2: -1.0}, now=time.time())
        expect(page.locator(".tile")).to_have_count(1)
        red, blue = hues(drawn(page, "gate")["2"]["colour"])
        assert blue > red
        assert "None until now." in page.inner_text(".alarms")
        tell(site.history, "gate", 1, {2: -3.5}, now=time.time(), alarms=[alarm("begins", 1, 1)])
        expect(page.locator("#alarm-list button.is-alarm")).to_have_count(1)
        expect(page.locator(".badge")).to_be_visible()
        expect(page.locator("#announce")).to_have_text("alarm at gate, person 2")
        expect(page).to_have_title("(1) live - stgnf watch")
        red, blue = hues(drawn(page, "gate")["2"]["colour"])
        assert red > blue
        ends = alarm("ends", 1, 1, end=4)
        tell(site.history, "gate", 4, {2: -1.0}, now=time.time(), alarms=[ends])
        expect(page.locator("#alarm-list button.is-alarm")).to_have_count(0)
        expect(page.locator(".badge")).to_be_hidden()
        words = page.inner_text("#alarm-list")
        for part in ("gate · person 2", "frames 1 to 3", "lowest −3.50", "threshold −2.00"):
            assert part in words


def test_without_a_threshold_nobody_is_orange_and_the_page_says_so(browser: Browser) -> None:
    with served() as site:
        for frame in range(5):
            tell(site.history, "x", frame, {1: -1.0, 2: "-Infinity"}, now=time.time())
        with opened(browser, site.url) as page:
            expect(page.locator(".tile")).to_have_count(1)
            assert "No threshold is set" in page.inner_text(".alarms")
            assert drawn(page, "x")["2"]["score"] == float("-inf")
            for one in drawn(page, "x").values():
                red, blue = hues(one["colour"])
                assert blue > red


def test_it_connects_again_to_a_program_that_was_started_again(browser: Browser) -> None:
    with served() as site:
        port = urlsplit(site.url).port or 0
        tell(site.history, "gate", 7, {1: -1.0}, now=time.time())
        context = browser.new_context()
        page = context.new_page()
        page.goto(site.url)
        expect(page.locator(".tile")).to_have_count(1)
    expect(page.locator("#connection")).to_have_text("connection lost, trying again")
    with served(port=port) as site:
        tell(site.history, "yard", 3, {1: -1.0}, now=time.time())
        expect(page.locator("#connection")).to_have_text("live")
        expect(page.locator(".tile .name")).to_have_text(["yard"])
    context.close()


def test_a_token_opens_the_page_and_a_new_one_is_asked_for(browser: Browser) -> None:
    with served("0.0.0.0") as site:
        port = urlsplit(site.url).port or 0
        url = site.url.replace(urlsplit(site.url).hostname or "", "127.0.0.1")
        context = browser.new_context()
        page = context.new_page()
        page.goto(url)
        expect(page.locator("#connection")).to_have_text("live")
        assert page.url == f"http://127.0.0.1:{port}/"
        assert page.evaluate("document.cookie") == ""
    with served("0.0.0.0", port):
        expect(page.locator("#connection")).to_have_text(re.compile("has a new address"))
    context.close()


def test_another_site_reads_nothing(browser: Browser, site: Site) -> None:
    """Pages of another origin, here another port, get nothing from this one."""
    fetch = """(url) => fetch(url, { mode: "no-cors" }).then(() => "came", () => "refused")"""
    listen = """(url) => new Promise((done) => {
      const source = new EventSource(url);
      source.onopen = () => done("open");
      source.onerror = () => done("refused");
    })"""
    with served() as other:
        context = browser.new_context(bypass_csp=True)
        page = context.new_page()
        page.goto(other.url)
        assert page.evaluate(listen, f"{other.url}events") == "open"
        assert page.evaluate(listen, f"{site.url}events") == "refused"
        assert page.evaluate(fetch, f"{site.url}events") == "refused"
        page.evaluate(
            "(url) => document.body.append(Object.assign(document.createElement("
            "'iframe'), { src: url }))",
            site.url,
        )
        page.wait_for_timeout(300)
        framed = [frame for frame in page.frames if frame.parent_frame]
        assert all("stgnf" not in frame.content() for frame in framed)
        context.close()


def test_cameras_that_are_silent_or_have_ended(browser: Browser) -> None:
    with served() as site, opened(browser, site.url) as page:
        tell(site.history, "gate", 0, {1: -1.0}, now=time.time() - 30)
        tell(site.history, "yard", 0, {1: -1.0}, now=time.time() - 40)
        end(site.history, "yard", time.time() - 20)
        facts = page.locator(".tile .facts")
        expect(facts).to_have_text([re.compile("silent for 3."), re.compile("ended 2. s ago")])
        expect(page.locator("#headline")).to_contain_text("0 of 2")
        tell(site.history, "yard", 0, {1: -1.0}, now=time.time())
        expect(facts.nth(1)).to_have_text(re.compile("frame 0"))
        assert len(camera(page, "yard")["points"]) == 1


def test_cameras_are_bounded(browser: Browser) -> None:
    with served() as site, opened(browser, site.url) as page:
        begins = [alarm("begins", 1, 0)]
        now = time.time()
        for number in range(MOST_CAMERAS):
            tell(site.history, f"{number}", 0, {1: -3.0}, now=now + number / 100, alarms=begins)
        expect(page.locator(".tile")).to_have_count(MOST_CAMERAS)
        tell(site.history, "10", 0, {1: -1.0}, now=now + 1)
        names = [*map(str, range(1, MOST_CAMERAS)), "10"]
        expect(page.locator(".tile .name")).to_have_text(names)
        expect(page.locator("#alarm-list button.is-alarm")).to_have_count(MOST_CAMERAS - 1)


def test_lines_that_cannot_be_used_are_told(browser: Browser) -> None:
    with served() as site, opened(browser, site.url) as page:
        assert page.is_hidden("#trouble")
        see(site.history, b"", b'{"line": 7, "error": "<b>is not JSON</b>"}', time.time())
        expect(page.locator("#trouble")).to_have_text(
            "1 line could not be used; the last, line 7: <b>is not JSON</b>"
        )


def test_keys(page: Page) -> None:
    def chosen() -> list[str]:
        settle(page)
        return page.locator(".tile.chosen .name").all_inner_texts()

    found = []
    for key in ("]", "]", "]", "[", "Escape", "["):
        page.keyboard.press(key)
        found.append(chosen())
    assert found == [["gate"], ["x yard"], ["x yard"], ["gate"], [], ["x yard"]]
    page.keyboard.press("z")
    settle(page)
    assert page.get_attribute("#fit", "aria-pressed") == "false"
    page.keyboard.press("?")
    assert page.is_visible("#help")
    page.keyboard.press("Escape")
    assert not page.is_visible("#help")
    page.get_by_role("button", name="gate").focus()
    page.keyboard.press("Enter")
    assert chosen() == ["gate"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_themes(browser: Browser, site: Site, scheme: Literal["light", "dark"]) -> None:
    def brightness(page: Page) -> int:
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(map(int, re.findall(r"\d+", colour)))

    with opened(browser, site.url, scheme=scheme) as page:
        assert (brightness(page) > 384) == (scheme == "light")
        page.keyboard.press("d")
        settle(page)
        assert (brightness(page) > 384) == (scheme == "dark")


@pytest.mark.parametrize("width", [360, 700, 1000])
def test_nothing_is_wider_than_a_narrow_window(browser: Browser, site: Site, width: int) -> None:
    with opened(browser, site.url, width=width) as page:
        expect(page.locator(".tile")).to_have_count(2)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        stage = page.locator(".stage").first.bounding_box()
        assert stage is not None
        assert stage["width"] > 250


def test_everything_that_can_be_used_has_a_name(page: Page) -> None:
    tree = page.locator("body").aria_snapshot()
    assert not re.findall(r"- (?:button|slider|img)$", tree, re.MULTILINE)
    assert re.search(r'- article "Camera gate"', tree)


def test_hostile_names_do_no_harm(browser: Browser) -> None:
    with served() as site, opened(browser, site.url) as page:
        told = [alarm("begins", 1, 0, person=HOSTILE)]
        tell(site.history, HOSTILE, 0, {1: -3.0}, now=time.time(), alarms=told)
        expect(page.locator(".tile .name")).to_have_text(HOSTILE)
        expect(page.locator("#alarm-list button")).to_have_count(1)
        assert page.locator("img").count() == 0
        assert page.get_attribute("body", "id") is None
