"""The page of those who watch, out of the files in `watch_page/`."""

from stgnf_jax.html_page import Filled, fill_page

PAGE = "watch_page"
SCRIPTS = (
    *("state.js", "feed.js", "stage.js", "timeline.js", "tiles.js", "alarms.js"),
    *("keys.js", "main.js"),
)
# What the page may do beyond running itself: ask its own server, and have an icon that is none.
MORE_POLICY = (
    "; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


def watch_page() -> Filled:
    """The page, and the policy that has to come with it."""
    filled = fill_page(PAGE, SCRIPTS, "live", {})
    return filled._replace(policy=filled.policy + MORE_POLICY)
