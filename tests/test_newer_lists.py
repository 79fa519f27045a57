"""List actions that are newer than the schema: their replies say what they list."""

from __future__ import annotations

from typing import Any

import pytest
import requests

import kott_notebooks as kott
from kott_notebooks import cli, demo
from kott_notebooks.demo.transport import DemoAdapter

SIZES: dict[str, Any] = {"assets": 100, "channels": 3, "days": 1, "households": 5}


class Newer(DemoAdapter):
    """A server that has two services under names that no schema knows."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        """Answer what is asked of the newer names."""
        url = str(request.url).replace("/cdnNetwork/", "/cdnAdapterProfile/")
        request.url = url.replace("/curatedRow/", "/channel/")
        return super().send(request, *args, **kwargs)


@pytest.fixture
def session() -> kott.Session:
    """An operator of the newer server."""
    http = requests.Session()
    http.mount(demo.URL, Newer(demo.make(deployment="roomy", **SIZES)))
    return kott.login(
        demo.URL, demo.PARTNER_ID, username=demo.USERNAME, password=demo.PASSWORD, http=http
    )


def test_a_newer_list_is_listed_by_its_reply(session: kott.Session) -> None:
    """The class of its rows gives the columns; it is complete as any list."""
    newer = kott.listing(session, "curatedRow")
    assert newer["id"].tolist() == kott.listing(session, "channel")["id"].tolist()
    narrowed = kott.listing(
        session, "curatedRow", filter={"objectType": "KalturaChannelsFilter", "idEqual": 801}
    )
    assert narrowed["id"].tolist() == [801]


def test_a_newer_list_can_be_planned(session: kott.Session) -> None:
    """As any list."""
    assert kott.plan(session, "curatedRow")["rows"].tolist() == [
        len(kott.listing(session, "channel"))
    ]


class NewerBackend:
    """The same server behind a port."""

    def __init__(self) -> None:
        self.known = demo.make(deployment="roomy", **SIZES)

    def handle(self, method: str, path: str, *rest: Any) -> Any:
        """Answer what is asked of the newer name."""
        return self.known.handle(method, path.replace("/curatedRow/", "/channel/"), *rest)


@pytest.mark.parametrize(
    ("line", "status", "words"),
    [
        ("listing curatedRow --format csv", cli.DONE, ""),
        ("listing otherRow", cli.USAGE, "otherRow.list is not a list action"),
        ("listing channel listRows", cli.USAGE, "channel.listRows is not a list action"),
    ],
)
def test_the_command_lists_what_is_newer(
    line: str,
    status: int,
    words: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The server decides what is a list action; a name that it does not know is refused."""
    newer: Any = NewerBackend()
    with demo.serve(backend=newer) as server:
        monkeypatch.setenv("KOTT_URL", server.url)
        monkeypatch.setenv("KOTT_PARTNER_ID", str(demo.PARTNER_ID))
        monkeypatch.setenv("KOTT_USERNAME", demo.USERNAME)
        monkeypatch.setenv("KOTT_PASSWORD", demo.PASSWORD)
        assert cli.main(line.split()) == status
    out, err = capsys.readouterr()
    assert words in err
    assert out.startswith("objectType,id,") == (status == cli.DONE)


def test_secrets_of_a_newer_list_are_masked(session: kott.Session) -> None:
    """By the class that its rows name."""
    table = kott.listing(session, "cdnNetwork", pii=True)
    assert len(table) == 3
    assert table["sharedSecret"].eq("***").all()


def test_a_name_that_the_server_does_not_know_is_refused(session: kott.Session) -> None:
    """With the names that come close."""
    with pytest.raises(kott.KottError, match=r"try assetStruct\.list"):
        kott.listing(session, "assetStrct")
