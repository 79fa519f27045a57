"""Many small calls against households in memory, behind the one function that the engine gets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from lying import Reply

from kott_notebooks.api.bodies import Call
from kott_notebooks.errors import Forbidden, IncompleteError, TransportError, api_error
from kott_notebooks.paging import Lookups, Pull
from kott_notebooks.paging.run import SMALL_CALLS


class Homes:
    """Households 1 to `last`, each with as many users as its number's last digit."""

    def __init__(self, last: int) -> None:
        self.last = last
        self.requests: list[int] = []
        self.fails: BaseException | None = None

    def __call__(
        self, calls: Sequence[Call], /, *, validate: bool = False, until: float | None = None
    ) -> Reply:
        self.requests.append(len(calls))
        if self.fails and len(self.requests) == 2:
            raise self.fails
        results = [self.answer(call) for call in calls]
        errors = {
            n: api_error(one["error"]["code"], "no")
            for n, one in enumerate(results)
            if "error" in one
        }
        body = {"result": results if len(calls) > 1 else results[0]}
        return Reply(json.dumps(body).encode(), errors)

    def answer(self, call: Call) -> dict[str, Any]:
        number = call.arguments.get("id") or call.arguments["filter"]["householdIdEqual"]
        if not 0 <= number <= self.last:
            return {"error": {"code": "500004" if number < 0 else "1006", "message": "no"}}
        return self.household(call.service, number)

    def household(self, service: str, number: int) -> dict[str, Any]:
        if service == "household":
            return {"objectType": "KalturaHousehold", "id": number}
        users = [{"householdId": number, "userId": str(n)} for n in range(number % 10)]
        kind = "KalturaHouseholdUserListResponse"
        return {"totalCount": len(users), "objects": users, "objectType": kind}


def homes(server: Homes, *ids: int) -> Pull:
    calls = [Call("household", "get", {"id": one}) for one in ids]
    return Pull(Lookups(calls, asked=("id", ids), one_each=True), server, workers=1)


def users(server: Homes, *ids: int) -> Pull:
    calls = [Call("householdUser", "list", {"filter": {"householdIdEqual": one}}) for one in ids]
    return Pull(Lookups(calls, asked=("householdId", ids)), server, workers=1)


def rows(pull: Pull) -> list[dict[str, Any]]:
    return [row for page in pull for row in page.records()]


def test_calls_travel_in_batches() -> None:
    """120 households are three requests, in order."""
    server = Homes(200)
    assert [row["id"] for row in rows(homes(server, *range(1, 121)))] == list(range(1, 121))
    assert server.requests == [SMALL_CALLS, SMALL_CALLS, 20]


def test_lists_are_joined() -> None:
    """The users of many households are one list; a household without users is no error."""
    table = rows(users(Homes(200), 10, 2, 13))
    assert [row["householdId"] for row in table] == [2, 2, 13, 13, 13]


def test_a_household_that_does_not_exist_is_named_after_the_others_are_received() -> None:
    """Complete or an error: the error gives its position, and the rest is kept."""
    pull = homes(Homes(5), 1, 9, 2, 8)
    with pytest.raises(IncompleteError, match=r"2 of 4 households .* at position 2, 4\."):
        rows(pull)
    assert [row["id"] for page in pull.received() for row in page.records()] == [1, 2]


def test_resuming_requests_the_missing_households_alone() -> None:
    """One that was created meanwhile is found; nothing else is requested again."""
    server = Homes(5)
    pull = homes(server, 1, 6, 2)
    with pytest.raises(IncompleteError, match="position 2"):
        rows(pull)
    server.last = 6
    assert [row["id"] for row in rows(pull)] == [1, 6, 2]
    assert server.requests == [3, 1]


def test_a_refusal_is_raised() -> None:
    """A refusal is not taken for an empty household."""
    with pytest.raises(Forbidden):
        rows(homes(Homes(5), -1))


def test_a_failure_keeps_what_was_received_and_goes_on() -> None:
    """A batch and its calls one by one fail; iterating again requests only the rest."""

    class Failing(Homes):
        failing = True

        def __call__(self, calls: Sequence[Call], /, **options: Any) -> Reply:
            if self.failing and any(call.arguments["id"] == 60 for call in calls):
                raise TransportError("gone")
            return super().__call__(calls, **options)

    server = Failing(200)
    pull = homes(server, *range(1, 121))
    with pytest.raises(IncompleteError, match="after 59 of 120 calls, at position 60, then: gone"):
        rows(pull)
    server.failing, server.requests = False, []
    assert len(rows(pull)) == 120
    assert sum(server.requests) == 61


def test_a_failure_before_anything_is_received_is_itself() -> None:
    """Nothing to keep."""

    def gone(*_: Any, **__: Any) -> Reply:
        raise TransportError("gone")

    with pytest.raises(TransportError):
        rows(Pull(Lookups([Call("household", "get", {"id": 1})]), gone, workers=1))


def test_a_list_that_holds_back_is_incomplete() -> None:
    """Without a pager there is no second page to request."""

    class Short(Homes):
        def household(self, service: str, number: int) -> dict[str, Any]:
            return {"objectType": "KalturaHouseholdUserListResponse", "totalCount": 3}

    with pytest.raises(IncompleteError, match="0 of 3 records"):
        rows(users(Short(5), 1))


@pytest.mark.parametrize("shown", [11, "11", None])
def test_a_record_of_another_household_is_an_error(shown: object) -> None:
    """Some servers answer one's own household whatever id is requested."""

    class Own(Homes):
        def household(self, service: str, number: int) -> dict[str, Any]:
            return {"objectType": "KalturaHousehold", "id": shown}

    with pytest.raises(IncompleteError, match="another id than the one asked for"):
        rows(homes(Own(50), 12))


def test_users_of_another_household_are_an_error() -> None:
    """A server that ignores the filter is found out by its rows."""

    class Own(Homes):
        def household(self, service: str, number: int) -> dict[str, Any]:
            return super().household(service, 3)

    with pytest.raises(IncompleteError, match="another householdId"):
        rows(users(Own(50), 3, 4))


def test_ids_are_compared_as_texts() -> None:
    """The API writes some ids as texts."""

    class Texts(Homes):
        def household(self, service: str, number: int) -> dict[str, Any]:
            return {"objectType": "KalturaHousehold", "id": str(number)}

    assert rows(homes(Texts(50), 12)) == [{"objectType": "KalturaHousehold", "id": "12"}]


def test_no_call_requests_nothing() -> None:
    """An empty list of ids is an empty table."""
    server = Homes(5)
    assert rows(homes(server)) == []
    assert server.requests == []


def test_the_report_counts() -> None:
    """Calls, rows and requests add up."""
    pull = homes(Homes(200), *range(1, 61))
    rows(pull)
    report = pull.report()
    assert (report["action"], report["calls"], report["rows"]) == ("household.get", 60, 60)
    assert report["requests"] == 2
