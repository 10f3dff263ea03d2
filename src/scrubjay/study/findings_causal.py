"""Claims of the second half: embeddings, masks, MLP, shifts, scrubbing, attention."""

from scrubjay.evidence.controls import majority_share
from scrubjay.evidence.scrub_controls import strongest
from scrubjay.study.claims import Claim, error_claim, share_claim
from scrubjay.study.records import Comparison, FilterImages, Mechanism, Side
from scrubjay.task.task import Task


def embedding_claims(comparison: Comparison) -> list[Claim]:
    """The frozen ``resid_mid`` is a sum of extended embeddings."""
    embedding = comparison.embedding
    return [
        error_claim(
            "embedding.error",
            "The frozen resid_mid is const + the sum of a vector for each token, up to this largest difference "
            "(control: another input's tokens)",
            embedding.error,
            embedding.of_others,
        )
    ]


def image_claims(task: Task, images: FilterImages, full: Side, frozen: Side) -> list[Claim]:
    """The filters' masks and their images over the domain."""
    assert frozen.gate is not None
    lines = [
        share_claim(
            f"line.{_latin(name)}",
            f"Its value in the frozen network explains filter {name}'s value in the full one (R²; control: permuted)",
            None,
            line.r_squared,
            line.permuted,
        )
        for name, line in zip(images.names, images.lines, strict=True)
    ]
    inputs = [
        share_claim(
            f"scrub.inputs.{'+'.join(map(_latin, row.name.split('+')))}",
            f"The answer stays when {row.name}'s value is taken from inputs whose tokens give it the same image "
            f"(control: image shuffled)",
            None,
            row.left.mean,
            row.control.mean,
            row.left.interval,
        )
        for row in images.inputs
    ]
    return [
        share_claim(
            "mask.frozen",
            "The gate of the frozen network's filter masks gives the frozen network's answer",
            task.published.get("mask.frozen"),
            images.masks.between("gate", "frozen labels"),
            frozen.gate.controls.strongest,
        ),
        share_claim(
            "mask.full",
            "The gate of the frozen network's filter masks gives the full network's answer",
            task.published.get("mask.full"),
            images.masks.between("gate", "full labels"),
            majority_share(full.activations.classes),
        ),
        *lines,
        *inputs,
        share_claim(
            "threshold.nearness",
            "Where the frozen network disagrees, filter values are near a threshold (AUC; control: chance)",
            None,
            images.nearness,
            0.5,
        ),
    ]


def mechanism_claims(task: Task, side: Side, mechanism: Mechanism) -> list[Claim]:
    """What one network does under the interventions that its hypothesis licenses."""
    tail = "" if side.name == "full" else f".{side.name}"
    mlp = mechanism.mlp
    random, boundary = mechanism.steering_random, mechanism.steering_boundary
    ends = random.area.quantile(random.area.new_tensor([0.025, 0.975])).tolist()
    return [
        share_claim(
            f"mlp.separability{tail}",
            f"After the MLP one half-space gives the {side.name} network's answer (control: before the MLP)",
            None,
            mlp.separability[-1],
            mlp.separability[0],
        ),
        share_claim(
            f"mlp.gate{tail}",
            f"With all but the filters at its mean, the {side.name} network computes {mlp.decisions.reading.gate.name} "
            f"of them (control: the next best gate)",
            None,
            mlp.decisions.reading.agreement,
            mlp.decisions.other,
        ),
        share_claim(
            f"steering.random{tail}",
            f"Under random shifts of length 0 to {random.lengths[-1]:g} the filters predict the {side.name} network's "
            f"answer (area; {_reach(random.reach)}; control: their prediction before the shift)",
            None,
            float(random.area.mean()),
            random.control,
            (ends[0], ends[1]),
        ),
        share_claim(
            f"steering.boundary{tail}",
            f"Under shifts along the filters the filters predict the {side.name} network's answer "
            f"(area; {_reach(boundary.reach)}; control: their prediction before the shift)",
            None,
            float(boundary.area.mean()),
            boundary.control,
        ),
        *_scrub_claims(task, side, mechanism),
    ]


def attention_claims(comparison: Comparison) -> list[Claim]:
    """What the first-order effect of attention foresees."""
    scaling = comparison.scaling
    return [
        share_claim(
            "attention.first_order",
            f"The first-order effect of attention around its mean tells which of the {scaling.flips} answers flip "
            f"(F1; precision {scaling.precision:.1%}, recall {scaling.recall:.1%}; control: as many at random)",
            None,
            scaling.f1,
            scaling.chance,
        )
    ]


def _scrub_claims(task: Task, side: Side, mechanism: Mechanism) -> list[Claim]:
    claims = []
    for row, scores in mechanism.scores.items():
        claim_id = f"scrub.{side.name}.{row}"
        claims.append(
            share_claim(
                claim_id,
                f"Ablation [{row}] leaves the {side.name} network's answers (control: the strongest wrong hypothesis)",
                task.published.get(claim_id),
                scores.own.mean,
                max(mechanism.resampled, strongest(mechanism.controls, row)),
                scores.own.interval,
            )
        )
    last = list(mechanism.scores)[-1]
    fitted, refined = mechanism.refined.fitted_scores[last].own, mechanism.refined.refined_scores[last].own
    claims.append(
        share_claim(
            f"scrub.{side.name}.refined.{last}",
            f"Ablation [{last}] along causally refined directions leaves the {side.name} network's answers, on inputs "
            f"that the refinement did not see (the fitted directions there: {fitted.mean:.1%})",
            None,
            refined.mean,
            max(mechanism.resampled, strongest(mechanism.controls, last)),
            refined.interval,
        )
    )
    return claims


def _reach(length: float | None) -> str:
    return "never below 90%" if length is None else f"below 90% from length {length:g}"


def _latin(name: str) -> str:
    return {"α": "alpha", "β": "beta", "γ": "gamma"}[name]
