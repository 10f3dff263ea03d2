"""The language of labels against plain Python on single inputs, and everything that it refuses."""

import re
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any, TypeAlias

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from scrubjay.core.errors import BadInput
from scrubjay.tasks.formula import DEEPEST, FUNCTIONS, LONGEST, Formula

NAMES = ("n1", "n2", "n3", "n4")
Input: TypeAlias = Sequence[int]
Oracle: TypeAlias = Callable[[list[int]], Any]
"""What plain Python makes of the values of one input."""
Pair: TypeAlias = tuple[str, Oracle]


class TooLarge(Exception):
    """A number beyond the language's bound."""


def labels(text: str, inputs: Sequence[Input], upto: int | None = None) -> list[int]:
    values = torch.tensor(inputs).view(len(inputs), -1)
    names = NAMES[: values.shape[1]]
    named = {name: values[:, at] for at, name in enumerate(names)}
    return Formula.parse(text, names).labels(named, values[:, :upto]).tolist()


def refusal(text: str, inputs: Sequence[Input] = ((1, 2, 3, 4),)) -> str:
    with pytest.raises(BadInput) as caught:
        labels(text, inputs)
    return str(caught.value)


def bounded(number: int) -> int:
    if abs(number) >= 2**62:
        raise TooLarge
    return number


WRITTEN: list[Pair] = [
    ("7", lambda x: 7),
    ("True", lambda x: 1),
    ("n1 + n2 - n3 * n4", lambda x: x[0] + x[1] - x[2] * x[3]),
    ("(n1 + n2) % 3", lambda x: (x[0] + x[1]) % 3),
    ("n1 % (n2 * n2 + 1) - -n3 // 4", lambda x: x[0] % (x[1] ** 2 + 1) - -x[2] // 4),
    ("n1 // -3", lambda x: x[0] // -3),
    ("n1 % -3", lambda x: x[0] % -3),
    ("-7 // (n1 * n1 + 2)", lambda x: -7 // (x[0] ** 2 + 2)),
    ("n1 ** 3 - 2 ** 5 - n2 ** 0", lambda x: x[0] ** 3 - 32 - 1),
    ("-n1 ** 2", lambda x: -(x[0] ** 2)),
    ("n1 < n2 <= n3 != n4", lambda x: x[0] < x[1] <= x[2] != x[3]),
    ("n1 > n2 >= n3 == n4", lambda x: x[0] > x[1] >= x[2] == x[3]),
    ("n1 < 0 and n2 < 0 or not n3 < 0", lambda x: (x[0] < 0 and x[1] < 0) or x[2] >= 0),
    ("n1 if n2 > 0 else n3 if n4 > 0 else 5", lambda x: x[0] if x[1] > 0 else x[2] if x[3] > 0 else 5),
    ("(n1 < n2) + (n3 < n4) * 2", lambda x: int(x[0] < x[1]) + 2 * int(x[2] < x[3])),
    ("(n1 < n2) == (n3 < n4)", lambda x: (x[0] < x[1]) is (x[2] < x[3])),
    ("max(n1, n2, n3, n4)", lambda x: sorted(x)[-1]),
    ("min(n1, 0, n3)", lambda x: sorted([x[0], 0, x[2]])[0]),
    ("max(x) - min(x)", lambda x: sorted(x)[-1] - sorted(x)[0]),
    ("abs(n1 - n2)", lambda x: max(x[0] - x[1], x[1] - x[0])),
    ("sign(n1) * sign(-3)", lambda x: 0 if x[0] == 0 else -1 if x[0] > 0 else 1),
    ("sign(sum(x)) + 1", lambda x: 0 if sum(x) < 0 else 2 if sum(x) > 0 else 1),
    ("sum(x[1:3])", lambda x: x[1] + x[2]),
    ("sum(x > 0)", lambda x: len([each for each in x if each > 0])),
    ("count(x == n1)", lambda x: x.count(x[0])),
    ("len(x) + len(x[::2])", lambda x: 6),
    ("any(x == 2)", lambda x: 2 in x),
    ("all(x[1:] > x[:-1])", lambda x: x[0] < x[1] < x[2] < x[3]),
    ("all(x == x[::-1])", lambda x: x == list(reversed(x))),
    ("all(0 < x < 3)", lambda x: set(x) <= {1, 2}),
    ("sorted(x)[1] - sorted(x)[-2]", lambda x: sorted(x)[1] - sorted(x)[2]),
    ("median(x[:3])", lambda x: median(x[:3])),
    ("kth(x, 2)", lambda x: sorted(x)[2]),
    ("kth(x, n1 % 4)", lambda x: sorted(x)[x[0] % 4]),
    ("x[n1 % 4] - x[-1 - n2 % 4]", lambda x: x[x[0] % 4] - x[-1 - x[1] % 4]),
    ("x[len(x) // 2:][0]", lambda x: x[2]),
    ("count((x + 1) % 2 == 0)", lambda x: len([each for each in x if each % 2])),
    ("sum(x * x[::-1]) - sum(-x)", lambda x: 2 * (x[0] * x[3] + x[1] * x[2]) + sum(x)),
    ("sum(abs(x)) + sum(sign(x))", lambda x: sum(abs(each) + (each > 0) - (each < 0) for each in x)),
    ("sum(x if n1 > 0 else x[::-1] * 2)", lambda x: sum(x) if x[0] > 0 else 2 * sum(x)),
    ("count(x[9:] == 1) + sum(x[3:1]) + any(x[4:] < 0) + all(x[4:] < 0)", lambda x: 1),
    ("any(sorted(x < n1))", lambda x: any(each < x[0] for each in x)),
    ("n1 // n2 if n2 != 0 else 0", lambda x: x[0] // x[1] if x[1] else 0),
    ("n2 != 0 and n1 % n2 == 0", lambda x: bool(x[1]) and x[0] % x[1] == 0),
    ("n2 == 0 or n1 % n2 == 0", lambda x: not x[1] or x[0] % x[1] == 0),
    ("0 != n2 != n1 // (n2 if n2 != 0 else 1) < 3", lambda x: x[1] and x[1] != x[0] // (x[1] or 1) < 3),
    ("0 != n2 <= 5 // n2", lambda x: x[1] and x[1] <= 5 // x[1]),
    ("1 < 0 < 1 // 0 or n1 < 2", lambda x: x[0] < 2),
    ("x[7] if len(x) > 7 else x[0]", lambda x: x[0]),
    ("n1 if True or 1 // 0 == 1 else 2", lambda x: x[0]),
    ("max(2, 3) + min(2, True) + abs(-2) + (not True)", lambda x: 6),
]
INPUTS = st.lists(st.lists(st.integers(-9, 9), min_size=4, max_size=4), min_size=1, max_size=6)


@pytest.mark.parametrize(("text", "oracle"), WRITTEN, ids=[text for text, _ in WRITTEN])
@given(inputs=INPUTS)
@settings(deadline=None, max_examples=25)
def test_an_expression_is_what_python_makes_of_each_input(text: str, oracle: Oracle, inputs: list[list[int]]) -> None:
    assert labels(text, inputs) == [int(oracle(row)) for row in inputs]


def test_every_function_is_tried() -> None:
    assert {name for name in FUNCTIONS if any(f"{name}(" in text for text, _ in WRITTEN)} == set(FUNCTIONS)


def numbers(depth: int) -> st.SearchStrategy[Pair]:
    leaves = st.one_of(
        st.integers(0, 9).map(lambda number: (str(number), lambda x: number)),
        st.integers(0, 3).map(lambda at: (f"n{at + 1}", lambda x: x[at])),
    )
    if depth == 0:
        return leaves
    inner, lists, truths = numbers(depth - 1), listed(depth - 1), logical(depth - 1)
    powers = st.tuples(st.integers(0, 3), st.integers(0, 25))
    return st.one_of(
        leaves,
        st.tuples(inner, inner).map(lambda p: (f"({p[0][0]} + {p[1][0]})", lambda x: bounded(p[0][1](x) + p[1][1](x)))),
        st.tuples(inner, inner).map(lambda p: (f"({p[0][0]} - {p[1][0]})", lambda x: bounded(p[0][1](x) - p[1][1](x)))),
        st.tuples(inner, inner).map(lambda p: (f"({p[0][0]} * {p[1][0]})", lambda x: bounded(p[0][1](x) * p[1][1](x)))),
        st.tuples(inner, inner).map(lambda p: (f"({p[0][0]} // {p[1][0]})", lambda x: p[0][1](x) // p[1][1](x))),
        st.tuples(inner, inner).map(lambda p: (f"({p[0][0]} % {p[1][0]})", lambda x: p[0][1](x) % p[1][1](x))),
        powers.map(lambda p: (f"(n{p[0] + 1} ** {p[1]})", lambda x: bounded(x[p[0]] ** p[1]))),
        inner.map(lambda p: (f"(-{p[0]})", lambda x: -p[1](x))),
        inner.map(lambda p: (f"abs({p[0]})", lambda x: abs(p[1](x)))),
        st.tuples(inner, truths, inner).map(
            lambda p: (f"({p[0][0]} if {p[1][0]} else {p[2][0]})", lambda x: (p[0] if p[1][1](x) else p[2])[1](x))
        ),
        st.tuples(inner, inner).map(lambda p: (f"max({p[0][0]}, {p[1][0]})", lambda x: max(p[0][1](x), p[1][1](x)))),
        st.tuples(truths, inner).map(
            lambda p: (f"({p[0][0]} + {p[1][0]})", lambda x: bounded(p[0][1](x) + p[1][1](x)))
        ),
        st.tuples(lists, inner).map(lambda p: (f"{p[0][0]}[{p[1][0]}]", lambda x: p[0][1](x)[p[1][1](x)])),
        st.tuples(lists, inner).map(lambda p: (f"kth({p[0][0]}, {p[1][0]})", lambda x: sorted(p[0][1](x))[p[1][1](x)])),
        lists.map(lambda p: (f"min({p[0]})", lambda x: min(p[1](x)))),
        lists.map(lambda p: (f"sum({p[0]})", lambda x: bounded(sum(p[1](x))))),
        lists.map(lambda p: (f"len({p[0]})", lambda x: len(p[1](x)))),
        st.tuples(lists, inner).map(
            lambda p: (f"count({p[0][0]} <= {p[1][0]})", lambda x: count_up_to(p[0][1](x), p[1][1](x)))
        ),
    )


def count_up_to(elements: list[int], bound: int) -> int:
    return len([element for element in elements if element <= bound])


def listed(depth: int) -> st.SearchStrategy[Pair]:
    bound = st.none() | st.integers(-5, 5)
    step = st.none() | st.sampled_from([-2, -1, 1, 2])
    whole: st.SearchStrategy[Pair] = st.just(("x", lambda x: list(x)))
    if depth == 0:
        return whole
    inner = listed(depth - 1)
    return st.one_of(
        whole,
        st.tuples(inner, bound, bound, step).map(
            lambda p: (
                f"{p[0][0]}[{':'.join('' if part is None else str(part) for part in p[1:])}]",
                lambda x: p[0][1](x)[slice(*p[1:])],
            )
        ),
        inner.map(lambda p: (f"sorted({p[0]})", lambda x: sorted(p[1](x)))),
        st.tuples(inner, numbers(depth - 1)).map(
            lambda p: (f"({p[0][0]} - {p[1][0]})", lambda x: shifted(p[0][1](x), p[1][1](x)))
        ),
    )


def shifted(elements: list[int], by: int) -> list[int]:
    return [bounded(element - by) for element in elements]


def logical(depth: int) -> st.SearchStrategy[Pair]:
    leaves: st.SearchStrategy[Pair] = st.sampled_from([("True", lambda x: True), ("(n1 < n2)", lambda x: x[0] < x[1])])
    if depth == 0:
        return leaves
    inner, whole, lists = logical(depth - 1), numbers(depth - 1), listed(depth - 1)
    return st.one_of(
        leaves,
        st.tuples(inner, inner).map(lambda p: (f"({p[0][0]} and {p[1][0]})", lambda x: p[0][1](x) and p[1][1](x))),
        st.tuples(inner, inner).map(lambda p: (f"({p[0][0]} or {p[1][0]})", lambda x: p[0][1](x) or p[1][1](x))),
        inner.map(lambda p: (f"(not {p[0]})", lambda x: not p[1](x))),
        st.tuples(whole, whole, whole).map(
            lambda p: (
                f"({p[0][0]} < {p[1][0]} != {p[2][0]})",
                lambda x: p[0][1](x) < p[1][1](x) != p[2][1](x),
            )
        ),
        st.tuples(lists, whole).map(
            lambda p: (f"any({p[0][0]} == {p[1][0]})", lambda x: is_among(p[1][1], p[0][1](x), x))
        ),
        lists.map(lambda p: (f"all({p[0]} == {p[0]}[::-1])", lambda x: p[1](x) == p[1](x)[::-1])),
    )


def is_among(number: Oracle, elements: list[int], x: list[int]) -> bool:
    value = number(x)
    return value in elements


@given(pair=numbers(3) | logical(3), inputs=INPUTS)
@settings(deadline=None, max_examples=100)
def test_any_expression_is_what_python_makes_of_each_input_or_fails_where_python_fails(
    pair: Pair, inputs: list[list[int]]
) -> None:
    text, oracle = pair
    try:
        expected = [int(oracle(row)) for row in inputs]
    except (ZeroDivisionError, IndexError, ValueError, TooLarge):
        refusal(text, inputs)
    else:
        assert labels(text, inputs) == expected


def test_x_ends_where_the_answer_is_read() -> None:
    assert labels("sum(x)", [[1, 2, 3, 4]], upto=2) == [3]
    assert labels("sum(x) + n4 + len(x)", [[1, 2, 3, 4]], upto=1) == [6]


def test_a_constant_is_the_label_of_every_input() -> None:
    assert labels("2", [[0], [5], [7]]) == [2, 2, 2]


def test_an_expression_may_have_several_lines() -> None:
    assert labels("\n  n1\n\t+ n2\n", [[1, 2]]) == [3]


def test_names_are_those_that_are_used_in_their_order() -> None:
    assert Formula.parse("max(n3, x[n1]) + n3 if any(x == 1) else n2", NAMES).names == ("n3", "x", "n1", "n2")


def test_a_function_may_share_its_name_with_a_position() -> None:
    formula = Formula.parse("max(max, 3)", ["max"])
    values = torch.tensor([1, 8])
    assert formula.labels({"max": values}, values[:, None]).tolist() == [3, 8]


HOSTILE = {
    "__import__('os').system('true')": "is a call that is not allowed",
    "(lambda: 1)()": "is a call that is not allowed",
    "open(n1)": "is a call that is not allowed; the functions are min, max,",
    "eval(n1)": "is a call that is not allowed",
    "n1.__class__": "no attributes",
    "x.__class__.__mro__[1]": "no attributes",
    "x.tolist()": "is a call that is not allowed",
    "max(x, key=n1)": "is a call that is not allowed",
    "max(*x)": "`*x`, at character 5",
    "max(**x)": "is a call that is not allowed",
    "[n1, n2]": "no written lists",
    "[a for a in x]": "is not allowed",
    "(n1, n2)": "is not allowed",
    "{n1: 2}": "is not allowed",
    "{1, 2}": "is not allowed",
    "lambda: n1": "is not allowed",
    "(n1 := 3)": "is not allowed",
    "f'{n1}'": "is not allowed",
    "'a'": "`'a'` is not allowed; the only constants are whole numbers, True and False",
    "n1 + 'a'": "`'a'`, at character 6 of the expression `n1 + 'a'`, is not allowed",
    "b'a'": "the only constants",
    "None": "the only constants",
    "...": "the only constants",
    "n1 + 0.5": "`0.5`, at character 6",
    "1e3": "the only constants",
    "1j": "the only constants",
    "n1 / n2": "division is written //",
    "n1 @ n2": "is not allowed",
    "n1 & n2": "is not allowed",
    "n1 << n2": "is not allowed",
    "~n1": "is not allowed",
    "+n1": "is not allowed",
    "n1 in x": "write any(x == n1)",
    "n1 not in x": "write all(x != n1)",
    "n1 is n2": "is not allowed",
    "x[0, 1]": "`0, 1`, at character 3",
    "x[...]": "the only constants",
    "x[:, 0]": "is not allowed",
    "yield n1": "not well formed",
    "await n1": "is not allowed",
    "n1; n2": "not well formed at character 3",
    "n1 = 2": "not well formed",
    "import os": "not well formed",
    "": "not well formed",
    "n1 n2": "not well formed",
    "n1) + (n2": "not well formed",
    "n1 # and more": "has a comment (#)",
    "n1 +\x00 n2": "has a comment (#) or a character that cannot be shown",
    "n1 + \x1b[31m": "character that cannot be shown",
    "n1 + \ud800": "character that cannot be shown",
    "n5": "`n5` is no known name; the names are x, n1, n2, n3, n4",
    "__builtins__": "is no known name",
    "max": "is no known name",
    "max()": "has 0 arguments; max gives the largest element of a list",
    "kth(x)": "has 1 arguments; kth gives kth(list, k): the element at index k, from 0",
    "len(x, x)": "has 2 arguments",
    "2**62": "becomes too large",
    f"{2**62}": "is too large",
    "9" * 1900: "is too large",
    "0x" + "f" * 1900: "is too large",
    "10**10**10": "exponent that is not a constant from 0 to 62",
    "n1 ** 63": "exponent that is not a constant from 0 to 62",
    "n1 ** -1": "exponent that is not a constant",
    "2 ** n1": "exponent that is not a constant",
    "2 ** x": "exponent that is not a constant",
    "(" * 150 + "n1" + ")" * 150: "",
    "(" * 900 + "n1" + ")" * 900: "",
    "-" * 1500 + "n1": "",
    "not " * 400 + "n1": "",
    "x" + "[0]" * 500: "nested more than 60 levels deep",
    "+".join(["n1"] * (DEEPEST + 1)): "nested more than 60 levels deep",
    "n1 if n1 else " * 120 + "n1": "nested more than 60 levels deep",
    "abs(" * 100 + "n1" + ")" * 100: "nested more than 60 levels deep",
    "n1" + " " * LONGEST: "at most 2,000 characters, and this one 2,002",
}


@pytest.mark.parametrize("text", HOSTILE, ids=[f"{at}: {text[:20]!a}" for at, text in enumerate(HOSTILE)])
def test_whatever_is_no_part_of_the_language_is_refused_before_anything_is_computed(text: str) -> None:
    if not HOSTILE[text] and text.startswith("(" * 150 + "n"):
        assert labels(text, [[5]]) == [5]  # parentheses are no level
        return
    try:
        formula = Formula.parse(text, NAMES)
    except BadInput as error:
        assert HOSTILE[text] in str(error) and len(str(error)) < 1000
    else:  # these are well formed, and fail on their values
        assert "**" in text and HOSTILE[text] in refusal(formula.text)


def test_an_expression_of_just_the_allowed_depth_and_length_is_computed() -> None:
    assert labels("+".join(["n1"] * DEEPEST), [[3]]) == [3 * DEEPEST]
    assert labels("abs(" * (DEEPEST - 1) + "n1" + ")" * (DEEPEST - 1), [[-3]]) == [3]
    assert labels("n1".ljust(LONGEST), [[3]]) == [3]


@given(st.text(st.sampled_from("n12x +-*/%()[]:<>=,.andorifels'#\\\x00é"), max_size=40))
@settings(deadline=None, max_examples=100)
def test_any_text_is_computed_or_refused_with_a_sentence(text: str) -> None:
    try:
        found = labels(text, [[1, 2, 3, 4], [0, -1, 5, 0]])
    except BadInput as error:
        assert str(error)
    else:
        assert len(found) == 2


WRONG_KINDS = {
    "x": "the expression `x` is a list, and a label is a number or a truth",
    "x < 2": "is a list, and a label is",
    "n1[0]": "`n1`, at character 1 of the expression `n1[0]`, is no list",
    "7[0]": "`7`, at character 1 of the expression `7[0]`, is no list",
    "sum(n1)": "`n1`, at character 5 of the expression `sum(n1)`, is no list",
    "max(n1)": "is no list",
    "max(x, n1)": "takes either one list or several numbers",
    "count(x)": "`x`, at character 7 of the expression `count(x)`, is no list of truths, which count takes",
    "any(n1 < 2)": "is no list",
    "all(x)": "is no list of truths",
    "x[x]": "has a list as its index",
    "kth(x, x)": "has a list as its index",
    "x[n1:]": "`n1`, at character 3 of the expression `x[n1:]`, is a bound of a slice",
    "x[::0]": "`0`, at character 5 of the expression `x[::0]`, is the step of a slice, which must not be 0",
    "any(x == x[1:])": "`x == x[1:]`, at character 5 of the expression `any(x == x[1:])`, has lists of different",
    "sum(x + x[1:])": "has lists of different lengths, 4 and 3",
    "sum(x if n1 < 2 else 0)": "is a list on one side and no list on the other",
    "sum(x if n1 < 2 else x[1:])": "has lists of different lengths, 4 and 3",
    "n1 and n2": "`n1`, at character 1 of the expression `n1 and n2`, is a number, and no truth",
    "n1 < 2 or n2": "`n2`, at character 11",
    "not n1": "is a number, and no truth; compare it with a number",
    "1 if n1 else 2": "is a number, and no truth",
    "x == 1 and n1 == 1": "is a list, and no truth; write any(...) or all(...)",
    "1 if x == 1 else 2": "is a list, and no truth",
}


@pytest.mark.parametrize("text", WRONG_KINDS)
def test_an_operation_on_the_wrong_kind_of_value_is_refused_and_the_part_is_quoted(text: str) -> None:
    assert WRONG_KINDS[text] in refusal(text)


def test_the_place_of_a_part_is_counted_in_characters_also_beyond_ascii() -> None:
    values = torch.tensor([1])
    with pytest.raises(BadInput, match=re.escape("`0.5`, at character 5 of the expression `ä + 0.5`, is not allowed")):
        Formula.parse("ä + 0.5", ["ä"])
    assert Formula.parse("ä + 1", ["ä"]).labels({"ä": values}, values[:, None]).tolist() == [2]


FAILURES: Mapping[str, tuple[str, str]] = {
    "n1 // n2": ("divides by zero", "n1 = 4, n2 = 0"),
    "n1 % n2": ("divides by zero", "n1 = 4, n2 = 0"),
    "1 // 0": ("divides by zero", ""),
    "1 + any(x // n2 == 1)": ("divides by zero", "x = [4, 0], n2 = 0"),
    "x[n1]": ("needs an element that a list of 2 lacks", "x = [4, 0], n1 = 4"),
    "x[n1 - 6]": ("needs an element that a list of 2 lacks", "x = [3, 9], n1 = 3"),
    "x[2]": ("needs an element that a list of 2 lacks", "x = [1, 1]"),
    "x[5:][n1]": ("needs an element that a list of 0 lacks", "x = [1, 1], n1 = 1"),
    "kth(x, n1)": ("needs an element that a list of 2 lacks", "x = [4, 0], n1 = 4"),
    "max(x[5:])": ("needs an element that a list of 0 lacks", "x = [1, 1]"),
    "median(x)": ("takes a list of an odd length, and not of 2 elements", "x = [1, 1]"),
    "n1 * 2**60": ("becomes too large: 2**62 or more", "n1 = 4"),
    "2**61 + 2**59 * n1": ("becomes too large", "n1 = 4"),
    "-(2**61) - 2**60 * (n1 - 2)": ("becomes too large", "n1 = 4"),
    "(n1 + n2) ** 31": ("becomes too large", "n1 = 4, n2 = 0"),
    "sum(2**60 * (x != 1))": ("", ""),
    "sum(2**61 * (x == 1))": ("becomes too large", "x = [1, 1]"),
}
ROWS = [[1, 1], [4, 0], [3, 9]]


@pytest.mark.parametrize("text", FAILURES)
def test_what_fails_on_an_input_is_refused_with_that_input(text: str) -> None:
    what, where = FAILURES[text]
    if not what:
        assert labels(text, ROWS) == [0, 2**61, 2**61]
        return
    rows = ROWS if text != "x[n1 - 6]" else [[4, 0], [3, 9]]
    message = refusal(text, rows)
    assert what in message
    assert message.endswith(f"on the input where {where}") if where else "on the input" not in message


def test_what_python_would_not_compute_does_not_fail() -> None:
    rows = [[0, 3], [2, 0]]
    assert labels("n1 // n2 if n2 != 0 else 7", rows) == [0, 7]
    assert labels("(x[n1 * 5] if n1 == 0 else 2**60 * n1 * n1 * n1 * n1 // -1 % 5) if n1 < 1 else 1", rows) == [0, 1]
    assert labels("3 if n1 >= 0 else median(x) + max(x[9:]) + x[9:][0] + 1 // 0", rows) == [3, 3]


def test_numbers_that_wrap_around_where_they_do_not_matter_do_no_harm() -> None:
    """The smallest 64-bit number divided by -1 ends a process in some languages."""
    wrapped = "-(n1 * 2**60 * 2 * 2 * 2)"
    assert labels(f"0 if n1 == 1 else {wrapped} // -1 + sum(x * 2**60 * 8) // -1", [[1, 0]]) == [0]
    assert labels("0 if n1 == 2 else (2**60 * n1 * n1 * n1) // -1", [[2, 0]]) == [0]


def test_a_constant_that_is_too_large_is_refused_wherever_it_stands() -> None:
    assert "becomes too large" in refusal("n1 if n1 > 0 else 2**61 * 2**61")
