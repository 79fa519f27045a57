"""What every page shares: nothing from outside becomes HTML, and nothing is asked of a network."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kott_notebooks.report.page import Page, packed, page, resource, text, unpacked

NASTY = [
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "\u2028\u2029",
    "\ud800",
    "' onload='alert(1)",
    '" onload="alert(1)',
    "]]>",
    "{title}",
]


@pytest.mark.parametrize("words", NASTY)
def test_words_stay_words(words: str) -> None:
    """No tag, no end of an attribute, no half a character is left."""
    shown = text(words)
    assert not set("<>\"'") & set(shown)
    assert html.unescape(shown) == words.encode("utf-8", "replace").decode()


@pytest.mark.parametrize("words", NASTY)
def test_no_word_changes_the_page(words: str) -> None:
    """With any title and any data, the page has its two scripts and no more."""
    made = page(words, "", data=[words]).html
    assert re.findall(r"<script.*?>", made) == [
        '<script type="text/plain" id="data">',
        '<script type="module">',
    ]
    assert made.count("</script>") == 2


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)  # fmt: skip


@given(JSON)
def test_packed_data_is_read_back(value: Any) -> None:
    """Whatever JSON can say; and the packed form is letters that mean nothing to HTML."""
    assert unpacked(packed(value)) == value
    assert re.fullmatch(r"[A-Za-z0-9+/=]*", packed(value))


def test_numbers_that_json_lacks_are_refused() -> None:
    """A browser could not read them."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        packed([float("nan")])


def test_the_policy_lets_nothing_in_and_only_its_own_script_run() -> None:
    """The digest is that of the script as it stands in the page."""
    made = page("A page", "<p>", script="const x = '&';").html
    policy = re.findall(r'Security-Policy" content="(.*?)"', made)[0]
    code = re.findall(r'<script type="module">(.*?)</script>', made, re.DOTALL)[0]
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    assert code.endswith("const x = '&';")
    assert "default-src 'none'" in policy
    assert re.findall("script-src (.*?);", policy) == [f"'sha256-{digest}'"]


def test_a_cell_shows_the_page_in_a_frame_of_its_own() -> None:
    """The frame holds the whole page, as an attribute that nothing in it can end."""
    made = page("Q&A", "<p class='a'>\"quoted\"", data={"a": "</iframe>"})
    (inner,) = re.findall(r'srcdoc="([^"]*)"', made._repr_html_())
    assert html.unescape(inner) == made.html
    assert re.search(r'sandbox="allow-scripts [^"]*allow-popups', made._repr_html_())
    assert "allow-same-origin" not in made._repr_html_()


def test_a_page_is_saved_as_it_is(tmp_path: Path) -> None:
    """UTF-8, the same bytes each time; a short repr says what it is."""
    made = page("Οδηγός", "<p>ζ")
    path = made.save(tmp_path / "guide.html")
    assert path.read_bytes() == made.html.encode()
    assert page("Οδηγός", "<p>ζ") == made
    assert re.fullmatch(r"<kott page: Οδηγός, \d kB>", repr(made))


def test_styles_and_scripts_are_text_that_a_page_can_hold() -> None:
    """None of them ends the element that it stands in."""
    assert json.dumps(resource("page.js")).count("</script") == 0
    assert "</style" not in resource("page.css")
    assert isinstance(page("A page", ""), Page)
