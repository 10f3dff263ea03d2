"""Answers that follow from the token at one position."""

from collections.abc import Iterator

import numpy as np

from scrubjay.functions.answer_table import AnswerTable
from scrubjay.functions.statistic import Statistic


def copies(table: AnswerTable) -> Iterator[Statistic]:
    """The token at each position."""
    for at, name in enumerate(table.inputs):
        yield Statistic(
            "copy",
            f"the token {name}",
            f"x[{at}]",
            float(np.log2(table.positions)),
            lambda x, at=at: x[:, at],  # type: ignore[misc]
            {"position": name},
        )
