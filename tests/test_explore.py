"""The explorers without a browser: states are values, widgets show them, code brings them back."""

from __future__ import annotations

import ast
import datetime as dt
import json
import queue
import re
import threading
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kott_notebooks as kott
from kott_notebooks import demo
from kott_notebooks.widgets import Explorer
from kott_notebooks.widgets.explorer import assets, schedule, work
from kott_notebooks.widgets.explorer.pages import Detail, part
from kott_notebooks.widgets.explorer.panel import Panel
from kott_notebooks.widgets.explorer.questions import completions, problem
from kott_notebooks.widgets.explorer.requested import in_full
from kott_notebooks.widgets.explorer.state import RULE, Pulled, State

MEDIA = {"objectType": "KalturaSearchAssetFilter", "kSql": "asset_type='media'"}
KEYS = ["Genre", "General note", "Year", "Short title"]


@pytest.fixture(autouse=True)
def every_step_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """However fast the machine is: what stops a pull in these tests looks at its bar."""
    monkeypatch.setattr(work, "BETWEEN", 0.0)


@pytest.fixture(scope="module")
def session() -> kott.Session:
    """Log in to a small partner that lists its households."""
    return demo.login(assets=200, channels=4, days=2, households=8, deployment="roomy")


@pytest.fixture(scope="module")
def table(session: kott.Session) -> pd.DataFrame:
    """The whole catalogue."""
    return kott.assets(session)


@pytest.fixture(scope="module")
def pulled(session: kott.Session) -> Explorer:
    """The assets, pulled and judged once."""
    return kott.explore(session).wait()


@pytest.fixture
def explorer(pulled: Explorer) -> Explorer:
    """The assets with nothing chosen."""
    pulled.panel.start_over()
    return pulled


def counts(explorer: Explorer, facet: str) -> dict[str, int]:
    """Read a facet's buttons: how many rows each value has."""
    box = explorer.panel.facet_boxes[facet]
    labels = [button.description for button in box.buttons[: len(box.values)]]
    split = [label.rsplit("  ", 1) for label in labels]
    return {value: int(number.replace(",", "")) for value, number in split}


def press(explorer: Explorer, facet: str, value: str) -> None:
    """Press the button of a facet's value."""
    box = explorer.panel.facet_boxes[facet]
    box.buttons[box.values.index(value)].click()


# States


def made(**columns: Any) -> Pulled:
    """Make a table with findings: rule `a` of rows 0 and 1, `b` of row 1, `c` of no row."""
    findings = pd.DataFrame({"rule": ["a", "a", "b", "c"], "color": [None, None, None, "red"]})
    rows = np.array([0, 1, 1, -1])
    return Pulled(pd.DataFrame(columns), findings.astype("str"), rows, facets=("color",))


COLORS = made(id=[1, 2, 3], color=["red", "blue", "red"], size=["x", "x", "y"])


def test_a_facet_counts_under_the_other_filters() -> None:
    """So that one sees what another of its values would give."""
    state = State("assets").toggled("color", "red")
    chosen = COLORS.choose(state, ("color", "size"))
    assert chosen.rows.tolist() == [0, 2]
    assert chosen.counts["color"].tolist() == [2, 1]
    assert dict(zip(COLORS.facet("size").values, chosen.counts["size"], strict=True)) == {
        "x": 1,
        "y": 1,
    }


def test_findings_follow_the_rows() -> None:
    """Those of rows that are left, and those of no row that say the value themselves."""
    state = State("assets").toggled("color", "red")
    chosen = COLORS.choose(state)
    assert chosen.findings.tolist() == [0, 3]
    assert chosen.counts[RULE].tolist() == [1, 0, 1]


def test_a_rule_leaves_its_rows_and_its_findings() -> None:
    """Another finding of the same row is not shown."""
    chosen = COLORS.choose(State("assets").toggled(RULE, "a"), ("color",))
    assert chosen.rows.tolist() == [0, 1]
    assert chosen.findings.tolist() == [0, 1]


def test_values_of_one_facet_add_up() -> None:
    """Two values leave the rows of either; pressed again, a value is taken back."""
    state = State("assets").toggled("color", "red").toggled("color", "blue")
    assert COLORS.choose(state).rows.tolist() == [0, 1, 2]
    assert state.toggled("color", "red").filters == {"color": ("blue",)}
    assert state.toggled("color", "red").toggled("color", "blue").filters == {}


@given(
    values=st.lists(st.sampled_from([None, "a", "b", "c"]), min_size=1, max_size=12),
    others=st.data(),
)
@settings(max_examples=40)
def test_counts_are_what_a_click_leaves(values: list[str | None], others: Any) -> None:
    """Whatever the table: the count on a value is the number of rows after a click on it."""
    sizes = others.draw(
        st.lists(st.sampled_from("xyz"), min_size=len(values), max_size=len(values))
    )
    own = Pulled(
        pd.DataFrame({"id": range(len(values)), "color": pd.array(values, "str"), "size": sizes})
    )
    state = State("assets").toggled("size", sizes[0])
    before = own.choose(state, ("color",)).counts["color"]
    for value, count in zip(own.facet("color").values, before, strict=True):
        assert len(own.choose(state.toggled("color", value)).rows) == count


def test_a_filter_by_no_column_is_refused() -> None:
    """The message has names that come close."""
    with pytest.raises(
        kott.KottError, match=r"'colour' is not a column of this table\. Did you mean color"
    ):
        COLORS.choose(State("assets", filters={"colour": ("red",)}))


def test_rows_without_a_value_are_sorted_last() -> None:
    """In either direction."""
    own = Pulled(pd.DataFrame({"id": [1, 2, 3], "name": pd.array(["b", None, "A"], "str")}))
    assert own.choose(State("assets").sorted_by("name")).rows.tolist() == [2, 0, 1]
    assert own.choose(State("assets", sort="-name")).rows.tolist() == [0, 2, 1]


TEXTS = st.text(max_size=8)


@given(ksql=TEXTS, value=TEXTS, sort=TEXTS)
def test_the_line_of_code_says_the_state(ksql: str, value: str, sort: str) -> None:
    """Run as Python, it gives the arguments back, whatever quotes and letters they hold."""
    state = State("assets", {"ksql": ksql, "none": None}, {"tags.Genre": (value, "x")}, sort)
    call = ast.parse(state.code(), mode="eval").body
    assert isinstance(call, ast.Call)
    said = {str(one.arg): ast.literal_eval(one.value) for one in call.keywords}
    filters = {"tags.Genre": [value, "x"]}
    asked = {"ksql": ksql} if ksql else {}
    assert said == {"tab": "assets", **asked, "filters": filters, "sort": sort}


# The KSQL box


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("Gen", ["Genre=", "General note="]),
        ("(and Year>'2000' sho", ["(and Year>'2000' Short title="]),
        ("(or ge", ["(or Genre=", "(or General note="]),
        ("Genre='Gen", []),
        ("(and Nothing", []),
        ("(and Genre='Drama')", []),
    ],
)
def test_keys_are_completed_where_one_is_typed(typed: str, completed: list[str]) -> None:
    """The text before stays; within a value there is nothing to complete."""
    assert completions(typed, KEYS) == completed


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ""),
        ("(and Genre='Drama' Year>'2000')", ""),
        ("name='x'", ""),
        ("(and Genre='Drama'", "not closed"),
        ("Genre=Drama", "single quotes"),
        ("Gemre='Drama'", "Did you mean Genre"),
    ],
)
def test_slips_are_named_while_one_types(text: str, words: str) -> None:
    """A slip, or a key that the partner does not have, with what comes close."""
    said = problem(text, KEYS)
    assert words in said
    assert bool(said) is bool(words)


def test_a_slip_is_not_pulled(explorer: Explorer) -> None:
    """The box says what is wrong, and the rows of the last pull stay."""
    question: Any = explorer.panel.question
    question.text.value = "(and Genre='Drama'"
    assert "not closed" in question.hint.value
    explorer.panel.go.click()
    assert "Not pulled" in explorer.panel.status.value
    assert len(explorer.table) == 200


# Assets


def test_a_click_filters_counts_rows_findings_and_code(
    explorer: Explorer, table: pd.DataFrame
) -> None:
    """All of them together, as pandas counts them."""
    press(explorer, "type", "Movie")
    movies = table[table["typeDescription"] == "Movie"]
    assert explorer.table["id"].tolist() == movies["id"].tolist()
    assert set(explorer.findings["id"]) <= set(movies["id"].astype("str"))
    genres = kott.tags(movies, "Genre")["value"].value_counts()
    shown = counts(explorer, "tags.Genre")
    assert shown == {name: genres[name] for name in shown}
    assert explorer.code == 'kott.explore(session, tab="assets", filters={"type": ["Movie"]})'
    assert f"1 to 10 of {len(movies)}" in explorer.panel.rows.place.value
    press(explorer, "type", "Movie")
    assert len(explorer.table) == 200


def test_the_code_recreates_the_state(session: kott.Session, explorer: Explorer) -> None:
    """Filters, order and the row that is selected."""
    press(explorer, "type", "Movie")
    press(explorer, RULE, "image.missing_ratio")
    explorer.panel.rows.heads[0].click()
    explorer.panel.rows.names[0].click()
    explorer.panel.wait()
    names: dict[str, Any] = {"kott": kott, "session": session}
    exec(f"again = {explorer.code}.wait()", names)
    again = names["again"]
    assert again.state == explorer.state
    pd.testing.assert_frame_equal(again.table, explorer.table)
    pd.testing.assert_frame_equal(again.findings, explorer.findings)
    assert again.panel.detail.value == explorer.panel.detail.value


@pytest.mark.parametrize("facet", ["type", "tags.Genre", "createDate", RULE])
def test_the_lines_without_the_explorer_give_the_same_rows(
    session: kott.Session, explorer: Explorer, facet: str
) -> None:
    """As KSQL where it can say a facet, else in pandas."""
    press(explorer, facet, next(iter(counts(explorer, facet))))
    panel = explorer.panel
    names: dict[str, Any] = {"kott": kott, "session": session}
    exec(panel.tab.lines(panel.state, panel.pulled), names)
    assert set(names["assets"]["id"]) == set(explorer.table["id"])
    assert 0 < len(explorer.table) < 200


def test_tags_of_a_guide_join_in_the_lines_without_the_explorer(session: kott.Session) -> None:
    """Programmes must have a chosen value of each."""
    explorer = kott.explore(session, "schedule").wait()
    panel = explorer.panel
    assert panel.pulled is not None
    panel.toggle("tags.Genre", panel.pulled.facet("tags.Genre").values[0])
    panel.toggle("tags.Parental rating", "12")  # a number that is a text
    names: dict[str, Any] = {"kott": kott, "session": session}
    exec(panel.tab.lines(panel.state, panel.pulled), names)
    assert set(names["epg"]["id"]) == set(explorer.table["id"])


def test_the_line_for_a_guide_says_what_ksql_cannot() -> None:
    """A tag whose name no key can have is a comment; the other tags are the filter."""
    chosen = {"tags.Genre (EN)": ("Drama",), "tags.Genre": ("News",)}
    lines = schedule.lines(State("schedule", filters=chosen), None).splitlines()
    assert lines == [
        """epg = kott.epg(session, "today", "today+1d", ksql="Genre='News'")""",
        """# tags.Genre (EN): KSQL cannot say ["Drama"]""",
    ]


def test_filters_join_the_ksql_of_the_question(session: kott.Session) -> None:
    """The lines without the explorer ask the server for both."""
    explorer = kott.explore(session, ksql="Year>'2000'", filters={"type": "Movie"}).wait()
    names: dict[str, Any] = {"kott": kott, "session": session}
    panel = explorer.panel
    exec(panel.tab.lines(panel.state, panel.pulled), names)
    assert set(names["assets"]["id"]) == set(explorer.table["id"])
    assert (explorer.table["metas.Year"] > 2000).all()


def test_a_click_on_a_finding_leads_to_its_cure(explorer: Explorer) -> None:
    """The asset as an app shows it, windows, KSQL, code, who is hit, texts in each language."""
    press(explorer, RULE, "image.missing_ratio")
    explorer.panel.findings.names[0].click()
    explorer.panel.wait()
    shown, own = explorer.panel.detail.value, explorer.findings.iloc[0]
    key = f"media_id=&#39;{own['id']}&#39;"
    for words in (own["hint"], key, "kott.assets(session", "views in 30 days", "<b>fra</b>"):
        assert words in shown
    assert "kott-window" in shown
    assert explorer.state.selected == own["id"]


def hit(explorer: Explorer, name: str) -> dict[str, str]:
    """Select the row of a name, and read who is hit by what is wrong with it."""
    panel = explorer.panel
    rows = panel.pulled.table if panel.pulled else pd.DataFrame()
    panel._select(int(np.flatnonzero((rows["name"] == name).to_numpy(bool, na_value=False))[0]))
    panel.wait()
    return facts_of(panel.detail.value)


def facts_of(html: str) -> dict[str, str]:
    """Read the facts of a detail: names and words."""
    return dict(re.findall(r'<th scope="row">(.*?)</th><td>(.*?)</td>', html))


def test_a_detail_names_the_regions_of_a_channel(session: kott.Session, explorer: Explorer) -> None:
    """Those whose line-up has it, by name."""
    channel = kott.channels(session).iloc[1]
    regions = kott.listing(session, "region", filter={"liveAssetIdEqual": int(channel["id"])})
    assert hit(explorer, channel["name"])["regions"] == ", ".join(regions["name"])


def test_a_detail_names_the_sisters_of_an_episode(explorer: Explorer, table: pd.DataFrame) -> None:
    """The series, and its other episodes, with how many there are."""
    episodes = table[table["typeDescription"] == "Episode"]
    column = "metas.Series ID"
    key = episodes[column].value_counts().index[0]
    own = episodes.loc[episodes[column] == key, "name"]
    said = hit(explorer, own.iloc[0])
    assert said["same series, Episode"].startswith(f"{len(own) - 1}: {own.iloc[1]}")
    assert said["same series, Series"].startswith("1: ")


def test_a_detail_follows_an_asset_to_the_households_that_bought_it(
    session: kott.Session, explorer: Explorer, table: pd.DataFrame
) -> None:
    """By the curated channels that hold it and the subscriptions that sell those."""
    channel = kott.listing(session, "channel").iloc[0]
    own = kott.assets(session, channel=int(channel["id"]))
    said = hit(explorer, own["name"].dropna().iloc[0])
    assert channel["name"] in said["curated channels"]
    sold = kott.listing(session, "subscription", filter={"channelIdEqual": int(channel["id"])})
    assert set(sold["name"]) <= set(said["subscriptions"].split(", "))
    assert "entitled households" in said


def test_closed_details_leave_the_line_of_code(explorer: Explorer) -> None:
    """As they came into it."""
    explorer.panel.rows.names[0].click()
    assert "selected=" in explorer.code
    explorer.panel.close.click()
    assert "selected=" not in explorer.code
    assert explorer.panel.details.children == ()


def test_pages_turn_and_columns_sort(explorer: Explorer) -> None:
    """The next page goes on where one ends; a header pressed again turns the order round."""
    rows = explorer.panel.rows
    rows.heads[0].click()
    first = [button.description for button in rows.names]
    rows.after.click()
    second = [button.description for button in rows.names]
    assert [*first, *second] == explorer.table["name"].fillna("").tolist()[:20]
    rows.heads[0].click()
    assert explorer.state.sort == "-name"
    assert rows.names[0].description != first[0]
    assert rows.before.disabled


def test_another_column_filters_too(explorer: Explorer) -> None:
    """Chosen from the list, its values become a facet."""
    explorer.panel.also.value = "tags.Country"
    country = next(iter(counts(explorer, "tags.Country")))
    press(explorer, "tags.Country", country)
    assert explorer.table["tags.Country"].str.contains(f'"{country}"').all()
    assert f'filters={{"tags.Country": ["{country}"]}}' in explorer.code


def test_nothing_that_a_server_says_becomes_markup() -> None:
    """Names, texts and addresses are text, and only links to the web are links."""
    nasty = "<img src=x onerror=alert(1)>"
    images = [
        {"ratio": nasty, "url": f"https://x.invalid/{nasty}", "width": 1},
        {"ratio": "16:9", "url": "javascript:alert(1)", "width": 1},
    ]
    cells = {"name": nasty, "description": nasty, "images": json.dumps(images)}
    own = pd.DataFrame({"id": [1], "type": [1], **{name: [one] for name, one in cells.items()}})
    labels = pd.DataFrame(
        [["assetStruct", "1", nasty, "x"]], columns=["kind", "id", "name", "systemName"]
    )
    pulled = assets.laid(own.astype(dict.fromkeys(cells, "str")), labels)
    rows = list(assets.columns(pulled, np.array([0])))
    html = part("detail", assets.detail(pulled, 0)) + part("cells", rows, 30)
    assert "&lt;img src=x" in html
    assert "<img src=x" not in html
    assert "javascript:" not in html


# Long work


def test_a_stopped_pull_leaves_what_was_received_and_can_go_on() -> None:
    """The rows so far are shown and said to be incomplete; Go on pulls the rest."""
    slow = demo.login(
        assets=600, channels=2, days=1, households=1, faults=demo.Faults(latency=0.15)
    )
    panel = Panel(slow, State("assets"), lambda: None)
    panel.bar.observe(lambda change: change["new"] > 0 and panel.stop.click(), "value")
    panel.pull()
    panel.wait()
    assert "Not complete" in panel.status.value
    assert panel.pulled is not None
    assert 0 < len(panel.pulled.table) <= 600
    assert panel.pulled.findings is None
    assert "Not complete" in panel.static()
    panel.bar.unobserve_all()
    panel.go_on.click()
    panel.wait()
    assert "Complete" in panel.status.value
    assert panel.pulled.table["id"].nunique() == 600
    assert panel.pulled.findings is not None


@pytest.mark.parametrize(
    ("tab", "question", "words"),
    [
        ("schedule", {"start": "today", "end": "today+2d"}, " of "),
        ("households", {"ids": [*range(20001, 20041)]}, "Pulling</b> 40 rows are here"),
        ("listing", {"service": "asset", "filter": MEDIA}, " of "),
    ],
)
def test_every_tab_is_stopped_and_goes_on(tab: str, question: dict[str, Any], words: str) -> None:
    """In the middle of its pull, users and devices of households too; nothing is lost."""
    slow = demo.login(
        assets=600, channels=20, days=3, households=40, faults=demo.Faults(latency=0.05)
    )
    panel = Panel(slow, State(tab, question), lambda: None)
    stopped: list[str] = []

    def halt(change: dict[str, str]) -> None:
        if words in change["new"] and not stopped:
            stopped.append(change["new"])
            panel.halt()

    panel.status.observe(halt, "value")
    panel.pull()
    panel.wait()
    assert "Not complete" in panel.status.value
    assert panel.go_on in panel._buttons.children
    panel.go_on.click()
    panel.wait()
    assert "Complete" in panel.status.value
    assert panel.pulled is not None
    assert panel.pulled.table["id"].is_unique


def test_a_pull_that_another_replaces_says_nothing_of_it() -> None:
    """Enter pulls anew while a pull is under way: only the new one is shown."""
    slow = demo.login(
        assets=600, channels=2, days=1, households=1, faults=demo.Faults(latency=0.05)
    )
    panel = Panel(slow, State("assets"), lambda: None)
    replaced: list[Any] = []
    question: Any = panel.question

    def replace(change: dict[str, float]) -> None:
        if change["new"] > 0 and not replaced:
            replaced.append(panel._work._thread)
            question.text.value = "Genre='Drama'"
            panel.pull()

    panel.bar.observe(replace, "value")
    panel.pull()
    panel.wait()
    replaced[0].join()
    panel.wait()
    assert "Complete" in panel.status.value
    assert panel.error is None
    assert panel.pulled is not None
    assert len(panel.pulled.table) == len(kott.assets(slow, "Genre='Drama'"))


def test_a_pull_that_is_refused_says_why(session: kott.Session) -> None:
    """In the tab, escaped; `.wait()` and `.table` raise it."""
    explorer = kott.explore(session, ksql="NoSuchKey='<b>'")
    with pytest.raises(kott.KottError):
        explorer.wait()
    assert "Not pulled" in explorer.panel.status.value
    assert "<b>'" not in explorer.panel.status.value
    with pytest.raises(kott.KottError):
        _ = explorer.table


def test_a_filter_that_the_table_cannot_have_is_refused(session: kott.Session) -> None:
    """Nothing is shown as if it were filtered."""
    explorer = kott.explore(session, filters={"tags.Gender": "Drama"})
    with pytest.raises(kott.KottError, match=r"'tags.Gender' is not a column"):
        explorer.wait()
    assert "Not shown" in explorer.panel.status.value
    with pytest.raises(kott.KottError, match="not a column"):
        _ = explorer.table


def test_a_question_that_fails_leaves_no_rows_of_the_one_before(session: kott.Session) -> None:
    """Else the line of code would not say what is shown."""
    explorer = kott.explore(session, ksql="Genre='Drama'").wait()
    question: Any = explorer.panel.question
    question.text.value = "NoSuchKey='x'"
    explorer.panel.go.click()
    explorer.panel.wait()
    assert "Not pulled" in explorer.panel.status.value
    with pytest.raises(kott.KottError):
        _ = explorer.table
    assert "NoSuchKey" in explorer.code


def test_an_audit_is_not_waited_for_when_it_is_stopped(session: kott.Session) -> None:
    """The table stays, and what is judged later is not shown."""
    panel = Panel(session, State("assets"), lambda: None)
    stopped: queue.Queue[threading.Thread] = queue.Queue()

    def halt(change: dict[str, str]) -> None:
        if change["new"].startswith("<b>Judging"):
            panel.halt()
            stopped.put(threading.current_thread())

    panel.status.observe(halt, "value")
    panel.pull()
    stopped.get(timeout=60).join()
    assert "not judged" in panel.status.value
    assert panel.pulled is not None
    assert len(panel.pulled.table) == 200
    assert panel.pulled.findings is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"tab": "asset"}, "tab is one of assets, schedule, households, listing; not 'asset'"),
        ({"tab": "schedule", "ksql": "name='x'"}, "schedule takes start, end, channels, tz"),
    ],
)
def test_an_argument_of_another_tab_is_refused(
    session: kott.Session, arguments: dict[str, Any], words: str
) -> None:
    """Before anything is pulled."""
    with pytest.raises(kott.KottError, match=words):
        kott.explore(session, **arguments)


# The other tabs


def test_the_schedule_filters_by_channel_and_shows_a_guide(session: kott.Session) -> None:
    """Gaps are findings of a channel, and follow it; the guide shows what the filters give."""
    explorer = kott.explore(session, "schedule", start="today", end="today+1d").wait()
    names = kott.channels(session).set_index("id")["name"]
    rules = counts(explorer, RULE)
    assert rules["schedule.gap"] > 0
    gap = explorer.findings.query("rule == 'schedule.gap'").iloc[0]
    channel = names[gap["linearAssetId"]]
    press(explorer, "linearAssetId", channel)
    assert set(explorer.table["linearAssetId"]) == {gap["linearAssetId"]}
    assert set(explorer.findings["linearAssetId"]) == {gap["linearAssetId"]}
    assert "schedule.gap" in set(explorer.findings["rule"])
    explorer.panel.as_guide.value = True
    assert "iframe" in explorer.panel.guide.value


def test_a_gap_is_shown_for_itself(session: kott.Session) -> None:
    """It has no programme: its channel, when, and what to do."""
    explorer = kott.explore(session, "schedule", filters={RULE: "schedule.gap"}).wait()
    explorer.panel.findings.names[0].click()
    finding = explorer.findings.iloc[0]
    for words in ("viewers of", finding["hint"], f"{finding['startDate']:%Y-%m-%d %H:%M}"):
        assert words in explorer.panel.detail.value


def test_a_day_is_chosen_by_date(session: kott.Session) -> None:
    """The window becomes that day, in the line of code too."""
    explorer = kott.explore(session, "schedule").wait()
    question: Any = explorer.panel.question
    day = dt.datetime.now(dt.UTC).date()
    question.day.value = day
    explorer.panel.go.click()
    explorer.wait()
    assert f'start="{day}", end="{day + dt.timedelta(days=1)}"' in explorer.code


def test_households_are_hashed_and_have_their_limits(session: kott.Session) -> None:
    """By id: users and devices of how many; no personal text in widgets, copy or details."""
    explorer = kott.explore(session, "households", ids=[20001, 20002, 99]).wait()
    assert "1 of those asked for do not exist" in explorer.panel.status.value
    panel = explorer.panel
    panel.rows.names[0].click()
    panel.wait()
    plain = kott.household_devices(session, [20001], pii=True)
    shown = panel.detail.value + panel.rows.rows.value + explorer.static()
    assert f"{len(plain)} of " in panel.detail.value
    for name in ("udid", "name", "externalId", "macAddress"):
        for text in plain[name].dropna():
            assert str(text) not in shown


@pytest.fixture(scope="module")
def with_homes(session: kott.Session) -> Explorer:
    """Three households pulled, then the assets."""
    explorer = kott.explore(session, "households", ids=[20001, 20002, 20003]).wait()
    explorer.tabs.selected_index = 0
    return explorer.wait()


def test_entitled_households_are_counted_among_those_pulled(
    session: kott.Session, with_homes: Explorer
) -> None:
    """Each is asked for by its master, since a server lists what one user's household has."""
    channel = kott.listing(session, "channel")["id"].iloc[0]
    own = kott.assets(session, channel=int(channel))["name"].dropna().iloc[0]
    words = hit(with_homes, own)["entitled households"]
    assert re.fullmatch(r"[0-3] of the first 3 in the tab Households", words)


def test_households_without_a_master_are_not_counted(session: kott.Session) -> None:
    """Who is entitled is then asked of the login itself, and what it may not see is named."""
    channel = int(kott.listing(session, "channel")["id"].iloc[0])
    media = int(kott.assets(session, channel=channel)["id"].iloc[0])
    nobody = pd.DataFrame({"isMaster": pd.array([False, None], "boolean"), "userId": ["1", "2"]})
    *_, last = in_full(session, Detail("x", media=media), {"users": nobody})
    assert "not known" in dict(last.facts["Who is hit"])["entitled households"]


def test_a_household_has_its_subscriptions_by_name(session: kott.Session) -> None:
    """As the server lists them for its master."""
    explorer = kott.explore(session, "households", ids=[20001], selected=20001).wait()
    said = facts_of(explorer.panel.detail.value)["subscriptions"]
    assert set(said.split(", ")) <= set(kott.listing(session, "subscription")["name"])


def test_the_households_of_a_region_are_counted_where_they_were_pulled(
    session: kott.Session, with_homes: Explorer
) -> None:
    """In one tab; another tab's details count them."""
    homes = kott.households(session, [20001, 20002, 20003])
    channel = kott.channels(session).iloc[0]
    regions = kott.listing(session, "region", filter={"liveAssetIdEqual": int(channel["id"])})
    there = homes["regionId"].isin(regions["id"]).sum()
    said = hit(with_homes, channel["name"])["households there"]
    assert said == f"{there} of the 3 in the tab Households"


def test_external_ids_do_not_stand_in_the_saved_copy(session: kott.Session) -> None:
    """They name people; the line of code in the notebook has them."""
    own = kott.households(session, [20001], pii=True)["externalId"].iloc[0]
    explorer = kott.explore(session, "households", external_ids=[own]).wait()
    assert explorer.table["id"].tolist() == [20001]
    assert own in explorer.code
    assert own not in explorer.static()


def test_a_filter_is_built_from_the_schema(session: kott.Session) -> None:
    """A field for each property; a number is checked; what is filled in is in the code."""
    explorer = kott.explore(session, "listing")
    question: Any = explorer.panel.question
    question.action.value = "region.list"
    question.fields["parentIdEqual"].value = "seventy"
    explorer.panel.go.click()
    assert "parentIdEqual is a number" in explorer.panel.status.value
    question.fields["parentIdEqual"].value = "70"
    explorer.panel.go.click()
    explorer.wait()
    wanted = kott.listing(session, "region", filter={"parentIdEqual": 70})
    pd.testing.assert_frame_equal(explorer.table, wanted)
    assert 'service="region", filter={"parentIdEqual": 70}' in explorer.code


def test_any_list_has_names_beside_its_ids(session: kott.Session) -> None:
    """In the table, the facets and the lines of code, as `kott.with_names` has them."""
    explorer = kott.explore(session, "listing", service="deviceBrand").wait()
    brands = kott.listing(session, "deviceBrand")
    assert list(explorer.table) == list(kott.with_names(brands, kott.labels(session)))
    assert "deviceFamilyName" in explorer.panel.facet_boxes
    panel = explorer.panel
    names: dict[str, Any] = {"kott": kott, "session": session}
    exec(panel.tab.lines(panel.state, panel.pulled), names)
    pd.testing.assert_frame_equal(names["table"], explorer.table)


def test_a_filter_that_the_list_does_not_have_is_refused(session: kott.Session) -> None:
    """As `kott.listing` refuses it: it is not left out."""
    with pytest.raises(kott.KottError, match="idLike"):
        kott.explore(session, "listing", service="region", filter={"idLike": "7"}).wait()


def test_a_tab_is_made_when_it_is_looked_at(session: kott.Session) -> None:
    """The schedule is pulled then; households wait for a question."""
    explorer = kott.explore(session).wait()
    assert list(explorer.panels) == ["assets"]
    explorer.tabs.selected_index = 1
    explorer.wait()
    assert "linearAssetId" in explorer.table
    explorer.tabs.selected_index = 2
    with pytest.raises(kott.KottError, match="Nothing was pulled yet"):
        _ = explorer.table


@pytest.mark.parametrize(
    ("tab", "question"),
    [
        ("assets", {"ksql": "name='no such name'"}),
        ("schedule", {"start": "2001-01-01", "end": "2001-01-02"}),
        ("households", {"external_ids": ["nobody"]}),
        ("listing", {"service": "region", "filter": {"idIn": "1"}}),
    ],
)
def test_an_empty_answer_is_an_answer(
    session: kott.Session, tab: Any, question: dict[str, Any]
) -> None:
    """No row, and the widgets say so."""
    explorer = kott.explore(session, tab, **question).wait()
    assert len(explorer.table) == 0
    assert explorer.panel.rows.rows.value == "No rows."
    assert "0 rows" in explorer.static()


def test_tables_and_numbers_of_numpy_are_given_as_ids(session: kott.Session) -> None:
    """The line of code has plain numbers."""
    channels = kott.channels(session).head(2)
    first, second = channels["id"]
    line = f'tab="schedule", channels=[{first}, {second}]'
    assert line in State("schedule", {"channels": list(np.array([first, second]))}).code()
    explorer = kott.explore(session, "schedule", channels=channels)
    assert f"channels=[{first}, {second}]" in explorer.wait().code


# The saved copy


def test_the_copy_has_the_rows_and_the_code_and_no_secret(
    session: kott.Session, explorer: Explorer
) -> None:
    """It is plain HTML, with what is chosen."""
    press(explorer, "type", "Movie")
    copy = explorer.static()
    assert "kott.explore(session" in copy
    assert all(name in copy for name in explorer.table["name"].head(3))
    assert "<script" not in copy
    ks = session._secrets["ks"].reveal()
    assert ks not in copy
