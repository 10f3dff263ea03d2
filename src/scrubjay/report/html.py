"""``report.html``: one page, opened from disk and offline, that holds the claims, the figures and the network itself.

What a user supplies (names, labels, commands) is escaped in text and attributes, and in the embedded JSON written
without ``<``, ``>`` and ``&``; a Content-Security-Policy allows this page's own script and style by their hashes, and
no request at all.
"""

import webbrowser
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template

from scrubjay.errors import BadInput
from scrubjay.files import write_whole
from scrubjay.model.transformer import OneLayerTransformer
from scrubjay.report.bundle import page_script, style, template
from scrubjay.report.claims_json import claims_json
from scrubjay.report.markup import data_url, entry, figure_markup, number, policy, verdict_mark
from scrubjay.report.portrait_json import portrait_json
from scrubjay.report.sections import Laid, laid_out
from scrubjay.study.claims import HOLDS, PARTLY, Claim
from scrubjay.study.portrait import Portrait
from scrubjay.study.records import Study

MOST_BYTES = 2_000_000
"""The weights that a page of 4 MB has room for beside its figures."""


@dataclass(frozen=True)
class Report:
    """A report as a page. In a notebook it shows itself.

    Attributes:
        title: of the page; html: all of it.
    """

    title: str
    html: str

    @classmethod
    def of(cls, study: Study, network: OneLayerTransformer, figures: Sequence[Path] = ()) -> "Report":
        """Put a study on a page.

        Args:
            study: what ``explain`` found.
            network: that it was found of; a network or a domain too large for a page is left out, and the page says so.
            figures: as ``write_figures`` gives them.

        Raises:
            BadInput: a figure can't be read.
        """
        script, sheet = page_script(), style("page", "explorer")
        try:
            portrait, place = _playable(study, network), '<div id="explorer"></div>'
        except BadInput as refusal:
            portrait, place = "null", f'<p class="prose">The network is not in this page: {escape(str(refusal))}.</p>'
        drawn = {path.name: path for path in figures}
        sections = laid_out(study, drawn)
        return cls(
            study.title,
            Template(template("page")).substitute(
                policy=escape(policy(script, sheet)),
                title=escape(f"{study.title} on {study.task.name}"),
                about=escape(_about(study)),
                paragraph=escape(study.paragraph),
                contents="".join(entry(anchor, title) for anchor, title in _contents(sections)),
                reading=escape(_reading(study)),
                claims_link=data_url("application/json", claims_json(study).encode()),
                post_head='<th scope="col" class="number">post*</th>' if _is_published(study) else "",
                claims="\n".join(_row(claim, _is_published(study)) for claim in study.claims),
                explorer=place,
                sections="\n".join(_section(laid, drawn) for laid in sections),
                provenance="\n".join(
                    f"<dt>{escape(str(key))}</dt><dd>{escape(_told(value))}</dd>"
                    for key, value in study.provenance.items()
                ),
                portrait=portrait,
                script=script,
                style=sheet,
            ),
        )

    def save(self, path: Path) -> Path:
        """Write the page.

        Raises:
            OutOfResources: it can't be written.
        """
        write_whole(path, self.html.encode("utf-8"))
        return path

    def _repr_html_(self) -> str:
        return (
            f'<iframe title="{escape(self.title)}" sandbox="allow-scripts allow-downloads" '
            f'srcdoc="{escape(self.html)}" style="width: 100%; height: 80vh; border: 1px solid #888"></iframe>'
        )


def write_report(study: Study, network: OneLayerTransformer, folder: Path, figures: Sequence[Path] = ()) -> Path:
    """Write ``report.html`` into a folder.

    Raises:
        OutOfResources: the folder can't be written.
    """
    return Report.of(study, network, figures).save(folder / "report.html")


def open_report(folder: Path) -> tuple[str, bool]:
    """Open a folder's report in the browser, and give its address and whether a browser took it.

    Raises:
        BadInput: the folder has no report.
    """
    path = folder if folder.suffix == ".html" else folder / "report.html"
    if not path.is_file():
        raise BadInput(f"there is no report at {path}; `scrubjay explain --out {folder}` writes one")
    address = path.resolve().as_uri()
    return address, webbrowser.open(address)


def _playable(study: Study, network: OneLayerTransformer) -> str:
    size = sum(weight.nbytes for weight in network.weights.values())
    if size > MOST_BYTES:
        raise BadInput(f"its weights take {size:,} bytes, and a page has room for {MOST_BYTES:,}")
    return portrait_json(Portrait.of_study(study, network))


def _about(study: Study) -> str:
    made = f"{study.task.domain.size:,} inputs, all of them run."
    if study.provenance["is_replica"]:
        made += " The network is a replica, trained by the published recipe; it is not the original network."
    return made


def _is_published(study: Study) -> bool:
    return any(claim.post is not None for claim in study.claims)


def _reading(study: Study) -> str:
    words = (
        f"Beside each value stands its control: the same measurement where the statement must fail. A claim holds if "
        f"its value has gone at least {HOLDS:.0%} of the way from the control to perfection, partly from {PARTLY:.0%}. "
        f"Intervals are 95%, over random draws or, for rivals, with the inputs counted taken as a sample; values "
        f"without one are exact."
    )
    if _is_published(study):
        words += " *Published for the original network, whose weights these are not."
    return words


def _contents(sections: Sequence[Laid]) -> list[tuple[str, str]]:
    own = [(laid.section.anchor, laid.section.title) for laid in sections]
    return [("claims", "The claims"), ("play", "The network itself"), *own, ("provenance", "Where this comes from")]


def _row(claim: Claim, has_post: bool) -> str:
    post, value, control = claim.shown
    return (
        f'<tr data-verdict="{claim.verdict}"><td><code>{escape(claim.id)}</code></td><td>{escape(claim.statement)}</td>'
        + (number("post*", post) if has_post else "")
        + f"{number('here', value)}{number('control', control)}<td>{verdict_mark(claim.verdict)}</td></tr>"
    )


def _section(laid: Laid, drawn: dict[str, Path]) -> str:
    said = "".join(_sentence(claim) for claim in laid.claims)
    figures = "".join(figure_markup(figure, drawn[figure.file]) for figure in laid.figures)
    return (
        f'<section id="{laid.section.anchor}"><h2>{escape(laid.section.title)}</h2>'
        f'<p class="prose">{escape(laid.section.question)}</p><ul class="said">{said}</ul>{figures}</section>'
    )


def _sentence(claim: Claim) -> str:
    post, value, control = claim.shown
    numbers = f"{value}{_between(claim)}; control {control}" + (f"; published {post}" if post else "")
    mark = verdict_mark(claim.verdict)
    return f'<li>{mark} {escape(claim.statement)}. <span class="numbers">{escape(numbers)}.</span></li>'


def _between(claim: Claim) -> str:
    if claim.interval is None:
        return ""
    low, high = claim.interval
    return f" ({low} to {high})" if isinstance(low, int) else f" ({low:.1%} to {high:.1%})"


def _told(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {each}" for key, each in value.items())
    return str(value)
