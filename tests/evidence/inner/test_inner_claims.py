"""What is said of the network inside the network: on a trained network, and where there is less to say or nothing."""

import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from scrubjay.core.claim import Claim, Verdict, worse_of
from scrubjay.core.stats import Score
from scrubjay.evidence.drawing import save
from scrubjay.evidence.inner import INNER
from scrubjay.evidence.inner.claims import words
from scrubjay.evidence.inner.measure import InnerResult, Meaning
from scrubjay.evidence.inner.naming import quantity_list, rule
from scrubjay.evidence.inner.quantities import Additive, KindsOfRow
from scrubjay.nets.config import Config
from scrubjay.nets.files.checkpoint import SavedNetwork
from scrubjay.nets.transformer import Transformer
from scrubjay.run import Run, Settings
from scrubjay.study import Study, explain
from scrubjay.tasks.domain import Domain
from scrubjay.tasks.task import Task
from tests.data.small_network import small_task
from tests.evidence.inner.cut_out import untrained_run
from tests.planted import one_direction, plant

BINARY = (
    "inner.size",
    "inner.agreement",
    "inner.mistakes",
    "inner.interchange.hinges",
    "inner.interchange.heads",
    "inner.additive",
    "inner.numbers",
    "inner.scrub",
)
"""The claims about a task of two classes and two varying positions, with labels."""
CAPPED = ("inner.interchange.heads", "inner.scrub")
"""The claims that are worth no more than the interchange of hinges."""
HEADLINES = ("inner.size", "inner.agreement", "inner.interchange.hinges", "inner.additive", "inner.scrub")


def explained(network: SavedNetwork | Transformer, task: Task) -> Study:
    return explain(network, task, Settings(draws=4), lines=(INNER,))


def of_run(run: Run) -> Study:
    return explained(run.network, run.task)


def result(study: Study) -> InnerResult:
    return study.found.of(INNER)


def no_smaller_one() -> Run:
    """A network of 170 numbers, in which no smaller one is found.

    Its four heads attend in four ways by two directions, and an inner head has a table for each score and value.
    """
    tokens, seed = 24, 2
    config = Config(d_vocab=tokens + 1, n_ctx=3, d_model=2, n_heads=4, d_head=1, d_mlp=6)
    network = Transformer.initialised(config, seed=seed).double().requires_grad_(False)
    network.W_E *= 2
    network.W_K *= 3
    network.W_in *= 2
    network.b_in += torch.randn(6, generator=torch.Generator().manual_seed(seed))
    network.W_U[:, 2:] = 0
    domain = Domain.square(tokens, last=tokens)
    logits = network(domain.tokens(domain.inputs()))[:, -1, :2]
    network.b_out += torch.linalg.pinv(network.W_U[:, :2].T) @ (500 - logits.median(0).values)
    task = Task("small already", domain, ((0,), (1,)))
    return Run.of(network, task)


@pytest.fixture(scope="module")
def studies(small: SavedNetwork) -> dict[str, Study]:
    exclusive, line = plant("XOR", data=3, seed=1), one_direction()
    return {
        "trained": explained(small, small_task()),
        "no labels": explained(small, replace(small_task(), labels=None, train=None)),
        "exclusive or": explained(exclusive.network, exclusive.task),
        "line": explained(line.network, line.task),
        "untrained": of_run(untrained_run(classes=2, tokens=16, d_mlp=96)),
        "classes": of_run(untrained_run(classes=5)),
        "three positions": of_run(untrained_run(classes=2, positions=3, tokens=6)),
        "one position": of_run(untrained_run(classes=2, positions=1, tokens=40)),
        "no smaller one": of_run(no_smaller_one()),
    }


CASES = (
    "trained",
    "no labels",
    "exclusive or",
    "line",
    "untrained",
    "classes",
    "three positions",
    "one position",
    "no smaller one",
)


@pytest.fixture(params=CASES)
def study(request: pytest.FixtureRequest, studies: dict[str, Study]) -> Study:
    return studies[request.param]


def effect(claim: Claim) -> tuple[float, bool]:
    """How far a claim's lower end lies on the way from chance to perfection, and whether it lies beyond the control."""
    assert claim.value is not None and claim.chance is not None
    value, low = claim.value, claim.value if claim.interval is None else claim.interval[0]
    control = claim.control if claim.control_interval is None else claim.control_interval[1]
    if claim.kind == "count":
        return 1 - value / claim.chance, 2 * value <= control
    chance = claim.chance
    return (min(value, low) - chance) / (1 - chance), low > control


# Claims


def test_a_binary_task_of_two_positions_has_all_claims(studies: dict[str, Study]) -> None:
    claims = studies["trained"].claims
    assert tuple(claim.id for claim in claims) == BINARY
    assert tuple(claim.id for claim in claims if claim.headline) == HEADLINES
    assert all(claim.section == INNER.name and claim.topic for claim in claims)


def test_values_are_shares_and_verdicts_follow_the_rule(study: Study) -> None:
    for claim in study.claims:
        if claim.verdict == "not applicable":
            assert claim.value is None
            continue
        assert claim.value is not None and claim.chance is not None
        if claim.kind == "share":
            numbers = [
                claim.value,
                claim.control,
                claim.chance,
                *(claim.interval or ()),
                *(claim.control_interval or ()),
            ]
            assert all(0 <= number <= 1 for number in numbers), claim
        reached, beyond = effect(claim)
        wanted: Verdict = "holds" if reached >= 0.9 else "partly" if reached >= 0.5 else "fails"
        caps = [study.claim("inner.interchange.hinges").verdict] if claim.id in CAPPED else []
        assert claim.verdict == worse_of([wanted if beyond else "fails", *(cap for cap in caps if cap)]), claim


def test_claims_about_agreement_are_those_of_the_inner_network_itself(study: Study) -> None:
    found = result(study)
    answers = study.run.full.classes
    task = study.run.task
    logits = found.inner.network(task.domain.tokens(task.domain.inputs()))[:, -1]
    same = task.class_of(logits.argmax(1)) == answers
    agreement = study.claim("inner.agreement")
    assert agreement.value == pytest.approx(float(same.double().mean()))
    assert agreement.chance == int((answers + 1).bincount().max()) / len(answers)
    if task.train is not None:
        assert agreement.facts["unseen"] == pytest.approx(float(same[~task.train].double().mean()))
    if task.labels is not None and bool((answers != task.labels).any()):
        wrong = answers != task.labels
        mistakes = study.claim("inner.mistakes")
        assert mistakes.value == pytest.approx(float(same[wrong].double().mean()))
        assert mistakes.facts["mistakes"] == int(wrong.sum())
        departs = task.class_of(logits.argmax(1)) != task.labels
        assert mistakes.chance == pytest.approx(float(departs.double().mean()))


def test_the_size_is_counted_against_the_network_and_an_untrained_one(study: Study) -> None:
    found, size = result(study), study.claim("inner.size")
    whole = sum(weight.numel() for weight in study.run.network.parameters())
    assert size.chance == size.control and size.facts["numbers"] == found.inner.parts.numbers < whole
    assert size.value == (whole if found.reached is None else found.inner.parts.numbers)
    assert size.control <= whole
    if found.untrained is not None and found.untrained.shrinks:
        assert size.control == min(whole, found.untrained.numbers)


def test_the_additive_network_is_compared_with_the_network_and_with_frozen_attention(study: Study) -> None:
    found = result(study).meaning
    if found is None:
        return
    claim, answers, train = study.claim("inner.additive"), study.run.full.classes, study.run.task.train
    same = found.additive.classes == answers
    frozen = float((study.run.frozen.classes == answers).double().mean())
    majority = study.claim("inner.agreement").chance
    assert majority is not None and claim.chance == majority
    assert claim.value == pytest.approx(float(same.double().mean()))
    assert claim.control == pytest.approx(max(frozen, majority))
    assert claim.facts["numbers"] == sum(table.numel() for table in found.additive.tables)
    if train is not None:
        assert claim.facts["unseen"] == pytest.approx(float(same[~train].double().mean()))


def test_without_labels_nothing_is_said_of_mistakes(studies: dict[str, Study]) -> None:
    claims = studies["no labels"].claims
    assert tuple(claim.id for claim in claims) == tuple(each for each in BINARY if each != "inner.mistakes")
    assert "mistakes" not in studies["no labels"].paragraph
    for claim in claims:  # labels are read for nothing else
        other = studies["trained"].claim(claim.id)
        assert (claim.value, claim.control, claim.verdict) == (other.value, other.control, other.verdict)


def test_a_network_without_mistakes_is_said_to_make_none(studies: dict[str, Study]) -> None:
    claim = studies["exclusive or"].claim("inner.mistakes")
    assert claim.verdict == "not applicable" and claim.statement.startswith("The network makes no mistakes")
    assert "mistakes" not in studies["exclusive or"].paragraph


def test_the_trained_network_has_a_small_one_inside(studies: dict[str, Study]) -> None:
    study = studies["trained"]
    assert study.claim("inner.agreement").verdict == "holds"
    assert study.claim("inner.scrub").verdict == study.claim("inner.interchange.hinges").verdict == "holds"
    size = study.claim("inner.size")
    assert size.value == 181 and size.verdict == "fails", "an untrained network needs less than twice as many numbers"
    assert study.claim("inner.additive").verdict != "holds"


# Where there is less to say


def test_more_classes_have_no_rows(studies: dict[str, Study]) -> None:
    study = studies["classes"]
    assert tuple(claim.id for claim in study.claims) == tuple(each for each in BINARY if each != "inner.numbers")
    assert "rows" not in study.claim("inner.additive").facts
    meaning = result(study).meaning
    assert meaning is not None and meaning.kinds is None and meaning.swapped is None
    assert "answers 1" not in study.paragraph and "row" not in study.paragraph


def test_three_positions_have_tables_and_no_rows(studies: dict[str, Study]) -> None:
    study = studies["three positions"]
    assert tuple(claim.id for claim in study.claims) == tuple(each for each in BINARY if each != "inner.numbers")
    found = result(study).meaning
    assert found is not None and len(found.additive.tables) == 3 and found.kinds is None
    assert found.additive.numbers == 18 * found.additive.mean.numel()


def test_one_position_has_no_tables(studies: dict[str, Study]) -> None:
    study = studies["one position"]
    assert result(study).meaning is None
    assert not {"inner.additive", "inner.numbers"} & {claim.id for claim in study.claims}


def test_a_network_that_needs_no_hinge_has_none_to_exchange(studies: dict[str, Study]) -> None:
    study = studies["line"]
    claim = study.claim("inner.interchange.hinges")
    assert claim.verdict == "not applicable" and "has no hinges" in claim.statement
    assert result(study).random_groups is None and result(study).scrubbed.random is None
    assert study.claim("inner.agreement").verdict == study.claim("inner.scrub").verdict == "holds"
    assert "neurons" not in study.claim("inner.scrub").statement
    assert "no hinge is needed" in study.paragraph and "l > 0" in study.paragraph


def test_a_network_of_constant_answers_is_skipped() -> None:
    planted = plant("AND", tokens=9, seed=3)
    planted.network.b_out.copy_(1e9 * planted.network.W_U[:, 1])
    (skipped,) = explained(planted.network, planted.task).skipped
    assert skipped.reason == "the network gives all 81 inputs the same answer, so there is nothing to explain"


# Negative results


def test_an_untrained_network_is_not_told_as_a_finding(studies: dict[str, Study]) -> None:
    """It shrinks as far as the control, which is an untrained network of another seed."""
    study = studies["untrained"]
    size = study.claim("inner.size")
    assert size.verdict == "fails" and "(control: an untrained network, which needs about " in size.statement
    assert "That size shows nothing by itself, since an untrained network of the same sizes needs about " in (
        study.paragraph
    )
    for name in ("untrained", "classes", "three positions"):
        assert "It is not shown to be the mechanism" in studies[name].paragraph


def test_where_no_smaller_network_gives_the_answers_that_is_said(studies: dict[str, Study]) -> None:
    study = studies["no smaller one"]
    found = result(study)
    assert found.reached is None and found.inner.agreement < 0.99
    assert any(each.agreement >= 0.99 for each in found.found.front), "larger ones do"
    size = study.claim("inner.size")
    assert size.verdict == "fails" and size.value == found.whole and size.facts["target"] is None
    assert size.statement.startswith("No fewer numbers than the network's own")
    (sentence,) = INNER.words(found)
    assert sentence.startswith("No smaller network was found inside this one that gives 99% of its answers")
    assert f"{found.inner.agreement:.1%}" in sentence


def test_what_a_test_does_not_show_is_not_told_as_a_mechanism(study: Study) -> None:
    tests = [study.claim(f"inner.{name}") for name in ("interchange.hinges", "interchange.heads", "scrub")]
    fails = any(claim.verdict == "fails" for claim in tests)
    if result(study).reached is not None:
        assert ("It is a mechanism" in study.paragraph) != fails
        assert ("It is not shown to be the mechanism" in study.paragraph) == fails


def test_a_failing_test_takes_the_mechanism_back(studies: dict[str, Study]) -> None:
    found = result(studies["exclusive or"])
    assert "It is a mechanism" in " ".join(words(found))
    half = Score.exact(0.5)
    scrubbed = replace(found.scrubbed, rows={**found.scrubbed.rows, "both": half})
    told = words(replace(found, scrubbed=scrubbed))
    assert told[1 + (len(told) > 3)] == (
        "It is not shown to be the mechanism: the resampling of what it leaves out does not hold beside its control."
    )


# Words


def test_words_are_whole_sentences(study: Study) -> None:
    sentences = INNER.words(result(study))
    assert sentences and all(sentence.endswith(".") and sentence[0].isupper() for sentence in sentences)
    claims = [claim.statement for claim in study.claims]
    assert all(statement[0].isupper() or statement[0].isdigit() for statement in claims)
    for text in (*sentences, *claims):
        assert not re.search(r"\b(nan|inf|None|1 dimensions|1 heads|1 hinges|1 quantities|1 numbers)\b", text), text
        assert text.count("(") == text.count(")") and "  " not in text, text


def test_the_story_of_a_planted_gate_is_told_in_full(studies: dict[str, Study]) -> None:
    study = studies["exclusive or"]
    assert study.paragraph.startswith(
        "Inside the network is a smaller one of 2 dimensions, 1 head and 2 hinges: 78 numbers in place of 1,228, read "
        "off the weights, give 100.0% of its answers."
    )
    assert "it answers 1 where l + ½|z0| - ½|z1| > 0." in study.paragraph
    assert "Each of z0, z1 and l is a number of token 1 plus a number of token 2, up to less than 1%" in study.paragraph
    kinds = result(study).meaning
    assert kinds is not None and kinds.kinds is not None
    rows = dict(zip(kinds.kinds.names, map(len, kinds.kinds.members), strict=True))
    assert rows == study.claim("inner.additive").facts["rows"] and sum(rows.values()) == 20
    assert all(f"{name} ({count})" in study.paragraph for name, count in rows.items())


def test_tokens_that_do_not_act_independently_are_told_as_such(studies: dict[str, Study]) -> None:
    claim = studies["trained"].claim("inner.additive")
    assert claim.value is not None and claim.value < 0.95
    assert (
        f"give {claim.shown} of the answers, so the two tokens do not act independently" in studies["trained"].paragraph
    )


def with_hinges(study: Study, signs: list[float]) -> Meaning:
    """What the trained network computes with, if it had as many hinges of the given signs."""
    found = result(study)
    assert found.meaning is not None
    run, draw = found.run, torch.Generator().manual_seed(0)
    hinges = torch.randn(run.task.domain.size, len(signs), generator=draw).double()
    quantities = replace(found.meaning.quantities, hinges=hinges, outputs=torch.tensor(signs).double()[:, None])
    additive = Additive.of(quantities, run.task.domain, run.readout)
    kinds = KindsOfRow.of(quantities, additive, run.task.domain, run.full.classes, "2")
    return replace(found.meaning, quantities=quantities, additive=additive, kinds=kinds)


@pytest.mark.parametrize(
    ("signs", "rule_", "names"),
    [
        ([], "l > 0", "l"),
        ([-1.0], "l - ½|z0| > 0", "z0 and l"),
        ([1.0, 1.0, -1.0], "l + ½|z0| + ½|z1| - ½|z2| > 0", "z0, z1, z2 and l"),
        ([1.0] * 3 + [-1.0] * 3, "l + ½(|z0| + ... + |z2|) - ½(|z3| + ... + |z5|) > 0", "z0 to z5 and l"),
        ([1.0] * 5, "l + ½(|z0| + ... + |z4|) > 0", "z0 to z4 and l"),
    ],
)
def test_the_rule_lists_few_hinges_and_sums_up_many(
    studies: dict[str, Study], signs: list[float], rule_: str, names: str
) -> None:
    meaning = with_hinges(studies["trained"], signs)
    assert (rule(meaning), quantity_list(meaning)) == (rule_, names)


def test_a_table_of_many_hinges_is_not_wide(studies: dict[str, Study]) -> None:
    found = result(studies["trained"])
    few = INNER.tables(found)[-1]
    many = INNER.tables(replace(found, meaning=with_hinges(studies["trained"], [1.0] * 9)))[-1]
    assert "signs of z" in few.columns and len(few.columns) == 7
    assert many.columns == ("class 1", "rows", "mean l", "1 at small 2", "1 at large 2")


# Tables and figures


def test_tables_are_as_wide_as_their_heads_and_name_the_tested_network(study: Study) -> None:
    tables = INNER.tables(result(study))
    assert all(len(row) == len(table.columns) for table in tables for row in table.rows)
    front = tables[0]
    assert sum("*" in row[0] for row in front.rows) == 1
    numbers = [int(row[0].removesuffix(" *").replace(",", "")) for row in front.rows]
    assert numbers == sorted(numbers)


def test_figures_are_drawn(study: Study, tmp_path: Path) -> None:
    found = result(study)
    pictures = INNER.figures(found)
    drawn = {picture.file: picture.draw() for picture in pictures}
    assert {"inner-front.png", "inner-heads.png"} <= set(drawn)
    has_rows = (
        found.meaning is not None and found.meaning.kinds is not None and len(found.meaning.quantities.outputs) > 0
    )
    assert ({"inner-rows.png", "inner-single-rows.png"} <= set(drawn)) == has_rows
    for picture in pictures:
        assert save(drawn[picture.file], tmp_path / picture.file).exists()
        assert picture.caption.endswith(".") and picture.alternative
    panels = {file: len(figure.axes) for file, figure in drawn.items()}
    two = study.run.task.is_binary and found.found.few_hinges.anatomy.coordinates.r > 1
    (front,) = (picture for picture in pictures if picture.file == "inner-front.png")
    assert panels["inner-front.png"] == 1 + two and ("Right:" in front.caption) == two
    assert panels["inner-heads.png"] == 2 * len(found.inner.parts.ranks)


def test_many_hinges_are_drawn(studies: dict[str, Study], tmp_path: Path) -> None:
    """A legend of dozens of lines would leave no room for the panel."""
    found = replace(result(studies["trained"]), meaning=with_hinges(studies["trained"], [1.0] * 40))
    for picture in INNER.figures(found):
        assert save(picture.draw(), tmp_path / picture.file).exists()


def test_a_kind_with_a_single_row_is_drawn(studies: dict[str, Study]) -> None:
    found = result(studies["trained"])
    assert found.meaning is not None and found.meaning.kinds is not None
    assert 1 in map(len, found.meaning.kinds.members)
    (rows, single) = (picture.draw() for picture in INNER.figures(found)[:2])
    collections = rows.axes[0].collections
    assert [len(each.get_offsets()) for each in collections] == [len(each) for each in found.meaning.kinds.members]  # type: ignore[arg-type]
    assert len([axes for axes in single.axes if axes.get_title()]) == len(found.meaning.kinds.names)


# Threads


def test_the_result_does_not_depend_on_the_number_of_threads(small: SavedNetwork, studies: dict[str, Study]) -> None:
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            found.append(explained(small, small_task()))
    finally:
        torch.set_num_threads(before)
    one, two = found
    assert one.claims == two.claims == studies["trained"].claims and one.paragraph == two.paragraph
    assert torch.equal(result(one).streams, result(two).streams)
    assert [table.rows for table in INNER.tables(result(one))] == [table.rows for table in INNER.tables(result(two))]
    assert not math.isnan(float(one.claim("inner.size").value or math.nan))
