"""What is said of a network that multiplies in a group."""

from scrubjay.core.claim import Claim, Verdict, measurement, share_claim, untested
from scrubjay.core.table import Table
from scrubjay.evidence.algorithm.cosets import CosetFit
from scrubjay.evidence.algorithm.family import SECTION
from scrubjay.evidence.algorithm.group_measure import GroupResult
from scrubjay.evidence.algorithm.group_tests import Predicted
from scrubjay.evidence.algorithm.group_variables import MATTERS, Variable

_LISTED = 8
"""The largest number of variables that a sentence lists."""
_NEEDED = 0.9
"""If at least this share of answers is left without a part of attention's work, the network does not need that part."""


def group_claims(result: GroupResult) -> list[Claim]:
    """Make the claims about key representations, their interchange, the logits, the neurons and attention."""
    key, others, n = result.key, result.among, result.parts.n
    by_chance = 1 / n
    mosaic, swap = result.mosaic, result.swap
    null = mosaic.control
    wrong = max((swap.others, swap.at_random), key=lambda share: share.high)
    logits = result.logits
    keys = share_claim(
        "algorithm.keys",
        SECTION,
        f"{_counted(key)} of the {others} representations of {_group(result)} {'carry' if key > 1 else 'carries'} "
        f"the answer: {_listed(result.variables)}. If everything else in both embeddings comes from other tokens, "
        "the answers stay (control: parts of the same ranks, elements renamed)",
        1 - result.lost.value,
        interval=(1 - result.lost.high, 1 - result.lost.low),
        chance=by_chance,
        control=1 - result.lost_renamed.value,
        control_interval=(1 - result.lost_renamed.high, 1 - result.lost_renamed.low),
        topic="answers that the key representations keep",
        facts={
            "representations": others,
            "key": [_facts(result, variable) for variable in result.variables],
            "inputs": result.lost.n,
        },
    )
    at_best = (
        keys.verdict or "holds"
    )  # a test of variables is worth no more than the claim that these are the variables
    found = [
        keys,
        share_claim(
            "algorithm.swap",
            SECTION,
            "If these parts alone of one factor come from another token, the answer is that token's product (control: "
            "all other parts instead, or random parts of the same rank)",
            swap.found.value,
            interval=swap.found.interval,
            chance=by_chance,
            control=wrong.value,
            control_interval=wrong.interval,
            at_best=at_best,
            topic="answers that follow the key representations of another token",
            facts={
                "other_parts": swap.others.value,
                "random_parts": swap.at_random.value,
                "inputs": swap.found.n,
            },
        ),
        share_claim(
            "algorithm.mosaic",
            SECTION,
            "Mosaic interchange: each key representation of one factor comes from a token of its own, and the "
            "network gives the answer that the causal model predicts (control: wrong sources, elements renamed, or "
            "random parts of the same ranks)"
            + (
                ""
                if len(result.variables) > 1
                else ". With one variable this tests only that nothing else in the embedding matters"
            ),
            mosaic.found.right.value,
            interval=mosaic.found.right.interval,
            chance=by_chance,
            control=null.value,
            control_interval=null.interval,
            at_best=at_best,
            headline=True,
            topic="interchange accuracy of the key representations",
            facts={
                "correlation": mosaic.found.correlation,
                "wrong_sources": mosaic.wrong_sources.right.value,
                "renamed": mosaic.renamed.right.value,
                "random_parts": None if mosaic.mixed is None else mosaic.mixed.right.value,
                "vacuous": len(result.variables) == 1,
                "inputs": mosaic.found.right.n,
            },
        ),
        _singles(result, at_best),
        measurement(  # no verdict: networks that learnt by heart reach high values too
            "algorithm.logits",
            SECTION,
            "The logits are a weighted sum of the key representations' characters at c⁻¹ab: share of variance "
            "explained (control: as many other representations)",
            logits.characters,
            control=logits.runner_up or 0.0,
            topic="R² of the logits by key characters",
            facts={"inside_key_representations": logits.inside},
        ),
    ]
    if result.neurons is not None:
        neurons = result.neurons
        found.append(
            share_claim(
                "algorithm.neurons",
                SECTION,
                "One key representation explains most of each live neuron: mean share of variance "
                "(control: elements renamed)",
                neurons.explained,
                chance=0.0,
                control=neurons.renamed,
                topic="variance of a neuron that one representation explains",
                facts={"live": neurons.live, "weighted_by_variance": neurons.by_variance},
            )
        )
        if neurons.cosets is not None:
            found.append(_cosets(neurons.cosets, neurons.live))
    attention = result.attention
    found.append(
        measurement(
            "algorithm.additive",
            SECTION,
            "Answers kept if resid_mid is the sum of what each factor adds on average, so that the MLP alone "
            "multiplies (beside it: the frozen network)",
            attention.additive,
            control=attention.frozen,
            topic="answers kept by the additive network",
            facts={
                "gradient_symmetricity": result.symmetry.gradient_symmetricity,
                "distance_irrelevance": result.symmetry.distance_irrelevance,
            },
        )
    )
    return found


def _cosets(fit: CosetFit, live: int) -> Claim:
    orders = ", ".join(f"{count} of order {order}" for order, count in fit.orders[:3])
    return measurement(
        "algorithm.cosets",
        SECTION,
        f"Live neurons that are constant on the cosets of a subgroup{f' ({orders})' if orders else ''} "
        "(control: elements renamed)",
        fit.constant,
        control=fit.renamed,
        topic="neurons that are constant on cosets",
        facts={"live": live, "subgroups_tried": fit.subgroups, "neurons_by_order_of_subgroup": dict(fit.orders)},
    )


def _singles(result: GroupResult, at_best: Verdict) -> Claim:
    words = (
        "Each key representation alone: its part of resid_mid comes from another token, and the network gives the "
        "answer that the causal model predicts, mean over the representations (control: random parts of the same "
        "rank inside what all of them hold, its leading components, or another key representation)"
    )
    topic = "interchange accuracy of single representations"
    if len(result.variables) == 1:
        return untested("algorithm.single", SECTION, words, control=0.0, topic=topic)
    found = _mean([single.found for single in result.singles])
    controls = [[getattr(single, name) for single in result.singles] for name in ("at_random", "top", "wrong")]
    control = max(_mean(each) for each in controls)
    facts = {"by_representation": {single.variable: single.found.right.value for single in result.singles}}
    if result.parts.splicer.run.network.config.attn_only:
        words += ". The answer is read from this site, so this test is vacuous and gets no verdict"
        return measurement("algorithm.single", SECTION, words, found, control=control, topic=topic, facts=facts)
    return share_claim(
        "algorithm.single",
        SECTION,
        words,
        found,
        chance=1 / result.parts.n,
        control=control,
        at_best=at_best,
        facts=facts,
        topic=topic,
    )


def _mean(tests: list[Predicted]) -> float:
    return sum(test.right.value for test in tests) / len(tests)


def group_tables(result: GroupResult) -> list[Table]:
    """Make the table of variables."""
    rows = []
    for variable, single in zip(result.variables, result.singles, strict=True):
        rank = sum(result.parts.irreps[i].basis.shape[1] for i in variable.members)
        tests = (single.found, single.at_random, single.top, single.wrong)
        rows.append(
            (
                variable.name,
                str(rank),
                f"{variable.power:.1%}",
                f"{variable.matters:.1%}",
                *("" if test is None else f"{test.right.value:.1%}" for test in tests),
            )
        )
    return [
        Table(
            f"Variables of the algorithm: key representations of {_group(result)}",
            ("variable", "rank", "size", "matters", "alone", "random", "leading", "other"),
            rows,
            "“size”: its share of the embedding. “matters”: answers that change if this representation of both "
            f"tokens comes from other tokens; a key representation changes more than {MATTERS:.0%}. “alone”: answers "
            "as the causal model predicts if it alone comes from another token, in resid_mid; beside it the same "
            "with random, leading and another representation's parts.",
        )
    ]


def group_words(result: GroupResult) -> list[str]:
    """Say in which representations the network multiplies, and what a swap of them does."""
    swap, mosaic, attention = result.swap, result.mosaic.found.right, result.attention
    said = [
        f"It writes both factors in {_counted(result.key).lower()} of the {result.among} {_kinds(result)} "
        f"({_listed(result.variables).removeprefix('frequencies ')}). A swap of these alone moves the answer as it "
        f"should in {swap.found.value:.1%} of cases (random parts: {swap.at_random.value:.1%}).",
    ]
    if len(result.variables) > 1:
        said.append(
            f"If each comes from a token of its own, the network gives the predicted answer in {mosaic.value:.1%} of "
            f"cases (wrong sources: {result.mosaic.wrong_sources.right.value:.1%})."
        )
    if attention.additive >= _NEEDED and attention.frozen >= _NEEDED:
        said.append("The MLP multiplies: attention only adds up both factors, as in the “pizza” algorithm.")
    elif attention.additive < _NEEDED:
        said.append(
            f"Attention takes part in multiplying, as in the “clock” algorithm: without it {attention.additive:.1%} of "
            "the answers are kept."
        )
    else:
        said.append(
            f"The MLP can multiply sums of both factors, but not with mean attention, which keeps "
            f"{attention.frozen:.1%} of the answers."
        )
    return said


def group_brief(result: GroupResult) -> str:
    """Say in a few words what the variables are and how often the mosaic comes out."""
    found = result.mosaic.found.right
    return (
        f"{_listed(result.variables)}, {result.key} of {result.among}; mosaic {found.value:.1%} "
        f"({found.low:.1%} to {found.high:.1%}), control {result.mosaic.control.value:.1%}"
    )


def _facts(result: GroupResult, variable: Variable) -> dict[str, object]:
    return {
        "name": variable.name,
        "with": [result.parts.irreps[i].name for i in variable.members[1:]],
        "power": variable.power,
        "matters": variable.matters,
    }


def _group(result: GroupResult) -> str:
    return result.parts.law.group.name or f"a group of {result.parts.n} elements"


def _kinds(result: GroupResult) -> str:
    if all(irrep.name.startswith("frequency ") for irrep in result.parts.irreps[1:]):
        return "frequencies that there are"
    return f"representations of {_group(result)}"


def _counted(count: int) -> str:
    words = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")
    return words[count] if count < len(words) else str(count)


def _listed(variables: tuple[Variable, ...]) -> str:
    frequencies = [v.name.removeprefix("frequency ") for v in variables if v.name.startswith("frequency ")]
    if len(frequencies) == len(variables) > 1:
        return f"frequencies {_joined(frequencies)}"
    return _joined([variable.name for variable in variables])


def _joined(names: list[str]) -> str:
    shown = names if len(names) <= _LISTED else [*names[:_LISTED], f"{len(names) - _LISTED} more"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
