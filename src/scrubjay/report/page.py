"""``report.html``: one page, opened from disk and offline, that holds the claims, the figures and the network itself.

What a user supplies (names, labels, commands) is escaped in text and attributes, and in the embedded JSON written
without ``<``, ``>`` and ``&``; a Content-Security-Policy allows this page's own script and style by their hashes, and
no request at all.
"""

import webbrowser
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template

from scrubjay.core.claim import HOLDS, PARTLY, Claim, as_shown
from scrubjay.core.errors import BadInput
from scrubjay.core.files import write_whole
from scrubjay.evidence.line import Line, Picture, Skipped
from scrubjay.report.bundle import page_script, style, template
from scrubjay.report.claims_json import claims_json
from scrubjay.report.markup import data_url, entry, figure_markup, number, policy, verdict_mark
from scrubjay.report.portrait import Portrait
from scrubjay.report.portrait_json import portrait_json
from scrubjay.study import Study

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
    def of(cls, study: Study, figures: Sequence[Path] = ()) -> "Report":
        """Put a study on a page.

        Args:
            study: what ``explain`` found. A network or a domain too large for a page is left out of it, and the page
                says so.
            figures: as ``write_figures`` gives them.

        Raises:
            BadInput: a figure cannot be read.
        """
        script, sheet = page_script(), style("page", "explorer")
        try:
            portrait, place = _playable(study), '<div id="explorer"></div>'
        except BadInput as refusal:
            portrait, place = "null", f'<p class="prose">The network is not in this page: {escape(str(refusal))}.</p>'
        drawn, pictures = {path.name: path for path in figures}, study.pictures()
        published = any(claim.published is not None for claim in study.claims)
        return cls(
            study.title,
            Template(template("page")).substitute(
                policy=escape(policy(script, sheet)),
                title=escape(f"{study.title} on {study.task.name}"),
                about=escape(_about(study)),
                paragraph=escape(study.paragraph),
                contents="".join(entry(anchor, title) for anchor, title in _contents(study)),
                reading=escape(_reading(published)),
                claims_link=data_url("application/json", claims_json(study).encode()),
                post_head='<th scope="col" class="number">published*</th>' if published else "",
                claims="\n".join(_row(claim, published) for claim in study.claims),
                explorer=place,
                sections="\n".join(
                    (
                        *(_section(line, study, pictures[line.name], drawn) for line in study.lines),
                        *map(_skipped, study.skipped),
                    )
                ),
                provenance="\n".join(
                    f"<dt>{escape(str(key))}</dt><dd>{escape(_told(value))}</dd>"
                    for key, value in study.provenance.items()
                ),
                portrait=portrait,
                script=script,
                style=sheet,
            ),
        )

    def save(self, path: str | Path) -> Path:
        """Write the page.

        Raises:
            OutOfResources: it can't be written.
        """
        write_whole(Path(path), self.html.encode("utf-8"))
        return Path(path)

    def _repr_html_(self) -> str:
        return (
            f'<iframe title="{escape(self.title)}" sandbox="allow-scripts allow-downloads" '
            f'srcdoc="{escape(self.html)}" style="width: 100%; height: 80vh; border: 1px solid #888"></iframe>'
        )


def open_report(folder: str | Path) -> tuple[str, bool]:
    """Open a folder's report in the browser, and give its address and whether a browser took it.

    Raises:
        BadInput: the folder has no report.
    """
    folder = Path(folder)
    path = folder if folder.suffix == ".html" else folder / "report.html"
    if not path.is_file():
        raise BadInput(f"there is no report at {path}; `scrubjay explain --out {folder}` writes one")
    address = path.resolve().as_uri()
    return address, webbrowser.open(address)


def _playable(study: Study) -> str:
    size = sum(weight.nbytes for weight in study.run.network.weights.values())
    if size > MOST_BYTES:
        raise BadInput(f"its weights take {size:,} bytes, and a page has room for {MOST_BYTES:,}")
    return portrait_json(Portrait.of_study(study))


def _about(study: Study) -> str:
    made = f"{study.task.domain.size:,} inputs, all of them run."
    if study.provenance["is_replica"]:
        made += " The network is a replica, trained by the published recipe; it is not the original network."
    return made


def _reading(published: bool) -> str:
    words = (
        f"Beside each value stands its control: the same measurement where the statement must fail. The effect of a "
        f"claim is how far its value lies on the way from chance to perfection. A claim holds from an effect of "
        f"{HOLDS:.0%}, holds partly from {PARTLY:.0%}, and fails if its value does not lie beyond its control. "
        f"Intervals are 95%: over random draws (Student's t, for the mean) or, for shares of counted inputs, Wilson's. "
        f"Values without an interval are exact. Rival explanations and readouts are ranked and get no verdict."
    )
    if published:
        words += " *Published for the original network, whose weights these are not."
    return words


def _contents(study: Study) -> list[tuple[str, str]]:
    own = [(line.name, line.title) for line in study.lines]
    left = [(skipped.line, f"{skipped.title} (skipped)") for skipped in study.skipped]
    return [
        ("claims", "The claims"),
        ("play", "The network itself"),
        *own,
        *left,
        ("provenance", "Where this comes from"),
    ]


def _row(claim: Claim, published: bool) -> str:
    mark = verdict_mark(claim.verdict)
    return (
        f'<tr data-verdict="{mark.name}"><td><code>{escape(claim.id)}</code></td><td>{escape(claim.statement)}</td>'
        + (number("published*", as_shown(claim.published, claim.kind)) if published else "")
        + f"{number('here', claim.shown)}{number('control', as_shown(claim.control, claim.kind))}"
        + f"<td>{mark.markup}</td></tr>"
    )


def _section(line: Line[object], study: Study, pictures: Sequence[Picture], drawn: Mapping[str, Path]) -> str:
    said = "".join(_sentence(claim) for claim in study.claims if claim.section == line.name)
    figures = "".join(figure_markup(picture, drawn[picture.file]) for picture in pictures if picture.file in drawn)
    return (
        f'<section id="{escape(line.name)}"><h2>{escape(line.title)}</h2>'
        f'<p class="prose">{escape(line.question)}</p><ul class="said">{said}</ul>{figures}</section>'
    )


def _skipped(skipped: Skipped) -> str:
    return (
        f'<section id="{escape(skipped.line)}" class="skipped"><h2>{escape(skipped.title)}</h2>'
        f'<p class="prose">Skipped: {escape(skipped.reason)}.</p></section>'
    )


def _sentence(claim: Claim) -> str:
    published = as_shown(claim.published, claim.kind)
    value = f"{claim.shown}{claim.shown_interval}; " if claim.value is not None else ""
    numbers = f"{value}control {as_shown(claim.control, claim.kind)}" + (
        f"; published {published}" if published else ""
    )
    mark = verdict_mark(claim.verdict).markup
    return f'<li>{mark} {escape(claim.statement)}. <span class="numbers">{escape(numbers)}.</span></li>'


def _told(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {each}" for key, each in value.items())
    return str(value)
