"""What tests of pages do in a browser."""

from playwright.sync_api import Page


def settle(page: Page) -> None:
    """Waits until what has changed is drawn."""
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
