"""How counts, quantities and the rule for class 1 are written."""

from collections.abc import Sequence

from scrubjay.evidence.inner.measure import InnerResult, Meaning

FEW = 4
"""The largest number of hinges that are listed one by one."""


def counted(count: int, what: str) -> str:
    """A count with its noun, such as ``1 head`` or ``2 heads``."""
    return f"{count} {what}{'s' * (count != 1)}"


def given_scales(result: InnerResult) -> str:
    """The words that say that scales of normalisations are given, or nothing where nothing is normalised."""
    config = result.run.network.config
    return "" if config.norm == "none" else f"the scales of {config.norm_in_words} are taken as they are for each input"


def listed(names: Sequence[str], last: str = "and") -> str:
    """Names in a row, such as ``z0, z1 and l``."""
    *others, end = names
    return f"{', '.join(others)} {last} {end}" if others else end


def quantity_names(meaning: Meaning) -> list[str]:
    """The names of the hinges' inputs, z0, z1 and so on, and of the linear path, l; for logits l0, l1 and so on."""
    columns = meaning.quantities.linear.shape[1]
    linear = ["l"] if columns == 1 else [f"l{column}" for column in range(columns)]
    return [*(f"z{hinge}" for hinge in range(len(meaning.quantities.outputs))), *linear]


def quantity_list(meaning: Meaning) -> str:
    """The quantities in a row, such as ``z0, z1 and l``, or ``z0 to z31 and l`` if there are many hinges."""
    names = quantity_names(meaning)
    k = len(meaning.quantities.outputs)
    return listed(names) if k <= FEW else listed([f"{names[0]} to {names[k - 1]}", *names[k:]])


def rule(meaning: Meaning) -> str:
    """The rule for class 1 of a class margin, such as ``l + ½|z0| - ½|z1| > 0``."""
    signs = [float(sign) > 0 for (sign,) in meaning.quantities.outputs]
    if len(signs) <= FEW:
        terms = [f" {'+' if adds else '-'} ½|z{hinge}|" for hinge, adds in enumerate(signs)]
    else:  # the hinges that add come first
        ends = [(True, 0, sum(signs)), (False, sum(signs), len(signs))]
        terms = [
            f" {'+' if adds else '-'} ½(|z{start}| + ... + |z{end - 1}|)" for adds, start, end in ends if end > start
        ]
    return f"l{''.join(terms)} > 0"
