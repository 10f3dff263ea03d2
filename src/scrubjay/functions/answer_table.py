"""A table of answers: every input that is known, by its varying tokens, and what is answered."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Int

from scrubjay.core.axes import Classes
from scrubjay.core.errors import BadInput
from scrubjay.tasks.task import Task

_SPARSEST = 4
"""A grid is made of the inputs only if it has at most this many cells for each input."""


@dataclass(frozen=True, eq=False)
class AnswerTable:
    """The answers to all inputs of a finite domain, or to a sample of them.

    Attributes:
        tokens: the different tokens at each of the k varying positions, in the order of the domain.
        choices: for each input and position, the place of its token among the position's tokens, shape [n, k].
        answers: the answer to each input, shape [n]: a number of 0 or more, or any number if the names of all tokens
            are numbers. It means nothing where ``known`` is False.
        known: whether the answer to each input is known, shape [n].
        inputs: a name for each varying position.
    """

    tokens: tuple[Int[np.ndarray, "_"], ...]
    choices: Int[np.ndarray, "_ _"]
    answers: Int[np.ndarray, "_"]
    known: np.ndarray
    inputs: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.choices.ndim != 2 or self.choices.shape != (len(self.answers), len(self.tokens)):
            raise BadInput(
                f"a table of {len(self.answers)} answers to {len(self.tokens)} tokens each needs choices of the shape "
                f"({len(self.answers)}, {len(self.tokens)}); they have {self.choices.shape}"
            )

    @classmethod
    def of(cls, answers: np.ndarray, inputs: tuple[str, ...] = ()) -> "AnswerTable":
        """The table with one axis for each position, along which the tokens are 0, 1, 2 and so on.

        Args:
            answers: the answers; negative where no answer is known.
            inputs: a name for each axis, by default a, b, c and so on.

        Raises:
            BadInput: the array has no axis or no entries, or does not hold whole numbers below 2**63.
        """
        if not answers.size or not answers.ndim or answers.dtype.kind not in "iub":
            raise BadInput(
                f"a table of answers is an array of whole numbers with an axis for each position; this one has the "
                f"shape {answers.shape} and the type {answers.dtype}"
            )
        if answers.dtype.kind == "u" and int(answers.max()) >= 2**63:
            raise BadInput(f"a table of answers holds numbers below 2**63, and one is {int(answers.max())}")
        choices = np.stack(np.unravel_index(np.arange(answers.size), answers.shape), axis=1)
        flat = answers.reshape(-1).astype(np.int64)
        names = inputs or _letters(answers.ndim)
        return cls(tuple(np.arange(side) for side in answers.shape), choices, flat, flat >= 0, names)

    @classmethod
    def of_task(cls, task: Task, classes: Classes) -> "AnswerTable":
        """The answers to the inputs of a task.

        A token is given by its number, or by its name if the names of all tokens that occur are whole numbers. An
        answer is given by its token if each class has one token, and by the number of its class otherwise.

        Args:
            task: the task.
            classes: the class of each answer, shape [n], -1 where there is none.
        """
        domain = task.domain
        varying = domain.varying or (domain.read_at,)
        single = all(len(group) == 1 for group in task.classes) and task.answer != "sign"
        answers = [group[0] for group in task.classes] if single else []
        used = sorted({token for at in varying for token in domain.positions[at]} | set(answers))
        number = {token: token for token in used}
        if all(_is_number(task.token_name(token)) for token in used):
            named = {token: int(task.token_name(token)) for token in used}
            number = named if len(set(named.values())) == len(used) else number
        given = classes.numpy()
        of_class = np.array([number[token] for token in answers] if single else range(len(task.classes)))
        return cls(
            tokens=tuple(np.array([number[token] for token in domain.positions[at]]) for at in varying),
            choices=domain.choices(domain.inputs())[:, list(varying)].numpy(),
            answers=np.where(given >= 0, of_class[given], 0),
            known=given >= 0,
            inputs=_identifiers([task.position_names[at] for at in varying]),
        )

    @property
    def n(self) -> int:
        """The number of known answers."""
        return int(self.known.sum())

    @property
    def positions(self) -> int:
        """The number of varying positions."""
        return len(self.tokens)

    @cached_property
    def places(self) -> Int[np.ndarray, "m"]:
        """The inputs with a known answer, ascending."""
        return np.flatnonzero(self.known)

    @cached_property
    def x(self) -> Int[np.ndarray, "m k"]:
        """The tokens of each input with a known answer, shape [m, k]."""
        columns = [tokens[self.choices[self.places, at]] for at, tokens in enumerate(self.tokens)]
        return np.stack(columns, axis=1)

    @cached_property
    def y(self) -> Int[np.ndarray, "m"]:
        """The known answers, shape [m]."""
        known: Int[np.ndarray, m] = self.answers[self.places]
        return known

    @cached_property
    def given(self) -> Int[np.ndarray, "c"]:
        """The different answers, ascending."""
        return distinct(self.y)[0]

    @cached_property
    def y_places(self) -> Int[np.ndarray, "m"]:
        """The place of each known answer among the different answers, shape [m]."""
        return distinct(self.y)[1]

    @cached_property
    def grid(self) -> Int[np.ndarray, "..."] | None:
        """The place of each answer among the different ones, by the tokens of each position, -1 where none is known.

        None if a grid would be mostly empty, as for a sample, or if an input occurs twice.
        """
        shape = tuple(len(tokens) for tokens in self.tokens)
        if np.prod(np.array(shape, dtype=float)) > _SPARSEST * len(self.answers):
            return None
        cells = np.ravel_multi_index(tuple(self.choices[self.places].T), shape)
        flat = np.full(int(np.prod(shape)), -1)
        flat[cells] = self.y_places
        return flat.reshape(shape) if np.bincount(cells).max(initial=0) <= 1 else None


def distinct(numbers: Int[np.ndarray, "n"]) -> tuple[Int[np.ndarray, "v"], Int[np.ndarray, "n"]]:
    """The different numbers, ascending, shape [v], and the place of each number among them, shape [n]."""
    if not len(numbers) or int(numbers.max()) - int(numbers.min()) > 4 * len(numbers):
        values, places = np.unique(numbers, return_inverse=True)
        return values, places.reshape(-1)
    low = numbers.min()  # counting is faster than sorting
    occurs = np.bincount(numbers - low) > 0
    return np.flatnonzero(occurs) + low, (np.cumsum(occurs) - 1)[numbers - low]


def _letters(count: int) -> tuple[str, ...]:
    return tuple("abcdefgh"[:count]) if count <= 8 else tuple(f"x{at}" for at in range(1, count + 1))


def _identifiers(names: list[str]) -> tuple[str, ...]:
    """The names of the positions if they can be names in Python; letters otherwise."""
    from keyword import iskeyword

    good = all(name.isidentifier() and not iskeyword(name) for name in names) and len(set(names)) == len(names)
    return tuple(names) if good else _letters(len(names))


def _is_number(name: str) -> bool:
    return name.removeprefix("-").isdecimal() and name.isascii()
