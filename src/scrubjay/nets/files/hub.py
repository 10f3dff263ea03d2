"""Reading networks from anywhere, and sharing them on the Hugging Face hub (extra ``hub``).

Source: the ``HfApi`` client of huggingface_hub. It reads the environment variables ``HF_ENDPOINT``, ``HF_TOKEN``,
``HF_HOME`` and ``HF_HUB_OFFLINE``.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from scrubjay.core.errors import BadInput, OutOfResources, UsageError
from scrubjay.core.files import read_whole
from scrubjay.nets.files.card import model_card
from scrubjay.nets.files.checkpoint import (
    BUNDLED,
    NETWORK_FILE,
    SavedNetwork,
    bundled_network,
    network_file,
    read_network,
)

if TYPE_CHECKING:
    from huggingface_hub import HfApi


SCHEME = "hf://"
"""How the address of a network on the hub begins."""

_ADDRESS = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w./-]+))?")

_LOG_IN = "log in with `hf auth login`, or set HF_TOKEN to a token with write access"
"""What to do about a missing or insufficient token."""

_CLIENT_LIBRARIES = ("httpx", "httpx2", "httpcore", "httpcore2", "requests")
"""The libraries whose errors mean that the hub cannot be reached."""


@dataclass(frozen=True)
class Address:
    """A repository on the hub.

    Attributes:
        repo: ``owner/name``.
        revision: a branch, tag or commit of it, or None for the main branch.
    """

    repo: str
    revision: str | None = None

    @classmethod
    def parse(cls, words: str) -> "Address":
        """Read an address of the form ``hf://owner/name[@revision]``; ``hf://`` may be left out.

        Raises:
            UsageError: ``words`` has another form.
        """
        found = _ADDRESS.fullmatch(words.removeprefix(SCHEME).rstrip("/"))
        if found is None:
            raise UsageError(
                f"{words!r} is not a repository of the hub; write owner/name or hf://owner/name, and @revision after "
                f"it for a branch, tag or commit"
            )
        return cls(found["repo"], found["revision"])


def load_network(where: str | Path) -> SavedNetwork:
    """Read a network from a file, a run folder or the Hugging Face hub.

    Example:
        >>> import scrubjay
        >>> scrubjay.load_network("bundled").network.config.d_model
        128

    Args:
        where: one of

            - the path of a network file, or of a folder that contains ``network.safetensors``,
            - ``"bundled"`` or ``"modular"``, the networks that are part of scrubjay (write ``./bundled`` for a file of
              that name),
            - ``"hf://owner/name"`` or ``"hf://owner/name@revision"``, a repository on the Hugging Face hub. Its file is
              kept in the hub's own cache.

    Raises:
        BadInput: there is no such file, repository or revision, or its sizes or values do not make a network.
        RefusedFile: the file is damaged or is not one of ours.
        UsageError: the address of the repository is malformed, or huggingface_hub is not installed.
        OutOfResources: the hub cannot be reached.
    """
    if not isinstance(where, str) or not where.startswith(SCHEME):
        return read_network(_path(where))
    address = Address.parse(where)
    api = _api()
    with _errors_as_sentences(f"hf://{address.repo}", api):
        file = api.hf_hub_download(address.repo, NETWORK_FILE, revision=address.revision)
    return replace(read_network(file), name=address.repo.rsplit("/", 1)[1])


def push_network(
    where: str | Path, repo: str, *, licence: str | None = None, private: bool = False, message: str | None = None
) -> str:
    """Upload a network file and a model card to the Hugging Face hub, creating the repository if necessary.

    Args:
        where: a network file, a run folder, ``"bundled"`` or ``"modular"``. The network is read, and its digest
            checked, first.
        repo: ``owner/name``, with or without ``hf://`` before it.
        licence: the licence in the model card, as the hub spells it. The default is ``mit`` for the bundled networks
            and ``unknown`` for others.
        private: create the repository as a private one. A repository that exists already stays as it is.
        message: the message of the commit.

    Returns:
        The address of the commit's page.

    Raises:
        BadInput: there is no such file.
        RefusedFile: the file is damaged or is not one of ours.
        UsageError: ``repo`` is malformed or may not be written, nobody is logged in, or huggingface_hub is not
            installed.
        OutOfResources: the hub cannot be reached.
    """
    address = Address.parse(repo)
    path = _path(where)
    saved = read_network(path)
    if licence is None:
        ours = {read_network(bundled_network(word)).manifest["sha256"] for word in BUNDLED}
        licence = "mit" if saved.manifest["sha256"] in ours else "unknown"
    card = model_card(saved, address.repo, licence)
    content = read_whole(network_file(path))
    api = _api()
    from huggingface_hub import CommitOperationAdd, get_token

    if get_token() is None:
        raise UsageError(f"you are not logged in to the hub, so nothing can be pushed to {address.repo}; {_LOG_IN}")
    with _errors_as_sentences(f"hf://{address.repo}", api):
        api.create_repo(address.repo, private=private, exist_ok=True)
        done = api.create_commit(
            address.repo,
            [CommitOperationAdd(NETWORK_FILE, content), CommitOperationAdd("README.md", card.encode())],
            commit_message=message or f"{saved.name}, by scrubjay {version('scrubjay')}",
            revision=address.revision,
        )
    return str(done.commit_url)


def _path(where: str | Path) -> Path:
    """The path of a network on this machine."""
    return bundled_network(where) if isinstance(where, str) and where in BUNDLED else Path(where)


def _api() -> "HfApi":
    try:
        from huggingface_hub import HfApi
    except ImportError as error:
        raise UsageError(
            f"networks on the hub need huggingface_hub ({error}); install it with pip install 'scrubjay[hub]'"
        ) from error
    return HfApi(library_name="scrubjay", library_version=version("scrubjay"))


@contextmanager
def _errors_as_sentences(what: str, api: "HfApi") -> Iterator[None]:
    """Replace the client's errors, whose messages span many lines, by ours, whose messages are one sentence."""
    from huggingface_hub import errors

    hub = api.endpoint
    try:
        yield
    except errors.GatedRepoError as error:
        raise BadInput(f"{what} is gated: ask for access on its page at {hub}, then {_LOG_IN}") from error
    except errors.RepositoryNotFoundError as error:
        raise BadInput(
            f"{what} does not exist at {hub}, or is private and you are not logged in (`hf auth login`)"
        ) from error
    except errors.RevisionNotFoundError as error:
        raise BadInput(f"{what} has no such branch, tag or commit") from error
    except errors.RemoteEntryNotFoundError as error:
        raise BadInput(f"{what} holds no {NETWORK_FILE}; `scrubjay push` makes repositories that do") from error
    except errors.HFValidationError as error:
        raise UsageError(f"{what} is not a repository of the hub: {error}") from error
    except errors.HfHubHTTPError as error:
        status = error.response.status_code
        if status in (401, 403):
            raise UsageError(f"the hub does not let you write to {what} (status {status}); {_LOG_IN}") from error
        raise OutOfResources(f"the hub at {hub} answered {what} with the status {status}; try again later") from error
    except errors.LocalEntryNotFoundError as error:
        raise OutOfResources(f"{what} is not in the cache, and the hub at {hub} cannot be reached") from error
    except RuntimeError as error:  # an upload that broke off; its cause says why
        raise OutOfResources(f"{what}: {error} ({error.__cause__}); try again later") from error
    except (OSError, errors.OfflineModeIsEnabled) as error:
        raise OutOfResources(f"{what}: the hub at {hub} cannot be reached ({error})") from error
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in _CLIENT_LIBRARIES:
            raise
        raise OutOfResources(f"{what}: the hub at {hub} cannot be reached ({error})") from error
