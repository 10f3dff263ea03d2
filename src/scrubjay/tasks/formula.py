"""A small language for labels: expressions over the values of an input's tokens.

An expression is written as in Python, and is computed for all inputs at once. It is never run as Python code: its text
is parsed, every part of it is compared with a list of what is allowed, and the parts are then computed one by one.

- Numbers are whole. They are written out, or are values of tokens: each position's name stands for the value of its
  token, and ``x`` for the list of the values at the positions from the first to the one where the answer is read.
- ``+ - * // % **`` and comparisons (also chained ones, as in ``0 <= n1 < 5``) work as in Python. Where a list takes
  part they are applied to each of its elements.
- ``and``, ``or``, ``not`` and ``A if C else B`` compute only what Python would compute, so that
  ``n1 // n2 if n2 != 0 else 0`` never divides by zero.
- Lists are indexed and sliced as in Python: ``x[3]``, ``x[n1]``, ``x[1:6]``, ``x[::-1]``.
- ``FUNCTIONS`` lists the functions.
"""

import ast
import operator
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import NoReturn, TypeAlias, cast

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from scrubjay.core.errors import BadInput

Operand: TypeAlias = int | Tensor
"""What a part of an expression amounts to: a whole number or a truth that is the same for all inputs, or a tensor of
whole numbers or truths of shape [n] (one for each input) or [n, k] (a list of k elements for each input)."""

LONGEST = 2_000
"""The most characters of an expression."""
DEEPEST = 60
"""The most levels to which the parts of an expression are nested."""
LARGEST_EXPONENT = 62
"""The largest exponent of a power."""
LARGEST_NUMBER = 2**62
"""The bound of all numbers. It leaves a factor of two to the end of 64 bits, so that no sum wraps around unnoticed."""

FUNCTIONS: Mapping[str, tuple[int, int, str]] = {
    "min": (1, LONGEST, "the smallest element of a list, or the smallest of several numbers"),
    "max": (1, LONGEST, "the largest element of a list, or the largest of several numbers"),
    "abs": (1, 1, "the size of a number without its sign"),
    "sum": (1, 1, "the sum of a list"),
    "len": (1, 1, "how many elements a list has"),
    "count": (1, 1, "how many elements of a list of truths are true"),
    "any": (1, 1, "whether an element of a list of truths is true"),
    "all": (1, 1, "whether every element of a list of truths is true"),
    "sign": (1, 1, "-1, 0 or 1: the sign of a number"),
    "sorted": (1, 1, "the elements of a list in ascending order"),
    "median": (1, 1, "the middle element of a sorted list of an odd length"),
    "kth": (2, 2, "kth(list, k): the element at index k, from 0, of the sorted list"),
}
"""The functions: the fewest and the most arguments of each, and what it gives."""

_ARITHMETIC: Mapping[type[ast.operator], Callable[[Operand, Operand], Operand]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_COMPARISONS: Mapping[type[ast.cmpop], Callable[[Operand, Operand], Operand]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_PARTS = (ast.BinOp, ast.BoolOp, ast.Compare, ast.UnaryOp, ast.IfExp, ast.Subscript, ast.Slice, ast.Load)
_ALLOWED = {*_PARTS, ast.And, ast.Or, ast.Not, ast.USub, *_ARITHMETIC, *_COMPARISONS}
"""The kinds of parts that may stand in an expression beside constants, names and calls."""
_HINTS: Mapping[type[ast.AST], str] = {
    ast.Div: "division is written //, which rounds down",
    ast.Attribute: "there are no attributes and methods",
    ast.List: "there are no written lists; x is a list",
    ast.In: "write any(x == n1) instead of `in`",
    ast.NotIn: "write all(x != n1) instead of `not in`",
}


@dataclass(frozen=True)
class Formula:
    """An expression that gives a whole number for each input. Use ``Formula.parse`` to make one.

    Example:
        >>> formula = Formula.parse("max(a, b) if a != b else sum(x)", ["a", "b"])
        >>> a, b = torch.tensor([1, 2]), torch.tensor([5, 2])
        >>> formula.labels({"a": a, "b": b}, torch.stack([a, b], 1)).tolist()
        [5, 4]

    Attributes:
        text: the expression, with single spaces.
        tree: the checked expression.
    """

    text: str
    tree: ast.expr

    @classmethod
    def parse(cls, text: str, names: Collection[str]) -> "Formula":
        """Parse an expression and check that each part of it is allowed.

        Args:
            text: the expression.
            names: the names that it may use beside ``x``, in Unicode's form NFKC, as Python spells its own names.

        Raises:
            BadInput: the expression is too long, is nested too deeply, or has a part that is not allowed. The message
                quotes the part.
        """
        if len(text) > LONGEST:
            raise BadInput(f"an expression has at most {LONGEST:,} characters, and this one {len(text):,}")
        text = " ".join(text.split())
        if "#" in text or not text.isprintable():
            raise BadInput(f"the expression {text!r:.200} has a comment (#) or a character that cannot be shown")
        try:
            with warnings.catch_warnings():  # Python warns of unusual spelling, such as `1if`
                warnings.simplefilter("ignore")
                tree = ast.parse(text, mode="eval").body
        except SyntaxError as error:
            at = f" at character {error.offset}" if error.offset else ""
            raise BadInput(f"the expression {_quoted(text)} is not well formed{at}: {error.msg}") from error
        except (ValueError, RecursionError, MemoryError) as error:
            raise BadInput(f"the expression {_quoted(text)} cannot be parsed: {error or 'too deep'}") from error
        formula = cls(text, tree)
        formula._check(names)
        return formula

    @property
    def names(self) -> tuple[str, ...]:
        """The names that the expression uses, in the order in which they first occur; functions are not among them."""
        called = {id(node.func) for node in ast.walk(self.tree) if isinstance(node, ast.Call)}
        used = [node for node in ast.walk(self.tree) if isinstance(node, ast.Name) and id(node) not in called]
        return tuple(dict.fromkeys(node.id for node in sorted(used, key=lambda node: node.col_offset)))

    def labels(self, values: Mapping[str, Int[Tensor, "n"]], x: Int[Tensor, "n s"]) -> Int[Tensor, "n"]:
        """Compute the expression for each input.

        Args:
            values: the value of each name for each input, smaller than 2**62.
            x: the list ``x`` of each input, of such values.

        Returns:
            A whole number for each input; a truth gives 0 or 1.

        Raises:
            BadInput: the expression is a list, an operation does not fit its operands, or for some input it divides by
                zero, leaves a list or becomes too large. The message quotes the part and that input.
        """
        result = _Computation(self, values, x).value(self.tree, torch.ones(len(x), dtype=torch.bool))
        if _is_list(result):
            self.refuse(self.tree, "is a list, and a label is a number or a truth")
        return _tensor(result).long().expand(len(x)).clone()

    def refuse(self, node: ast.AST, why: str) -> NoReturn:
        """Raise ``BadInput`` about a part of the expression."""
        part = ast.get_source_segment(self.text, node) or ast.unparse(node)
        at = len(self.text.encode()[: getattr(node, "col_offset", 0)].decode()) + 1  # ast counts bytes
        place = "" if part == self.text else f"{_quoted(part)}, at character {at} of "
        raise BadInput(f"{place}the expression {_quoted(self.text)}{',' if place else ''} {why}")

    def _check(self, names: Collection[str]) -> None:
        waiting: list[tuple[ast.AST, ast.AST, int]] = [(self.tree, self.tree, 1)]
        while waiting:
            node, around, depth = waiting.pop()
            if depth > DEEPEST:
                self.refuse(around, f"is nested more than {DEEPEST} levels deep")
            self._check_part(node, around, names)
            inner = node.args if isinstance(node, ast.Call) else ast.iter_child_nodes(node)
            place = node if isinstance(node, ast.expr) else around  # operators and slices have no place of their own
            waiting += [(part, place, depth + isinstance(part, ast.expr)) for part in inner]

    def _check_part(self, node: ast.AST, around: ast.AST, names: Collection[str]) -> None:
        match node:
            case ast.Constant(value=bool()):
                pass
            case ast.Constant(value=int(number)):
                if number >= LARGEST_NUMBER:
                    self.refuse(node, "is too large; numbers are smaller than 2**62")
            case ast.Constant():
                self.refuse(node, "is not allowed; the only constants are whole numbers, True and False")
            case ast.Name(id=name):
                if name != "x" and name not in names:
                    self.refuse(node, f"is no known name; the names are {', '.join(['x', *sorted(names)][:40])}")
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in FUNCTIONS:
                fewest, most, gives = FUNCTIONS[name]
                if not fewest <= len(arguments) <= most:
                    self.refuse(node, f"has {len(arguments)} arguments; {name} gives {gives}")
            case ast.Call():
                self.refuse(node, f"is a call that is not allowed; the functions are {', '.join(FUNCTIONS)}")
            case _ if type(node) not in _ALLOWED:
                hint = _HINTS.get(type(node), "an expression has numbers, names, operators, conditions and functions")
                self.refuse(node if isinstance(node, ast.expr) else around, f"is not allowed: {hint}")


class _Computation:
    """One computation of a formula on some inputs.

    ``live`` marks, for each part, the inputs for which Python would compute that part; only there can it fail.
    """

    def __init__(self, formula: Formula, values: Mapping[str, Int[Tensor, "n"]], x: Int[Tensor, "n s"]) -> None:
        self.formula = formula
        self.values: dict[str, Tensor] = {**values, "x": x}

    def value(self, node: ast.expr, live: Bool[Tensor, "n"]) -> Operand:
        match node:
            case ast.Constant(value=int(constant)):
                return constant
            case ast.Name(id=name):
                return self.values[name]
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -_number(self.value(operand, live))
            case ast.UnaryOp(operand=operand):
                truth = self.truth(operand, live)
                return not truth if isinstance(truth, bool) else ~truth
            case ast.BinOp(left=left, op=op, right=right):
                return self.arithmetic(node, op, (self.value(left, live), self.value(right, live)), live)
            case ast.BoolOp(op=op, values=parts):
                return self.logic(isinstance(op, ast.And), parts, live)
            case ast.Compare():
                return self.comparison(node, live)
            case ast.IfExp():
                return self.choice(node, live)
            case ast.Subscript(value=whole, slice=ast.Slice() as part):
                return self.sliced(self.elements(whole, live), part, live)
            case ast.Subscript(value=whole, slice=index):
                return self.element(node, self.elements(whole, live), self.value(index, live), live)
            case ast.Call(func=ast.Name(id=name), args=arguments):
                return self.call(node, name, arguments, live)
        raise AssertionError(ast.dump(node))  # Formula.parse has refused everything else

    def arithmetic(self, node: ast.expr, op: ast.operator, pair: tuple[Operand, Operand], live: Tensor) -> Operand:
        a, b = self.aligned(node, *map(_number, pair))
        if isinstance(op, ast.FloorDiv | ast.Mod):
            self.require(node, _tensor(b) != 0, live, "divides by zero")
            b = (b or 1) if isinstance(b, int) else b.masked_fill(b == 0, 1)
            return _ARITHMETIC[type(op)](a, b)
        if isinstance(op, ast.Pow) and not (isinstance(b, int) and 0 <= b <= LARGEST_EXPONENT):
            self.formula.refuse(node, f"has an exponent that is not a constant from 0 to {LARGEST_EXPONENT}")
        nearly = _tensor(_ARITHMETIC[type(op)](_tensor(a).double(), _tensor(b).double()))
        live = torch.ones_like(live) if isinstance(a, int) and isinstance(b, int) else live  # ints beyond 64 bits exist
        self.require(node, nearly.abs() < LARGEST_NUMBER, live, "becomes too large: 2**62 or more")
        return _ARITHMETIC[type(op)](a, b)

    def logic(self, is_and: bool, parts: Sequence[ast.expr], live: Tensor) -> Operand:
        result: Operand = is_and
        for part in parts:
            truth = self.truth(part, live)
            if isinstance(truth, bool):
                if truth is not is_and:
                    return result & truth if is_and else result | truth
                continue
            result = result & truth if is_and else result | truth
            live = live & (truth if is_and else ~truth)
        return result

    def comparison(self, node: ast.Compare, live: Tensor) -> Operand:
        result: Operand = True
        left = _number(self.value(node.left, live))
        for op, other in zip(node.ops, node.comparators, strict=True):
            right = _number(self.value(other, live))
            here, true = self.aligned(node, result, _COMPARISONS[type(op)](*self.aligned(node, left, right)))
            result, left = here & true, right
            if result is False:
                return False
            if not _is_list(result):
                live = live & _tensor(result)
        return result

    def choice(self, node: ast.IfExp, live: Tensor) -> Operand:
        truth = self.truth(node.test, live)
        if isinstance(truth, bool):
            return self.value(node.body if truth else node.orelse, live)
        then = self.value(node.body, live & truth)
        other = self.value(node.orelse, live & ~truth)
        if not _are_truths(then) or not _are_truths(other):
            then, other = _number(then), _number(other)
        if _is_list(then) != _is_list(other):
            self.formula.refuse(node, "is a list on one side and no list on the other")
        then, other = self.aligned(node, then, other)
        return torch.where(truth[:, None] if _is_list(then) else truth, _tensor(then), _tensor(other))

    def sliced(self, elements: Tensor, part: ast.Slice, live: Tensor) -> Operand:
        nodes = (part.lower, part.upper, part.step)
        bounds = [None if node is None else self.value(node, live) for node in nodes]
        for bound, node in zip(bounds, nodes, strict=True):
            if node is not None and not isinstance(bound, int):
                self.formula.refuse(node, "is a bound of a slice, which must be the same number for all inputs")
        if part.step is not None and bounds[2] == 0:
            self.formula.refuse(part.step, "is the step of a slice, which must not be 0")
        return elements[:, list(range(elements.shape[1]))[slice(*bounds)]]

    def element(self, node: ast.expr, elements: Tensor, index: Operand, live: Tensor) -> Operand:
        at, length = _tensor(_number(index)), elements.shape[1]
        if at.ndim > 1:
            self.formula.refuse(node, "has a list as its index, which must be a number")
        at = at.expand(len(live))
        self.require(node, (-length <= at) & (at < length), live, f"needs an element that a list of {length} lacks")
        if length == 0:
            return elements.new_zeros(len(live))
        return elements.gather(1, (at % length)[:, None])[:, 0]

    def call(self, node: ast.Call, name: str, arguments: Sequence[ast.expr], live: Tensor) -> Operand:
        if name in ("abs", "sign"):
            number = _number(self.value(arguments[0], live))
            if isinstance(number, int):
                return abs(number) if name == "abs" else (number > 0) - (number < 0)
            return number.abs() if name == "abs" else number.sign()
        if name in ("min", "max") and len(arguments) > 1:
            return self.extreme(node, name == "min", [_number(self.value(each, live)) for each in arguments])
        elements = self.elements(arguments[0], live)
        if name in ("count", "any", "all"):
            if elements.dtype != torch.bool:
                self.formula.refuse(arguments[0], f"is no list of truths, which {name} takes; write x == 1, say")
            return elements.sum(1) if name == "count" else elements.any(1) if name == "any" else elements.all(1)
        if name == "len":
            return elements.shape[1]
        if name == "sum":
            self.require(
                node, elements.double().sum(1).abs() < LARGEST_NUMBER, live, "becomes too large: 2**62 or more"
            )
            return elements.sum(1)
        in_order = elements.long().sort(1).values
        if name == "sorted":
            return in_order.to(elements.dtype)
        if name == "median":
            is_odd = torch.tensor(elements.shape[1] % 2 == 1)
            self.require(node, is_odd, live, f"takes a list of an odd length, and not of {elements.shape[1]} elements")
        places: dict[str, Operand] = {"min": 0, "max": -1, "median": elements.shape[1] // 2}
        return self.element(node, in_order, places[name] if name in places else self.value(arguments[1], live), live)

    def extreme(self, node: ast.expr, is_min: bool, numbers: Sequence[Operand]) -> Operand:
        if any(_is_list(number) for number in numbers):
            self.formula.refuse(node, "takes either one list or several numbers")
        if all(isinstance(number, int) for number in numbers):
            return min(cast(list[int], numbers)) if is_min else max(cast(list[int], numbers))
        return reduce(torch.minimum if is_min else torch.maximum, [_tensor(number) for number in numbers])

    def elements(self, node: ast.expr, live: Tensor) -> Tensor:
        found = self.value(node, live)
        if isinstance(found, Tensor) and found.ndim == 2:
            return found
        self.formula.refuse(node, "is no list")

    def truth(self, node: ast.expr, live: Tensor) -> bool | Tensor:
        found = self.value(node, live)
        if _is_list(found):
            self.formula.refuse(node, "is a list, and no truth; write any(...) or all(...)")
        if not _are_truths(found):
            self.formula.refuse(node, "is a number, and no truth; compare it with a number, as in n1 != 0")
        return cast(bool | Tensor, found)

    def aligned(self, node: ast.expr, a: Operand, b: Operand) -> tuple[Operand, Operand]:
        """Two operands whose shapes fit: beside a list, the number of an input stands for each of its elements."""
        if isinstance(a, int) or isinstance(b, int) or a.ndim == b.ndim == 1:
            return a, b
        if a.ndim != b.ndim:
            return (a, b[:, None]) if b.ndim == 1 else (a[:, None], b)
        if a.shape != b.shape:
            self.formula.refuse(node, f"has lists of different lengths, {a.shape[1]} and {b.shape[1]}")
        return a, b

    def require(self, node: ast.expr, holds: Tensor, live: Bool[Tensor, "n"], why: str) -> None:
        """Refuse the formula if a condition, of shape [], [n] or [n, k], fails for a live input."""
        failing = live & ~(holds.all(1) if holds.ndim == 2 else holds)
        if not bool(failing.any()):
            return
        row = int(failing.nonzero()[0])
        values = ", ".join(f"{name} = {self.values[name][row].tolist()}" for name in self.formula.names)
        self.formula.refuse(node, f"{why}, on the input where {values}" if values else why)


def _is_list(value: Operand) -> bool:
    return isinstance(value, Tensor) and value.ndim == 2


def _are_truths(value: Operand) -> bool:
    return isinstance(value, bool) if isinstance(value, int) else value.dtype == torch.bool


def _number(value: Operand) -> Operand:
    return int(value) if isinstance(value, int) else value.long()


def _tensor(value: Operand) -> Tensor:
    return torch.tensor(value) if isinstance(value, int) else value


def _quoted(text: str) -> str:
    return f"`{text if len(text) <= 200 else text[:120] + ' ... ' + text[-70:]}`"
