"""Every action of the schema, with arguments right and wrong: its answer, or an error."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kott_notebooks import schema
from kott_notebooks.demo.backend import Backend
from kott_notebooks.demo.backend.arguments import orders
from kott_notebooks.demo.catalogue import World

from .asking import JSON, VERSION, Api, Clock, log_in

ACTIONS = schema.actions()
LISTS = [one for one in ACTIONS if one.items]
DEPTH = 3


@pytest.fixture(scope="module")
def staff(world: World) -> Api:
    """An administrator of a server that the whole module shares."""
    return log_in(Backend(world, deployment="roomy", clock=Clock()), "administrator")


# Values of a type


def valid(kind: str, depth: int = 0) -> st.SearchStrategy[Any]:
    """Draw values that a type takes."""
    family, _, of = kind.removesuffix("?").partition(":")
    if family == "object":
        return objects(of, depth)
    if family == "array":
        return st.lists(items(of, depth), max_size=2)
    if family == "map":
        return st.dictionaries(st.text(max_size=5), items(of, depth), max_size=2)
    if family == "enum":
        return st.sampled_from(list(schema.enum(of).values()) or [""])
    return SCALARS.get(family, st.just("a file"))


SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "int": st.integers(1, 9) | st.integers(1, 9).map(str),
    "time": st.integers(0, 2**31),
    "float": st.floats(0, 9),
    "bool": st.booleans() | st.sampled_from(["true", "False", 1, "0"]),
    "string": st.text(max_size=8) | st.just("1,2"),
}


def items(cls: str, depth: int) -> st.SearchStrategy[Any]:
    """Draw entries of an array or a map."""
    return valid(f"object:{cls}" if schema.is_class(cls) else cls, depth)


def objects(cls: str, depth: int) -> st.SearchStrategy[dict[str, Any]]:
    """Draw objects of a class, or of one that extends it, with some of its properties."""
    classes = [one for one in schema.extending(cls) if not schema.is_abstract(one)]
    if not classes:  # one that every object extends, which the schema does not list
        return st.just({"objectType": cls})

    @st.composite
    def one(draw: st.DrawFn) -> dict[str, Any]:
        actual = draw(st.sampled_from(classes))
        kinds = schema.properties(actual)
        names = draw(st.lists(st.sampled_from(sorted(kinds)), max_size=3)) if kinds else []
        taken = names if depth < DEPTH else []
        made = {name: draw(valid(kinds[name], depth + 1)) for name in taken}
        if "orderBy" in made and orders(actual):
            made["orderBy"] = draw(valid(f"enum:{orders(actual)}"))
        return {"objectType": actual, **made}

    return one()


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inside: (
        st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=9), inside, max_size=3)
    ),
    max_leaves=5,
)


# What an answer may be


def holds_to(kind: str, value: Any) -> str:
    """Say where a value does not hold to its declared type; nothing if it does."""
    family, _, of = kind.removesuffix("?").partition(":")
    if family == "object":
        return _object(of, value)
    if family == "array":
        inside = f"object:{of}" if schema.is_class(of) else of
        return next(filter(None, (holds_to(inside, one) for one in value)), "")
    if family == "map":
        return next(filter(None, (holds_to(f"object:{of}", one) for one in value.values())), "")
    if family == "enum":
        return "" if value in schema.enum(of).values() else f"{value!r} is not of {of}"
    fits = PLAIN.get(family, object)
    right = isinstance(value, fits) and isinstance(value, bool) == (family == "bool")
    return "" if right else f"{value!r} is not {family}"


UNLISTED = ("typeDescription", "relatedObjects")  # servers send them, and no schema has them
PLAIN: dict[str, Any] = {"int": int, "time": int, "float": int | float, "bool": bool, "string": str}


def _object(cls: str, value: Any) -> str:
    actual = value.get("objectType", "")
    if not (schema.is_class(actual) and schema.extends(actual, cls)):
        return f"{actual} is no {cls}"
    kinds = schema.properties(actual)
    for name, child in value.items():
        if name in ("objectType", *UNLISTED):
            continue
        if name not in kinds:
            return f"{actual} has no {name}"
        wrong = holds_to(kinds[name], child)
        if wrong:
            return f"{actual}.{name}: {wrong}"
    return ""


def answer(api: Api, one: schema.Action, arguments: dict[str, Any]) -> Any:
    """Call an action; whatever it answers is HTTP 200 and holds to the schema, or is an error."""
    path = f"/api_v3/service/{one.service}/action/{one.name}"
    body = json.dumps({**arguments, "apiVersion": VERSION, "ks": api.ks}).encode()
    reply = api.backend.handle("POST", path, JSON, body)
    assert reply.status == 200
    result = json.loads(reply.body)["result"]
    if isinstance(result, dict) and "error" in result:
        error = result["error"]
        assert schema.error_name(error["code"]), error
        assert error["message"]
    else:
        assert holds_to(one.returns, result) == ""
    return result


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_any_action_with_arguments_of_the_right_types(staff: Api, data: st.DataObject) -> None:
    """An answer of the declared class, or an error that the schema knows."""
    one = data.draw(st.sampled_from(ACTIONS))
    arguments = {name: data.draw(valid(kind)) for name, kind in one.args.items()}
    if one.name in ("logout", "revoke", "switchUser"):
        return
    answer(staff, one, arguments)


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_any_action_with_any_arguments(staff: Api, data: st.DataObject) -> None:
    """The same, and never a traceback."""
    one = data.draw(st.sampled_from(ACTIONS))
    names = data.draw(st.lists(st.sampled_from([*one.args, "pager", "filter"]), max_size=3))
    arguments = {name: data.draw(anything) for name in names}
    if one.name in ("logout", "revoke", "switchUser"):
        return
    answer(staff, one, arguments)


@pytest.mark.parametrize("one", LISTS, ids=lambda one: f"{one.service}.{one.name}")
def test_every_list_action_answers(staff: Api, one: schema.Action) -> None:
    """With the arguments that the schema requires, and no more: a list of the declared class."""
    arguments = {name: simplest(one.args[name]) for name in one.required}
    arguments |= WANTED.get(f"{one.service}.{one.name}", {})
    if one.service in ("householdUser", "householdDevice"):  # staff live in no household
        arguments["filter"] = {"householdIdEqual": staff.backend.partner.households[0]["id"]}
    result = answer(staff, one, arguments)
    assert result["objectType"] == one.returns.partition(":")[2], result
    assert result["totalCount"] >= len(result["objects"])


@pytest.mark.parametrize(
    "cls", sorted(one for one in schema.data()["classes"] if one.endswith("Filter") and orders(one))
)
def test_every_order_of_a_filter_is_answered(staff: Api, cls: str) -> None:
    """By every list that takes the filter; what has no meaning for the demo is the default."""
    wanted = {"idEqual": 801} if "idEqual" in schema.properties(cls) else {}
    for one in LISTS:
        declared = one.args.get("filter", "").removesuffix("?").partition(":")[2]
        if schema.extends(cls, declared):
            for order in schema.enum(orders(cls) or "").values():
                filter = {"objectType": cls, "orderBy": order, **wanted}
                answer(staff, one, {"filter": filter})


def test_an_order_by_a_meta_needs_its_name(staff: Api) -> None:
    """Without one it is refused, with the parameter that is missing."""
    for order in (
        {"dynamicOrderBy": {"orderBy": "META_DESC"}},
        {"orderingParameters": [{"objectType": "KalturaAssetDynamicOrder", "orderBy": "META_ASC"}]},
    ):
        assert staff.search("", filter=order)["error"]["code"] == "500053"


WANTED: dict[str, dict[str, Any]] = {
    "lineup.get": {"pageIndex": 1, "pageSize": 100},
    "ingestStatus.getEpgProgramResultList": {"ingestId": 4_007},
    "asset.groupRepresentativeList": {
        "groupBy": {"objectType": "KalturaAssetMetaOrTagGroupBy", "value": "Genre"}
    },
}


def simplest(kind: str) -> Any:
    """Give the plainest value of a type."""
    family, _, of = kind.partition(":")
    if family == "object":
        concrete = [one for one in schema.extending(of) if not schema.is_abstract(one)]
        return {"objectType": concrete[0]}
    if family == "enum":
        return next(iter(schema.enum(of).values()))
    return {"int": 1, "string": "1", "bool": True}[family]


def test_every_asset_holds_to_the_schema(staff: Api, world: World) -> None:
    """Every property of every record, in one language and in all of them."""
    for shelf in (world.media, world.epg):
        for row in range(shelf.count):
            for language in ("eng", "*"):
                assert holds_to("object:KalturaAsset", shelf.record(row, language)) == ""


def test_every_small_record_holds_to_the_schema(world: World) -> None:
    """Those of households, labels, offers."""
    for cls, records in world.objects.items():
        for record in records:
            assert holds_to(f"object:{cls}", record) == ""
