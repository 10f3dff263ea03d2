"""Order statistics: the largest, the smallest, the median, and where they stand."""

from collections.abc import Iterator

import numpy as np

from scrubjay.functions.answer_table import AnswerTable
from scrubjay.functions.statistic import Statistic
from scrubjay.functions.structure import positions_that_matter

_MOST_WRONG = 0.12
"""A position on which fewer answers depend than this is also tried as one that does not matter: two answers differ in
one of ten inputs if one in twenty is wrong."""
_ORDINALS = {2: "2nd", 3: "3rd"}


def extremes(table: AnswerTable) -> Iterator[Statistic]:
    """The k-th largest of the tokens that matter, the places of the extremes, and the distance between them."""
    sets = {positions_that_matter(table), positions_that_matter(table, most=_MOST_WRONG)}
    for matter in sorted(sets):
        if len(matter) > 1:
            yield from _of_positions(table, matter)


def _of_positions(table: AnswerTable, matter: tuple[int, ...]) -> Iterator[Statistic]:
    count, columns = len(matter), list(matter)
    everything = count == table.positions
    names = [table.inputs[at] for at in matter]
    which = f"{count} tokens" if everything and count > 2 else f"{', '.join(names[:-1])} and {names[-1]}"
    chosen = "x" if everything else f"({', '.join(f'x[{at}]' for at in matter)})"
    bits = float(np.log2(count + 5)) + (0 if everything else table.positions)
    facts = {"positions": names}
    for rank in range(1, count + 1):
        yield Statistic(
            "order statistic",
            f"the {_rank(rank, count)} of {which}",
            f"sorted({chosen})[{count - rank}]" if 1 < rank < count else f"{'max' if rank == 1 else 'min'}({chosen})",
            bits,
            lambda x, rank=rank: np.sort(x[:, columns], axis=1)[:, count - rank],  # type: ignore[misc]
            {**facts, "rank": rank},
        )
    if count == 2:
        return  # the sign and the distance of two tokens are comparisons
    for last, largest in ((False, True), (True, True), (False, False), (True, False)):
        yield _place(columns, chosen, which, bits, last=last, largest=largest)
    yield Statistic(
        "order statistic",
        f"the distance between the largest and the smallest of {which}",
        f"max({chosen}) - min({chosen})",
        bits,
        lambda x: np.ptp(x[:, columns], axis=1),
        {**facts, "rank": "range"},
    )


def _place(columns: list[int], chosen: str, which: str, bits: float, *, last: bool, largest: bool) -> Statistic:
    name = "max" if largest else "min"

    def of(x: np.ndarray) -> np.ndarray:
        picked = x[:, columns] if largest else -x[:, columns]
        found: np.ndarray = picked.shape[1] - 1 - picked[:, ::-1].argmax(1) if last else picked.argmax(1)
        return found

    python = f"{chosen}.index({name}({chosen}))"
    if last:
        python = f"{len(columns) - 1} - {chosen}[::-1].index({name}({chosen}))"
    return Statistic(
        "order statistic",
        f"the place, from 0, of the {'last' if last else 'first'} {'largest' if largest else 'smallest'} of {which}",
        python,
        bits,
        of,
        {"rank": f"place of {name}", "tie": "last" if last else "first"},
    )


def _rank(rank: int, count: int) -> str:
    if rank == 1:
        return "larger" if count == 2 else "largest"
    if rank == count:
        return "smaller" if count == 2 else "smallest"
    if 2 * rank == count + 1:
        return "median"
    return f"{_ORDINALS.get(rank, f'{rank}th')} largest"
