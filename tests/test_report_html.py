import base64
import hashlib
import html.parser
import json
import re

from stgnf_jax.html_page import PACKAGE, SHARED, SHARED_SCRIPTS, STYLE, THEME, escaped_json
from stgnf_jax.report_html import PAGE, SCRIPTS, page

HOSTILE = "</script><img src=x onerror=alert(1)> & {{script}} <!-- blobs -->\n"


class Elements(html.parser.HTMLParser):
    """What a parser makes of a page: the tags, and the text of each script and style."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inside: list[str] = []
        self.ended = True
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside.append("")
        self.ended = False

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002
        self.ended = True

    def handle_data(self, data: str) -> None:
        if not self.ended:
            self.inside[-1] += data

    def texts(self, tag: str) -> list[str]:
        return [text for (name, _), text in zip(self.tags, self.inside, strict=True) if name == tag]


def make(title: str = "run", index: object = None, blobs: tuple[bytes, ...] = ()) -> Elements:
    return Elements("".join(page(title, index, blobs)))


def test_every_file_of_the_page_is_used() -> None:
    used = {"page.html", "style.css", *SCRIPTS}
    assert {path.name for path in (PACKAGE / PAGE).iterdir()} == used
    shared = {THEME, STYLE, *SHARED_SCRIPTS}
    assert {f"{SHARED}/{path.name}" for path in (PACKAGE / SHARED).iterdir()} == shared


def test_data_stands_where_nothing_is_executed() -> None:
    index = {"clips": [HOSTILE]}
    found = make("run", index, (b"first", b"\xff"))
    scripts = [attributes for tag, attributes in found.tags if tag == "script"]
    assert [script.get("type") for script in scripts] == [
        *(None, "application/json", "application/octet-stream", "application/octet-stream"),
        "module",
    ]
    texts = found.texts("script")
    assert json.loads(texts[1]) == index
    assert [base64.b64decode(text) for text in texts[2:4]] == [b"first", b"\xff"]


def test_hostile_names_add_no_element() -> None:
    kind = [tag for tag, _ in make("run", ["clip"]).tags]
    hostile = make(HOSTILE, [HOSTILE])
    assert [tag for tag, _ in hostile.tags] == kind
    assert HOSTILE in hostile.texts("title")[0]


def test_the_policy_admits_the_page_itself_and_nothing_else() -> None:
    found = make()
    (policy,) = [
        attributes["content"]
        for tag, attributes in found.tags
        if attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    admitted = re.findall(r"'sha256-(.*?)'", policy)
    theme, _, script = found.texts("script")
    (style,) = found.texts("style")
    parts = (theme, script, style)
    assert admitted == [
        base64.b64encode(hashlib.sha256(part.encode()).digest()).decode() for part in parts
    ]


def test_nothing_is_fetched() -> None:
    for tag, attributes in make().tags:
        assert tag not in ("link", "img", "iframe", "object", "base")
        assert not {"src", "href", "style", "action"} & attributes.keys()


def test_json_reads_back_without_what_ends_an_element() -> None:
    text = escaped_json({"name": "<!--</script>&\u2028é", "number": 0.1})
    assert not set("<>&") & set(text)
    assert json.loads(text) == {"name": "<!--</script>&\u2028é", "number": 0.1}
