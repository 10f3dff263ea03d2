"""What is said of the way from tokens to filters."""

from scrubjay.core.claim import Claim, error_claim, share_claim, untested
from scrubjay.core.stats import chance_share, majority_share
from scrubjay.core.table import Table
from scrubjay.evidence.embeddings.measure import EmbeddingsResult, FilterImages

_SECTION = "embeddings"
_LATIN = {"α": "alpha", "β": "beta", "γ": "gamma"}


def claims(result: EmbeddingsResult) -> list[Claim]:
    """Make the claim that the frozen stream is a sum of token vectors, and those about filters if any are known."""
    found = [
        error_claim(
            "embedding.error",
            _SECTION,
            "The frozen resid_mid is a constant plus a vector for each token; this is the largest difference (control: "
            "the tokens of another input)",
            result.error,
            control=result.of_others,
            topic="largest difference between the frozen stream and a sum of token vectors",
        )
    ]
    if result.images is not None and result.filters is not None:
        found += [*_masks(result, result.images), *_lines(result.images), *_inputs(result, result.images)]
        found.append(_nearness(result.images))
    return found


def answer(result: EmbeddingsResult) -> str:
    """Say how much of the answers the tokens alone give, with attention frozen."""
    error, *others = claims(result)
    said = (
        f"With attention frozen, each token adds a fixed vector to the stream, exactly (largest error {error.shown})."
    )
    masks = {claim.id: claim for claim in others}.get("mask.full")
    return f"{said} The filters of these sums give {masks.shown} of the full network's answers." if masks else said


def tables(result: EmbeddingsResult) -> list[Table]:
    """Make the table of how often every two binary images of the domain agree."""
    if result.images is None:
        return []
    masks = result.images.masks
    return [
        Table(
            "Agreement of the frozen network's filter masks, answers and labels",
            ("", *masks.names),
            [
                (name, *(f"{share:.1%}" for share in row))
                for name, row in zip(masks.names, masks.agreement.tolist(), strict=True)
            ],
        )
    ]


def _masks(result: EmbeddingsResult, images: FilterImages) -> list[Claim]:
    assert result.filters is not None
    control, control_interval = result.filters.sides["frozen"].gate.controls.strongest
    full, frozen = (majority_share(act.classes) for act in (result.run.full, result.run.frozen))
    return [
        share_claim(
            "mask.frozen",
            _SECTION,
            "The gate of the frozen network's filter masks gives the frozen network's answer (control: the control of "
            "gate.frozen)",
            images.masks.between("gate", "frozen labels"),
            chance=frozen,
            control=control,
            control_interval=control_interval,
            at_best=result.filters.sides["frozen"].gate.verdict,
        ),
        share_claim(
            "mask.full",
            _SECTION,
            "The gate of the frozen network's filter masks gives the full network's answer (control: the most frequent "
            "answer)",
            images.masks.between("gate", "full labels"),
            chance=full,
            control=full,
            at_best=result.filters.sides["frozen"].gate.verdict,
        ),
    ]


def _lines(images: FilterImages) -> list[Claim]:
    return [
        share_claim(
            f"line.{_LATIN[name]}",
            _SECTION,
            f"The value of filter {name} in the frozen network explains its value in the full network (R²; control: "
            f"the inputs permuted)",
            line.r_squared,
            chance=0.0,
            control=line.permuted,
        )
        for name, line in zip(images.names, images.lines, strict=True)
    ]


def _inputs(result: EmbeddingsResult, images: FilterImages) -> list[Claim]:
    assert result.filters is not None
    return [
        share_claim(
            f"scrub.inputs.{'+'.join(_LATIN[name] for name in row.name.split('+'))}",
            _SECTION,
            f"The answer stays when the value of {row.name} is taken from an input whose tokens predict nearly the "
            f"same value (control: predictions shuffled between inputs)",
            row.left.mean,
            interval=row.left.interval,
            chance=chance_share(result.run.full.classes),
            control=row.control.mean,
            control_interval=row.control.interval,
            at_best=result.filters.sides["full"].gate.verdict,
            facts={"draws": row.left.draws},
        )
        for row in images.inputs
    ]


def _nearness(images: FilterImages) -> Claim:
    if images.nearness is None:
        return untested(
            "threshold.nearness",
            _SECTION,
            "The frozen network never disagrees with the full network, so no input can be near a threshold for it",
            control=0.5,
        )
    return share_claim(
        "threshold.nearness",
        _SECTION,
        "The frozen network disagrees where a filter's value is near its threshold (AUC; control: chance)",
        images.nearness,
        chance=0.5,
        control=0.5,
    )
