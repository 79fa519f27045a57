"""Many small calls against households in memory, behind the one function that packing is handed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kott_notebooks.api.bodies import Call
from kott_notebooks.api.envelopes import Reply
from kott_notebooks.errors import ApiError, Forbidden, IncompleteError, TransportError, api_error
from kott_notebooks.paging.packing import PACK, Packs


class Homes:
    """Households 1 to `last`, each with as many users as its number's last digit."""

    def __init__(self, last: int) -> None:
        self.last = last
        self.asked: list[int] = []
        self.fails: BaseException | None = None

    def __call__(self, pack: list[Call]) -> list[Reply | ApiError]:
        self.asked.append(len(pack))
        if self.fails and len(self.asked) == 2:
            raise self.fails
        return [self.answer(call) for call in pack]

    def answer(self, call: Call) -> Reply | ApiError:
        number = call.arguments.get("id") or call.arguments["filter"]["householdIdEqual"]
        if number < 0:
            return api_error("500004", "no")
        if number > self.last:
            return api_error("1006", "none")
        return Reply(json.dumps(self.found(call.service, number)).encode(), 0.5, 10, 0.5)

    def found(self, service: str, number: int) -> dict[str, Any]:
        if service == "household":
            return {"objectType": "KalturaHousehold", "id": number}
        users = [{"householdId": number, "userId": str(n)} for n in range(number % 10)]
        kind = "KalturaHouseholdUserListResponse"
        return {"objectType": kind, "totalCount": len(users), "objects": users}


def gets(*ids: int) -> list[Call]:
    return [Call("household", "get", {"id": one}) for one in ids]


def users(*ids: int) -> list[Call]:
    return [Call("householdUser", "list", {"filter": {"householdIdEqual": one}}) for one in ids]


def rows(packs: Packs) -> list[dict[str, Any]]:
    return [row for page in packs for row in page.records()]


def test_calls_travel_in_packs() -> None:
    """120 households are three requests, in order."""
    homes = Homes(200)
    found = rows(Packs(homes, gets(*range(1, 121)), one_each=True))
    assert [row["id"] for row in found] == list(range(1, 121))
    assert homes.asked == [PACK, PACK, 20]


def test_lists_are_joined() -> None:
    """The users of many households are one list; a household without users is no error."""
    found = rows(Packs(Homes(200), users(10, 2, 13)))
    assert [row["householdId"] for row in found] == [2, 2, 13, 13, 13]


def test_a_household_that_is_not_there_is_said_after_the_others_came() -> None:
    """Complete or an error: the error says which by position, and the rest is kept."""
    packs = Packs(Homes(5), gets(1, 9, 2, 8), one_each=True)
    with pytest.raises(IncompleteError, match=r"2 of 4 households .* at position 2, 4\."):
        rows(packs)
    assert [row["id"] for page in packs.came for row in page.records()] == [1, 2]


def test_what_the_role_may_not_is_raised() -> None:
    """A refusal is not taken for an empty household."""
    with pytest.raises(Forbidden):
        rows(Packs(Homes(5), gets(-1)))


def test_a_failure_keeps_what_came_and_goes_on() -> None:
    """The second pack fails; iterating again asks only for the rest."""
    homes = Homes(200)
    homes.fails = TransportError("gone")
    packs = Packs(homes, gets(*range(1, 121)), one_each=True)
    with pytest.raises(IncompleteError, match="after 50 of 120 calls, then: gone"):
        rows(packs)
    assert len(rows(packs)) == 120
    assert homes.asked == [50, 50, 50, 20]


def test_a_failure_before_anything_came_is_itself() -> None:
    """Nothing to keep."""

    def gone(pack: list[Call]) -> list[Reply | ApiError]:
        raise TransportError("gone")

    with pytest.raises(TransportError):
        rows(Packs(gone, gets(1)))


def test_a_list_that_holds_back_is_incomplete() -> None:
    """Without a pager there is no second page to ask for."""

    def short(pack: list[Call]) -> list[Reply | ApiError]:
        return [Reply(b'{"objectType":"KalturaHouseholdUserListResponse","totalCount":3}')]

    with pytest.raises(IncompleteError, match="0 of 3 records"):
        rows(Packs(short, users(1)))


def test_a_list_is_known_by_its_action_and_not_by_its_words() -> None:
    """objectType may stand behind the records."""
    body = b'{"totalCount":1,"objects":[{"id":7}],"objectType":"KalturaHouseholdListResponse"}'
    calls = [Call("household", "list", {"filter": {"externalIdEqual": "x"}})]
    assert rows(Packs(lambda pack: [Reply(body)], calls, one_each=True)) == [{"id": 7}]


def test_no_call_asks_nothing() -> None:
    """An empty list of ids is an empty table."""
    homes = Homes(5)
    assert rows(Packs(homes, [])) == []
    assert homes.asked == []


def test_the_report_counts() -> None:
    """Calls, rows, requests, bytes and seconds add up."""
    packs = Packs(Homes(200), gets(*range(1, 61)))
    rows(packs)
    told = packs.report()
    assert (told["action"], told["calls"], told["rows"]) == ("household.get", 60, 60)
    assert (told["requests"], told["bytes"], told["server_seconds"]) == (2, 600, 30.0)
