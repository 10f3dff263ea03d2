"""What a family of algorithms is: how it is recognised, what its variables are, and how they are tested."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Generic, TypeVar

import numpy as np
from jaxtyping import Int

from scrubjay.core.claim import Claim
from scrubjay.core.table import Table
from scrubjay.evidence.filters.measure import SideFilters
from scrubjay.evidence.line import Picture
from scrubjay.functions.answer_table import AnswerTable
from scrubjay.functions.found_function import Named, Unnamed
from scrubjay.functions.law import GroupLaw, group_law
from scrubjay.run import Run, Settings

SECTION = "algorithm"
"""The name of the line of evidence that all claims about algorithms belong to."""

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Setting:
    """A network and the function that it computes.

    Attributes:
        run: the run.
        table: its answers.
        recognised: the function that was recognised in them, or why none was.
        filters: the filters that were fitted to them; None if there are none.
    """

    run: Run
    table: AnswerTable
    recognised: Named | Unnamed
    filters: SideFilters | None = None

    @property
    def function(self) -> Named:
        """The function that was recognised. Only families of named functions may ask for it."""
        assert isinstance(self.recognised, Named)
        return self.recognised

    @property
    def lacks_single_tokens(self) -> str | None:
        """A sentence if the answer is not the largest logit among single tokens, one for each class; else None."""
        task = self.run.task
        if task.answer == "argmax" and all(len(group) == 1 for group in task.classes):
            return None
        return "its answers are not the largest logit among single tokens"

    @cached_property
    def law(self) -> GroupLaw | None:
        """The group that the function multiplies in, with classes as its answers; None if it is no group's product."""
        law = group_law(self.function, self.table)
        return None if law is None else replace(law, outputs=self.classes_of(law.outputs))

    def classes_of(self, answers: Int[np.ndarray, "n"]) -> Int[np.ndarray, "n"]:
        """The classes of some answers as the table writes them; -1 for those that the network never gives."""
        values, at = np.unique(self.table.answers[self.table.known], return_index=True)
        classes = self.run.full.classes.numpy()[self.table.known][at]
        places = np.searchsorted(values, answers).clip(0, len(values) - 1)
        return np.where(values[places] == answers, classes[places], -1)


@dataclass(frozen=True, eq=False)
class CausalFamily(Generic[T]):
    """A family of algorithms: a causal model with variables, and the tests of it.

    Attributes:
        name: what to call the family.
        lacks: a function that returns None if the family has a causal model for a function in a network, and otherwise
            a sentence that says why not, or "" if the function is not one of the family's.
        measure: a function that finds the variables and carries out the tests; None if no variable matters.
        claims: a function that makes the claims.
        figures: a function that makes the pictures.
        tables: a function that makes the tables.
        words: a function that makes the sentences of the summary.
        brief: a function that makes a few words for a table: the variables, and how often their interchange comes out.
    """

    name: str
    lacks: Callable[[Setting], str | None]
    measure: Callable[[Setting, Settings], T | None]
    claims: Callable[[T], Sequence[Claim]]
    figures: Callable[[T], Sequence[Picture]]
    tables: Callable[[T], Sequence[Table]]
    words: Callable[[T], Sequence[str]]
    brief: Callable[[T], str]


AnyFamily = CausalFamily[Any]
"""A family whatever its results are."""
