"""What is said of the function that the network computes, beside what its family of algorithms says."""

from collections.abc import Sequence

from scrubjay.core.claim import Claim, share_claim
from scrubjay.core.stats import majority_share
from scrubjay.core.table import Table
from scrubjay.evidence.algorithm.family import SECTION
from scrubjay.evidence.algorithm.measure import AlgorithmResult
from scrubjay.evidence.line import Picture

_LISTED = 10
"""The largest number of exceptions that the table lists."""


def claims(result: AlgorithmResult) -> list[Claim]:
    """Make the claim that names the function, if it has a name, and those of its family."""
    of_family = [] if result.family is None else list(result.family.claims(result.tests))
    if result.shuffled is None:
        return of_family
    function, classes = result.setting.function, result.setting.run.full.classes
    named = share_claim(
        "algorithm.function",
        SECTION,
        f"The network computes {function.words} (control: the same function on shuffled answers)",
        function.agreement,
        chance=majority_share(classes),
        control=result.shuffled,
        headline=True,
        topic="answers that the named function gives",
        facts={
            "function": function.words,
            "kind": function.family,
            "exceptions": len(function.exceptions),
            "inputs": function.n,
            "bits": function.bits,
            "bits_of_the_table": function.table_bits,
            "python": function.python,
            "algorithm": None if result.family is None else result.family.name,
            **dict(function.facts),
        },
    )
    return [named, *of_family]


def words(result: AlgorithmResult) -> list[str]:
    """Say what the network computes and by which algorithm."""
    if result.shuffled is None:
        return [] if result.family is None else list(result.family.words(result.tests))
    function = result.setting.function
    but = "" if not function.exceptions else f" on all but {len(function.exceptions):,} of {function.n:,} inputs"
    said = [f"This network computes {function.words}{but}."]
    if result.family is None:
        why = f": {result.reason}" if result.reason else ""
        return [*said, f"No family of algorithms here has a causal model of how it does so{why}."]
    return [*said, *result.family.words(result.tests)]


def answer(result: AlgorithmResult) -> str:
    """Say what the network computes, if that has a name, and the first thing that is known of how."""
    return "" if result.shuffled is None else " ".join(words(result)[:2])


def figures(result: AlgorithmResult) -> Sequence[Picture]:
    """Make the pictures of the family."""
    return [] if result.family is None else result.family.figures(result.tests)


def tables(result: AlgorithmResult) -> list[Table]:
    """Make the tables of the family, and one of the exceptions if there are any."""
    found = [] if result.family is None else list(result.family.tables(result.tests))
    if result.shuffled is None:
        return found
    function, table = result.setting.function, result.setting.table
    if function.exceptions:
        rows = []
        for place in function.exceptions[:_LISTED]:
            tokens = [int(axis[table.choices[place, at]]) for at, axis in enumerate(table.tokens)]
            answer = int(table.answers[place])
            rows.append((", ".join(map(str, tokens)), str(answer)))
        found.append(
            Table(
                f"Inputs on which the network departs from {function.words}",
                (", ".join(table.inputs), "its answer"),
                rows,
                f"The first {len(rows)} of {len(function.exceptions):,}."
                if len(function.exceptions) > len(rows)
                else "",
            )
        )
    return found
