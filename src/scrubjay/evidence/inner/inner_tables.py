"""The tables of the network inside the network."""

from collections.abc import Sequence
from dataclasses import replace

from scrubjay.core.stats import majority_share
from scrubjay.core.table import Table
from scrubjay.evidence.inner.condensing import Condensed
from scrubjay.evidence.inner.measure import InnerResult, Meaning, PartTest
from scrubjay.evidence.inner.naming import FEW, counted, given_scales, quantity_names, rule


def tables(result: InnerResult) -> list[Table]:
    """Make the tables of the front, of all parts, of the quantities, and of the kinds of row."""
    found = [_front(result)]
    if result.hinges is not None:
        found.append(_parts("Hinges", "neurons", result.hinges))
    if result.heads is not None:
        groups = [", ".join(map(str, head.members)) for head in result.inner.parts.heads.heads]
        found.append(_parts("Inner heads", "heads", result.heads, groups))
    found.append(_scrubbed(result))
    if result.meaning is not None:
        found.append(_quantities(result, result.meaning))
        if result.meaning.kinds is not None:
            found.append(_kinds(result, result.meaning))
    given = given_scales(result)
    return [replace(each, note=f"{each.note} Here {given}.") for each in found] if given else found


def _front(result: InnerResult) -> Table:
    rows = [
        (
            f"{each.parts.numbers:,}{' *' if each.parts is result.inner.parts else ''}",
            str(each.parts.dimensions),
            ", ".join(map(str, each.parts.ranks)) or "none",
            str(each.parts.hinges),
            f"{each.agreement:.2%}",
        )
        for each in thinned(result)
    ]
    return Table(
        "The smallest networks inside the network, by how many of its answers they give",
        ("numbers", "dimensions", "ranks of the heads", "hinges", "agreement"),
        rows,
        "* the network that is tested below. Each head has a score and as many values as its rank for each token.",
    )


def thinned(result: InnerResult, most: int = 12) -> Sequence[Condensed]:
    """The part of the front above chance, and of its networks at most so many, with those that are named."""
    majority = majority_share(result.run.full.classes)
    named = [each for each in result.found.smallest.values() if each is not None]
    named += [each for each in result.found.front if each.parts is result.inner.parts]
    above = [each for each in result.found.front if each.agreement > majority] or list(result.found.front)
    step = max(1, -(-len(above) // most))
    return [
        each
        for at, each in enumerate(above)
        if at % step == 0 or at == len(above) - 1 or any(each.parts is one.parts for one in named)
    ]


def _parts(title: str, members: str, test: PartTest, groups: Sequence[str] | None = None) -> Table:
    rows = []
    randoms = [None] * len(test.sizes) if test.random is None else test.random.parts
    for at, (size, found, random, renamed, held) in enumerate(
        zip(test.sizes, test.found.parts, randoms, test.renamed.parts, test.held, strict=True)
    ):
        rows.append(
            (
                f"{at}" if groups is None else f"{at}: heads {groups[at]}",
                str(size),
                f"{found.changes:.1%}",
                f"{found.everywhere.value:.1%}",
                "-" if found.changed is None else f"{found.changed.value:.1%}",
                "-" if random is None or random.changed is None else f"{random.changed.value:.1%}",
                "-" if renamed.changed is None else f"{renamed.changed.value:.1%}",
                f"{held[0]:.1%}",
                f"{held[1]:.1%}",
                f"{held[2]:.1%}",
            )
        )
    return Table(
        f"{title}: interchange between inputs, and holding each at its mean, in the original and in the inner network",
        (
            "part",
            members,
            "changes",
            "predicted",
            "changed",
            "random",
            "renamed",
            "held",
            "held inside",
            "same",
        ),
        rows,
        "changes: answers that an exchange changes. predicted: answers that the inner network predicts after an "
        "exchange; changed: the same where the answer changes; random: the same with random groups; renamed: with "
        "renamed tokens. held: answers that change if the part is held at its mean in the original; held inside: in "
        "the inner network; same: both then give the same answer.",
    )


def _scrubbed(result: InnerResult) -> Table:
    scrubbed = result.scrubbed
    scores = dict(scrubbed.rows)
    if scrubbed.random is not None:
        scores["both, random groups"] = scrubbed.random
    rows = [(name, f"{score.mean:.1%}", f"{score.low:.1%}", f"{score.high:.1%}") for name, score in scores.items()]
    return Table(
        "Answers left when what the inner network says does not matter is resampled",
        ("resampled", "left", "from", "to"),
        rows,
        f"rest: the stream outside the inner network's dimensions. off sides: each neuron where its hinge is off; that "
        f"is {scrubbed.swapped:.0%} of all inputs to neurons.",
    )


def _quantities(result: InnerResult, meaning: Meaning) -> Table:
    task = result.run.task
    positions = [task.position_names[at] for at in task.domain.varying]
    names = quantity_names(meaning)
    k = len(meaning.quantities.outputs)
    shown = [*range(k), *(range(k, len(names)) if len(names) == k + 1 else ())]
    rows = [(names[at], *(f"{share:.1%}" for share in meaning.additive.shares[:, at].tolist())) for at in shown]
    return Table(
        f"The quantities of the {counted(k, 'hinge')} that suffice while all heads are kept "
        f"({meaning.hinges.agreement:.1%} of the answers): shares of variance",
        ("quantity", *(f"table of {name}" for name in positions), "mixed by attention"),
        rows,
        f"Class 1 where {rule(meaning)}." if len(names) == k + 1 else "Each z is the input of a hinge.",
    )


def _kinds(result: InnerResult, meaning: Meaning) -> Table:
    kinds = meaning.kinds
    assert kinds is not None
    second = result.run.task.position_names[result.run.task.domain.varying[1]]
    names = quantity_names(meaning)
    shown = range(len(names)) if len(names) - 1 <= FEW else range(len(names) - 1, len(names))
    signed = len(names) - 1 <= FEW
    rows = [
        (
            name,
            str(len(members)),
            *(f"{means[at]:.1f}" for at in shown),
            *([f"{signs[0]}  {signs[1]}"] if signed else []),
            f"{ones[0]:.0%}",
            f"{ones[1]:.0%}",
        )
        for name, members, means, signs, ones in zip(
            kinds.names, kinds.members, kinds.means.tolist(), kinds.signs, kinds.ones, strict=True
        )
    ]
    note = (
        f"signs of z: of the hinges' inputs at the first and at the last {second}, in most rows of the kind. "
        if signed
        else ""
    )
    return Table(
        "Kinds of row, by what the tables say at the first and the last tokens",
        (
            "class 1",
            "rows",
            *(f"mean {names[at]}" for at in shown),
            *(["signs of z"] if signed else []),
            f"1 at small {second}",
            f"1 at large {second}",
        ),
        rows,
        f"{note}The last two columns count the network's own answers there.",
    )
