"""A function of two tokens that multiplies in a group, up to the names of tokens and answers."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Int

from scrubjay.functions.answer_table import AnswerTable
from scrubjay.functions.found_function import Named
from scrubjay.functions.groups import Elements, Group, is_latin
from scrubjay.functions.isomorphism import named_group
from scrubjay.functions.isotopes import as_group_product


@dataclass(frozen=True, eq=False)
class GroupLaw:
    """answer(a, b) = outputs[left[a] · right[b]], where a and b are the numbers of tokens among a position's tokens.

    Attributes:
        group: the group.
        left: the element that each first token stands for, shape [n].
        right: the element that each second token stands for, shape [n].
        outputs: the answer that each element is written as, shape [n].
    """

    group: Group
    left: Elements
    right: Elements
    outputs: Elements

    @cached_property
    def elements_of_answers(self) -> Elements:
        """The element that each answer stands for, in the order of ascending answers, shape [n]."""
        found: Elements = np.argsort(self.outputs)
        return found

    @property
    def standard(self) -> Elements:
        """The number of each element in the catalogue's group, or its own number if the group has no name."""
        return np.arange(self.group.n) if self.group.standard is None else self.group.standard

    def products(self, first: Int[np.ndarray, "k"], second: Int[np.ndarray, "k"]) -> Int[np.ndarray, "k"]:
        """The element that some pairs of tokens give."""
        found: Int[np.ndarray, k] = self.group.table[self.left[first], self.right[second]]
        return found

    def answers(self, first: Int[np.ndarray, "k"], second: Int[np.ndarray, "k"]) -> Int[np.ndarray, "k"]:
        """The answers to some pairs of tokens."""
        found: Int[np.ndarray, k] = self.outputs[self.products(first, second)]
        return found

    def quotients(self, first: Int[np.ndarray, "k"], second: Int[np.ndarray, "k"]) -> Int[np.ndarray, "k n"]:
        """For some pairs of tokens and every answer c the element c⁻¹ a b, which is neutral for the right answer."""
        inverses = self.group.inverse[self.elements_of_answers]
        found: Int[np.ndarray, "k n"] = self.group.table[inverses[None, :], self.products(first, second)[:, None]]
        return found


def group_law(function: Named, table: AnswerTable) -> GroupLaw | None:
    """The group that a function of two tokens multiplies in; None if it is no product of a group.

    The function may have been named in another way, such as (2·a + 3·b + 5) mod 7.

    Args:
        function: the function.
        table: the answers in which it was recognised. Only its tokens are used.
    """
    if table.positions != 2 or len(table.tokens[0]) != len(table.tokens[1]):
        return None
    first, second = (axis.reshape(-1) for axis in np.meshgrid(*table.tokens, indexing="ij"))
    answers, places = np.unique(function.evaluate(np.stack([first, second], axis=1)), return_inverse=True)
    n = len(table.tokens[0])
    square = places.reshape(n, n)
    if len(answers) != n or not is_latin(square):
        return None
    product = as_group_product(square)
    if product is None:
        return None
    group, _ = named_group(product.group)
    return GroupLaw(group, product.rows, product.columns, answers)
