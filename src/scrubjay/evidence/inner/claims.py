"""What is said of the network inside the network."""

from dataclasses import replace

from scrubjay.core.axes import Mask
from scrubjay.core.claim import Claim, Verdict, count_claim, share_claim, untested, worse_of
from scrubjay.core.stats import Share, chance_share, majority_share, share_of
from scrubjay.evidence.inner.condensing import TARGETS
from scrubjay.evidence.inner.interchange import Interchanged, PartScores
from scrubjay.evidence.inner.measure import InnerResult, Meaning, PartTest
from scrubjay.evidence.inner.naming import counted, given_scales, listed, quantity_list, rule

_SECTION = "inner"
_TOLD = 0.95
"""The agreement from which the additive network is told as what the network does."""


def claims(result: InnerResult) -> list[Claim]:
    """Make the claims about size, agreement, mistakes, interchange, the additive network, and scrubbing."""
    given, at_best = given_scales(result), _at_best(result)
    found = [
        _size(result),
        _agreement(result),
        *_mistakes(result),
        *_interchange(result, "hinges", result.hinges),
        *_interchange(result, "heads", result.heads, at_best),
        *_additive(result),
        *_numbers(result),
        _scrub(result, at_best),
    ]
    return [replace(claim, statement=f"{claim.statement}; {given}") for claim in found] if given else found


def words(result: InnerResult) -> list[str]:
    """Say what the smaller network is, whether it is the mechanism, and what it computes."""
    given = given_scales(result)
    if not given:
        return _words(result)
    first, *others = _words(result)
    shorter = f"the scales of {result.run.network.config.norm_in_words} given"
    return [f"{first[:-1]}; {given}.", *(f"{sentence[:-1]}, with {shorter}." for sentence in others)]


def _words(result: InnerResult) -> list[str]:
    parts, inner = result.inner.parts, result.inner
    if result.reached is None:
        return [
            f"No smaller network was found inside this one that gives {min(TARGETS):.0%} of its answers; the best one, "
            f"of {_made_of(result)}, gives {inner.agreement:.1%}."
        ]
    mistakes = "" if inner.mistakes is None else f" and {inner.mistakes:.0%} of its mistakes"
    sentences = [
        f"Inside the network is a smaller one of {_made_of(result)}: {parts.numbers:,} numbers in place of "
        f"{result.whole:,}, read off the weights, give {inner.agreement:.1%} of its answers{mistakes}.",
        *_no_smaller(result),
        *_mechanism(result),
    ]
    if result.meaning is not None and result.meaning.kinds is not None:
        sentences += _story(result, result.meaning)
    return sentences


def _made_of(result: InnerResult) -> str:
    parts = result.inner.parts
    counts = ((parts.dimensions, "dimension"), (len(parts.ranks), "head"), (parts.hinges, "hinge"))
    return listed([counted(count, what) for count, what in counts])


def _at_best(result: InnerResult) -> Verdict:
    """The best verdict that the tests of heads and of scrubbing can have: that of the test of hinges, if there is one.

    The hinges are what tells a network that has been trained from one that has not: the other tests pass in untrained
    networks, and in networks that have memorised their answers, too.
    """
    return worse_of([_interchange(result, "hinges", result.hinges)[0].verdict or "holds"])


def _no_smaller(result: InnerResult) -> list[str]:
    """Say so if an untrained network is not much larger inside."""
    if result.untrained is None or not result.untrained.shrinks or _size(result).verdict != "fails":
        return []
    return [
        f"That size shows nothing by itself, since an untrained network of the same sizes needs about "
        f"{result.untrained.numbers:,}."
    ]


def _mechanism(result: InnerResult) -> list[str]:
    """Say whether the smaller network is the mechanism, by the verdicts of the tests."""
    tests = {
        "the interchange of hinges": _interchange(result, "hinges", result.hinges)[0],
        "the interchange of heads": _interchange(result, "heads", result.heads)[0],
        "the resampling of what it leaves out": _scrub(result),
    }
    failed = [name for name, claim in tests.items() if claim.verdict == "fails"]
    if failed:
        does = "does not hold beside its control" if len(failed) == 1 else "do not hold beside their controls"
        return [f"It is not shown to be the mechanism: {listed(failed)} {does}."]
    predicted = {
        what: f"{test.found.whole.everywhere.value:.1%}"
        for what, test in (("neurons", result.hinges), ("heads", result.heads))
        if test is not None
    }
    exchanged = (
        f"if a group of the network's {listed(list(predicted), 'or')} gets its value from another input, the smaller "
        f"network predicts the answer in {listed(list(predicted.values()))} of cases, and "
        if predicted
        else ""
    )
    return [
        f"It is a mechanism: {exchanged}if all that it says does not matter is resampled, "
        f"{result.scrubbed.rows['both'].mean:.1%} of the answers stay."
    ]


def _size(result: InnerResult) -> Claim:
    parts, untrained, whole = result.inner.parts, result.untrained, result.whole
    control, needs = whole, "gives every input the same answer"
    if untrained is not None:
        control = min(whole, untrained.numbers) if untrained.shrinks else whole
        needs = (
            f"needs about {untrained.numbers:,}"
            if untrained.shrinks
            else f"does not shrink, since {untrained.groups} hinges in {untrained.dimensions} dimensions give only "
            f"{untrained.agreement:.1%} of its answers"
        )
    statement = (
        f"Few numbers, read off the weights, give {result.reached:.1%} of the network's answers: {_made_of(result)}"
        if result.reached is not None
        else f"No fewer numbers than the network's own were found that give {min(TARGETS):.1%} of its answers; "
        f"{_made_of(result)} give {result.inner.agreement:.1%}"
    )
    return count_claim(
        "inner.size",
        _SECTION,
        f"{statement} (control: an untrained network, which {needs})",
        parts.numbers if result.reached is not None else whole,
        of=control,
        control=control,
        headline=True,
        topic="numbers in the network inside the network",
        facts={
            "found": _made_of(result),
            "dimensions": parts.dimensions,
            "heads": len(parts.ranks),
            "ranks": list(parts.ranks),
            "hinges": parts.hinges,
            "numbers": parts.numbers,
            "bits": None if result.inner.built is None else result.inner.coarse.bits,
            "target": result.reached,
            "fewest_hinges": len(result.found.few_hinges.layer.planes),
            "fewest_hinges_agreement": result.found.few_hinges.agreement,
        },
    )


def _agreement(result: InnerResult) -> Claim:
    run, inner = result.run, result.inner
    majority, random = majority_share(run.full.classes), result.random_groups
    return share_claim(
        "inner.agreement",
        _SECTION,
        f"The network inside the network gives the same answer (control: "
        f"{_groups_or(random, 'the most frequent answer')})",
        inner.agreement,
        chance=majority,
        control=majority if random is None else max(majority, random[0]),
        headline=True,
        topic="answers given by the network inside the network",
        facts={
            "smallest": {str(at): None if e is None else e.parts.numbers for at, e in result.found.smallest.items()},
            **_unseen(result, inner.classes == inner.wanted),
        },
    )


def _unseen(result: InnerResult, same: Mask) -> dict[str, float]:
    """The share of the inputs outside the training half on which something is the same, if there is such a half."""
    split = result.run.task.train
    return {} if split is None or bool(split.all()) else {"unseen": share_of(same[~split])}


def _groups_or(random: object | None, otherwise: str) -> str:
    """The control in words: random groups, or something else where no other groups of the same sizes exist."""
    return otherwise if random is None else "hinges of random groups of neurons"


def _mistakes(result: InnerResult) -> list[Claim]:
    inner, random = result.inner, result.random_groups
    if inner.departures is None:
        return []
    topic = "mistakes of the network that the network inside it makes too"
    wrong = inner.task.mistakes(inner.wanted)
    if wrong is None:
        return [
            untested(
                "inner.mistakes",
                _SECTION,
                "The network makes no mistakes that could be reproduced",
                control=0.0,
                topic=topic,
            )
        ]
    share = Share.of((inner.classes == inner.wanted)[wrong])
    assert share is not None
    return [
        share_claim(
            "inner.mistakes",
            _SECTION,
            f"The network inside the network makes the network's own {int(wrong.sum()):,} mistakes too; it departs "
            f"from the labels on {inner.departures:.1%} of all inputs (control: "
            f"{_groups_or(random, 'as many departures from them at random inputs')})",
            share.value,
            interval=share.interval,
            chance=inner.departures,
            control=inner.departures if random is None or random[1] is None else random[1],
            topic=topic,
            facts={"mistakes": int(wrong.sum())},
        )
    ]


def _interchange(result: InnerResult, what: str, test: PartTest | None, at_best: Verdict = "holds") -> list[Claim]:
    parts = {"hinges": "neurons behind a hinge", "heads": "heads behind an inner head"}[what]
    groups = "neurons" if what == "hinges" else what
    claim_id, topic = f"inner.interchange.{what}", f"changed answers predicted when groups of {groups} are exchanged"
    if test is None or test.found.whole.changed is None:
        why = (
            f"The network inside the network has no {what}, so that none can be exchanged"
            if test is None
            else f"No answer changes when the {parts} are exchanged"
        )
        return [untested(claim_id, _SECTION, why, control=0.0, topic=topic)]
    found, random, renamed = test.found.whole, _whole(test.random), test.renamed.whole
    untrained = None if result.untrained is None else getattr(result.untrained, what)
    assert found.changed is not None
    renamed_tokens = Share(0.0, 0.0, 0.0, 0) if renamed.changed is None else renamed.changed
    controls = {
        name: each.changed
        for name, each in (
            ("random groups of the same sizes", random),
            ("the groups of an untrained network", _whole(untrained)),
        )
        if each is not None and each.changed is not None
    } or {"renamed tokens": renamed_tokens}
    strongest = max(controls.values(), key=lambda each: each.value)
    return [
        share_claim(
            claim_id,
            _SECTION,
            f"When the {parts} get their value from another input and this changes the answer, the network inside the "
            f"network predicts the new answer ({found.everywhere.value:.1%} of all exchanges; control: "
            f"{', or '.join(controls)})",
            found.changed.value,
            interval=found.changed.interval,
            chance=renamed_tokens.value,
            control=strongest.value,
            control_interval=strongest.interval,
            at_best=at_best,
            headline=what == "hinges",
            topic=topic,
            facts={
                "everywhere": found.everywhere.value,
                "changes": found.changes,
                "random_everywhere": None if random is None else random.everywhere.value,
                "random": None if random is None or random.changed is None else random.changed.value,
                "renamed_everywhere": renamed.everywhere.value,
                "renamed": None if renamed.changed is None else renamed.changed.value,
                "untrained_everywhere": None if untrained is None else untrained.whole.everywhere.value,
                "untrained": None
                if untrained is None or untrained.whole.changed is None
                else untrained.whole.changed.value,
                "parts": len(test.sizes),
            },
        )
    ]


def _whole(test: Interchanged | None) -> PartScores | None:
    return None if test is None else test.whole


def _additive(result: InnerResult) -> list[Claim]:
    meaning, run = result.meaning, result.run
    if meaning is None:
        return []
    same = meaning.additive.classes == run.full.classes
    majority = majority_share(run.full.classes)
    hinges, quantities = len(meaning.quantities.outputs), meaning.additive.mean.numel()
    path = f"{counted(hinges, 'hinge')} and the linear path compute" if hinges else "the linear path computes"
    each = f"each of the {quantities} quantities" if quantities > 1 else "the quantity"
    return [
        share_claim(
            "inner.additive",
            _SECTION,
            f"{meaning.additive.numbers:,} numbers, one for each token and {each} that {path} with, give the network's "
            f"answer without any attention (control: the network with its attention frozen to its mean)",
            share_of(same),
            chance=majority,
            control=max(majority, share_of(run.frozen.classes == run.full.classes)),
            headline=True,
            topic="answers given by tables of single tokens",
            facts={
                "numbers": meaning.additive.numbers,
                "hinges": len(meaning.quantities.outputs),
                "left_to_attention": meaning.additive.shares[-1].max().item(),
                **_unseen(result, same),
                **_kinds_as_facts(meaning),
            },
        )
    ]


def _kinds_as_facts(meaning: Meaning) -> dict[str, object]:
    kinds = meaning.kinds
    if kinds is None:
        return {}
    return {"rows": {name: len(rows) for name, rows in zip(kinds.names, kinds.members, strict=True)}}


def _numbers(result: InnerResult) -> list[Claim]:
    if result.meaning is None or result.meaning.swapped is None:
        return []
    swapped, first = result.meaning.swapped, result.run.task.position_names[result.run.task.domain.varying[0]]
    count = result.meaning.additive.mean.numel()
    what, those = (f"the {count} numbers", "those") if count > 1 else ("the number", "that")
    return [
        share_claim(
            "inner.numbers",
            _SECTION,
            f"Exchanging only {what} of token {first} for {those} of another one gives the answers of the other's row "
            f"(control: the rows as they are)",
            swapped.carried.mean,
            interval=swapped.carried.interval,
            chance=swapped.unswapped.mean,
            control=swapped.unswapped.mean,
            control_interval=swapped.unswapped.interval,
            topic="answers carried over with a token's numbers",
        )
    ]


def _scrub(result: InnerResult, at_best: Verdict = "holds") -> Claim:
    both, random, parts = result.scrubbed.rows["both"], result.scrubbed.random, result.inner.parts
    neurons = ", and neurons where their hinge is off" if parts.hinges else ""
    chance = chance_share(result.run.full.classes)
    control = "random groups of neurons" if random is not None else "all of it resampled"
    return share_claim(
        "inner.scrub",
        _SECTION,
        f"The answers stay when everything that the network inside the network says does not matter is resampled: the "
        f"stream outside its {counted(parts.dimensions, 'dimension')}{neurons} (control: {control})",
        both.mean,
        interval=both.interval,
        chance=chance,
        control=chance if random is None else random.mean,
        control_interval=None if random is None else random.interval,
        at_best=at_best,
        headline=True,
        topic="answers left when everything outside it is resampled",
        facts={"draws": both.draws, "neurons_resampled": result.scrubbed.swapped},
    )


def _story(result: InnerResult, meaning: Meaning) -> list[str]:
    """The sentences for a class margin on two varying positions."""
    kinds, additive, task = meaning.kinds, meaning.additive, result.run.task
    assert kinds is not None
    agrees = share_of(additive.classes == result.run.full.classes)
    first, second = (task.position_names[at] for at in task.domain.varying)
    hinges = len(meaning.quantities.outputs)
    if agrees < _TOLD:
        return [
            f"Tables of single tokens in place of attention give {agrees:.1%} of the answers, so the two tokens do not "
            f"act independently of each other."
        ]
    rows = [f"{name} ({len(members)})" for name, members in zip(kinds.names, kinds.members, strict=True)]
    suffice = f"{counted(hinges, 'hinge')} suffice{'s' * (hinges == 1)}" if hinges else "no hinge is needed"
    left = float(additive.shares[-1].max())
    sentences = [
        f"With all heads kept, {suffice} for {meaning.hinges.agreement:.1%} of the answers: it answers 1 where "
        f"{rule(meaning)}. {f'Each of {quantity_list(meaning)}' if hinges else 'l'} is a number of token {first} plus "
        f"a number of token {second}, up to {f'{left:.0%}' if left >= 0.005 else 'less than 1%'} of its variance; "
        f"these {additive.numbers:,} numbers alone give {agrees:.1%} of the answers."
    ]
    if len(kinds.names) > 1:
        sentences.append(
            f"So token {first} decides which kind of row it is, and where along {second} the answer changes: rows "
            f"answer 1 {listed(rows, 'or')}."
        )
    return sentences
