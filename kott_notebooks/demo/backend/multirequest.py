"""Many actions in one request: taken apart, results put into later ones, aborted or skipped."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from kott_notebooks.demo.backend.arguments import number, truth
from kott_notebooks.demo.backend.records import Joined, Shown
from kott_notebooks.demo.backend.refusals import Refusal

_NUMBER = re.compile(r"[0-9]{1,6}")
_REFERENCE = re.compile(r"\{(\d+):result((?::[^{}:]+)*)\}")


def sub_requests(parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Take a multirequest apart, in order: its requests count from 0 or from 1 without holes."""
    keys = sorted((key for key in parameters if _NUMBER.fullmatch(key)), key=int)
    numbers = [int(key) for key in keys]
    if numbers not in (list(range(len(keys))), list(range(1, len(keys) + 1))):
        raise Refusal("MultirequestIndexNotZeroBased")
    parts = [parameters[key] for key in keys]
    if not all(isinstance(part, dict) for part in parts):
        raise Refusal("BadRequest", why="a part of the multirequest is not an object")
    common = {key: value for key, value in parameters.items() if key not in keys}
    return [{**common, **part} for part in parts]


def resolved(value: Any, results: list[Any]) -> Any:
    """Replace `{1:result:path}` by earlier results, at any depth, within text too."""
    if isinstance(value, dict):
        return {key: resolved(child, results) for key, child in value.items()}
    if isinstance(value, list):
        return [resolved(child, results) for child in value]
    if not isinstance(value, str) or "{" not in value:
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole:
        return _referenced(whole, results)
    return _REFERENCE.sub(lambda match: _as_text(_referenced(match, results)), value)


def _referenced(match: re.Match[str], results: list[Any]) -> Any:
    token, number = match.group(0), match.group(1)
    if len(number) > 1:  # only the first nine can be named
        raise Refusal("InvalidMultirequestToken", token=token)
    if not 1 <= int(number) <= len(results):
        raise Refusal("MultirequestInvalidIndex", index=number)
    value = results[int(number) - 1]
    if isinstance(value, Refusal):
        raise Refusal("InvalidMultirequestToken", token=token)
    return follow(value, match.group(2).split(":")[1:], token)


def follow(value: Any, path: list[str], token: str) -> Any:
    """Walk a result by property names, list positions and `*` (all of them, joined with commas)."""
    if isinstance(value, Shown | Joined):
        value = value.values()
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(value, list) and step == "*":
        return ",".join(_as_text(follow(child, rest, token)) for child in value)
    if isinstance(value, list) and _NUMBER.fullmatch(step) and int(step) < len(value):
        return follow(value[int(step)], rest, token)
    if isinstance(value, dict) and step in value:
        return follow(value[step], rest, token)
    raise Refusal("InvalidMultirequestToken", token=token)


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def check_runs(parameters: Mapping[str, Any], results: Sequence[Any], aborted: bool) -> None:
    """Refuse a request of a multirequest that an earlier failure stops."""
    if aborted or (truth(parameters.get("abortOnError")) and any(_failed(results))):
        raise Refusal("RequestAborted")


def check_condition(parameters: Mapping[str, Any], results: Sequence[Any]) -> None:
    """Refuse a request whose condition, its references replaced by now, says to skip it."""
    condition = parameters.get("skipCondition")
    if isinstance(condition, dict) and _skips(condition, _failed(results)):
        raise Refusal("RequestSkipped")


def _failed(results: Sequence[Any]) -> list[bool]:
    return [isinstance(result, Refusal) for result in results]


def _skips(condition: Mapping[str, Any], failed: Sequence[bool]) -> bool:
    if condition.get("objectType") == "KalturaSkipOnErrorCondition":
        kind = str(condition.get("condition", "")).lower()
        return (kind == "any" and any(failed)) or (kind == "previous" and failed[-1:] == [True])
    value, wanted = condition.get("propertyPath"), condition.get("value")
    if condition.get("objectType") == "KalturaAggregatedPropertySkipCondition":
        value = _aggregated(str(value), str(condition.get("aggregationType", "")).lower())
    return _compared(str(condition.get("operator", "")).lower(), value, wanted)


def _aggregated(joined: str, kind: str) -> float:
    parts = [part for part in joined.split(",") if part]
    if kind == "count":
        return len(parts)
    total = sum(number(part) or 0.0 for part in parts)
    return total / len(parts) if kind == "avg" and parts else total


def _compared(operator: str, value: Any, wanted: Any) -> bool:
    first, right = number(value), number(wanted)
    numeric = first is not None and right is not None
    if operator in ("equal", "unequal"):
        same = first == right if numeric else _as_text(value) == _as_text(wanted)
        return same == (operator == "equal")
    if first is None or right is None:
        raise Refusal("InvalidArgumentValue", argument="skipCondition.value", value=wanted)
    return first < right if operator == "lessthan" else first > right
