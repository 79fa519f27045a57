"""KSQL as the server parses it: text in, a tree of terms out, or the position of a fault.

    expression := "(" ("and" | "or") item item ... ")" | item
    item       := expression | key operator 'value'

`and` and `or` are written in lower case, there is no "not", values are in single quotes, and a
quote inside a value is `%27`. Which keys there are, and what an operator means, is `search`'s.

Some servers also read values without quotes (`asset_type=607`, `media_id:1, 2`, `genre+`) and
items without a blank between them; a `lenient` parse does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

from kott_notebooks.demo.backend.refusals import Refusal

MAX_LENGTH = 4096
MAX_DEPTH = 50
OPERATORS = ("!~", "!=", "!+", "^=", ">=", "<=", "=", "~", "^", ">", "<", "+", ":")
_KEY = re.compile(r"[^()'=!~^<>+:]+")
_WORD = re.compile(r"(and|or)(?=[\s()])")
_BLANK = re.compile(r"\s*")
_VALUE = re.compile(r"'([^']*)'")
_BARE = re.compile(r"([^\s()',]+(?:,[^\s()',]+|\s*,\s*-?\d+)*)")  # a value without quotes


@dataclass(frozen=True)
class Term:
    """One comparison; `at` is where its key stands, from 0."""

    key: str
    operator: str
    value: str
    at: int


@dataclass(frozen=True)
class Group:
    """Items that must all hold ("and"), or one of them ("or")."""

    word: str
    items: tuple[Term | Group, ...]


Tree = Term | Group


def parse(ksql: str, *, lenient: bool = False) -> Tree | None:
    """Parse a filter; an empty one is None, and a syntax error is refused with its position."""
    if len(ksql) > MAX_LENGTH:
        raise Refusal("ArgumentMaxLengthCrossed", argument="filter.kSql", value=MAX_LENGTH)
    if not ksql.strip():
        return None
    reader = _Reader(ksql, lenient)
    tree = reader.item(0)
    reader.blanks()
    if reader.at < len(ksql):
        reader.fail("the filter should end here; several items need (and ...) or (or ...)")
    return tree


def terms(tree: Tree | None) -> list[Term]:
    """List every comparison of a tree, from left to right."""
    if tree is None:
        return []
    if isinstance(tree, Term):
        return [tree]
    return [term for item in tree.items for term in terms(item)]


class _Reader:
    def __init__(self, text: str, lenient: bool) -> None:
        self.text = text
        self.lenient = lenient
        self.at = 0

    def fail(self, why: str) -> NoReturn:
        raise Refusal("SyntaxError", position=self.at, why=why)

    def take(self, pattern: re.Pattern[str], why: str) -> re.Match[str]:
        match = pattern.match(self.text, self.at)
        if not match:
            raise Refusal("SyntaxError", position=self.at, why=why)
        self.at = match.end()
        return match

    def blanks(self) -> bool:
        start = self.at
        self.at = self.take(_BLANK, "").end()
        return self.at > start

    def item(self, depth: int) -> Tree:
        self.blanks()
        if not self.text.startswith("(", self.at):
            return self.term()
        if depth >= MAX_DEPTH:
            self.fail("the brackets are nested too deeply")
        self.at += 1
        return self.group(depth + 1)

    def group(self, depth: int) -> Group:
        self.blanks()
        word = self.take(_WORD, "expected 'and' or 'or', in lower case, after the bracket").group(1)
        items: list[Tree] = []
        apart = self.blanks() or self.lenient
        while not self.text.startswith(")", self.at):
            if self.at >= len(self.text):
                self.fail("a bracket is not closed")
            if not apart and not self.text.startswith("(", self.at) and not self.closed_before():
                self.fail("expected a blank between two items")
            items.append(self.item(depth))
            apart = self.blanks() or self.lenient
        if not items:
            self.fail(f"({word}) holds no item")
        self.at += 1
        return Group(word, tuple(items))

    def closed_before(self) -> bool:
        return self.text[self.at - 1] == ")"

    def term(self) -> Term:
        start = self.at
        key = self.take(_KEY, "expected a key").group().strip()
        if not key:
            self.at = start
            self.fail("expected a key")
        operator = self.operator()
        after_operator = self.at
        self.blanks()
        if not self.lenient or self.text.startswith("'", self.at):
            value = self.take(_VALUE, "expected a value in single quotes").group(1)
        elif operator in ("+", "!+"):
            value, self.at = "", after_operator
        else:
            value = self.take(_BARE, "expected a value").group(1)
        return Term(key, operator, value.replace("%27", "'"), start)

    def operator(self) -> str:
        for operator in OPERATORS:
            if self.text.startswith(operator, self.at):
                self.at += len(operator)
                return operator
        self.fail("expected an operator")
