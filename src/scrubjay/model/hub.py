"""Networks on the Hugging Face hub (extra ``hub``), and from anywhere: ``load``.

Source: huggingface_hub's ``HfApi``. It reads ``HF_ENDPOINT``, ``HF_TOKEN``, ``HF_HOME`` and ``HF_HUB_OFFLINE``.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from scrubjay.errors import BadInput, OutOfResources, UsageError
from scrubjay.files import read_whole
from scrubjay.model.card import model_card
from scrubjay.model.checkpoint import NETWORK_FILE, SavedNetwork, bundled_network, load_network

if TYPE_CHECKING:
    from huggingface_hub import HfApi

SCHEME = "hf://"
_ADDRESS = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w./-]+))?")
_LOG_IN = "log in with `hf auth login`, or set HF_TOKEN to a token that may write"


@dataclass(frozen=True)
class Address:
    """A repository of the hub: ``owner/name``, and a branch, tag or commit of it."""

    repo: str
    revision: str | None = None

    @classmethod
    def parse(cls, words: str) -> "Address":
        """The address that ``hf://owner/name[@revision]`` (or the same without ``hf://``) is.

        Raises:
            UsageError: anything else.
        """
        found = _ADDRESS.fullmatch(words.removeprefix(SCHEME).rstrip("/"))
        if found is None:
            raise UsageError(f"{words!r} is no repository of the hub; one is written owner/name or hf://owner/name")
        return cls(found["repo"], found["revision"])


def load(where: str | Path) -> SavedNetwork:
    """Read a network from wherever it is.

    Args:
        where: a network file, a run folder, or ``hf://owner/name[@revision]`` on the Hugging Face hub, whose files are
            kept in the hub's own cache.

    Raises:
        BadInput: no such file, repository or revision; sizes or values that make no network.
        RefusedFile: damaged, or not one of ours.
        UsageError: an address that is none; huggingface_hub is not installed.
        OutOfResources: the hub can't be reached.
    """
    if not str(where).startswith(SCHEME):
        return load_network(Path(where))
    address = Address.parse(str(where))
    api = _api()
    with _sentences(f"hf://{address.repo}", api):
        file = api.hf_hub_download(address.repo, NETWORK_FILE, revision=address.revision)
    return replace(load_network(Path(file)), name=address.repo.rsplit("/", 1)[1])


def push_network(
    path: Path, repo: str, *, licence: str | None = None, private: bool = False, message: str | None = None
) -> str:
    """Put a network file with its model card on the Hugging Face hub; the repository is made if there is none.

    Args:
        path: a network file or run folder; it is read and its seal checked first.
        repo: ``owner/name``, with or without ``hf://``.
        licence: for the card, as the hub spells it; default: ``mit`` for the bundled network, else ``unknown``.
        private: make a new repository private; one that exists stays as it is.
        message: of the commit.

    Returns:
        The page of the commit.

    Raises:
        BadInput: no such file, or a repository that may not be written.
        RefusedFile: damaged, or not one of ours.
        UsageError: no ``owner/name``; nobody is logged in; huggingface_hub is not installed.
        OutOfResources: the hub can't be reached.
    """
    address = Address.parse(repo)
    saved = load_network(path)
    if licence is None:
        is_bundled = saved.manifest["sha256"] == load_network(bundled_network()).manifest["sha256"]
        licence = "mit" if is_bundled else "unknown"
    card = model_card(saved, address.repo, licence)
    content = read_whole(path / NETWORK_FILE if path.is_dir() else path)
    api = _api()
    from huggingface_hub import CommitOperationAdd, get_token

    if get_token() is None:
        raise UsageError(f"nobody is logged in to the hub, so nothing can be pushed to {address.repo}; {_LOG_IN}")
    with _sentences(f"hf://{address.repo}", api):
        api.create_repo(address.repo, private=private, exist_ok=True)
        done = api.create_commit(
            address.repo,
            [CommitOperationAdd(NETWORK_FILE, content), CommitOperationAdd("README.md", card.encode())],
            commit_message=message or f"{saved.name}, by scrubjay {version('scrubjay')}",
            revision=address.revision,
        )
    return str(done.commit_url)


def _api() -> "HfApi":
    try:
        from huggingface_hub import HfApi
    except ImportError as error:
        raise UsageError(
            f"networks of the hub need huggingface_hub ({error}); it comes with the extra: pip install 'scrubjay[hub]'"
        ) from error
    return HfApi(library_name="scrubjay", library_version=version("scrubjay"))


@contextmanager
def _sentences(what: str, api: "HfApi") -> Iterator[None]:
    """Turn the client's errors, which span many lines, into one sentence each."""
    from huggingface_hub import errors

    hub = api.endpoint
    try:
        yield
    except errors.GatedRepoError as error:
        raise BadInput(f"{what} is gated: ask for access on its page at {hub}, then {_LOG_IN}") from error
    except errors.RepositoryNotFoundError as error:
        raise BadInput(f"{what} is not at {hub}, or is private and you are not logged in (`hf auth login`)") from error
    except errors.RevisionNotFoundError as error:
        raise BadInput(f"{what} has no such branch, tag or commit") from error
    except errors.RemoteEntryNotFoundError as error:
        raise BadInput(f"{what} holds no {NETWORK_FILE}; `scrubjay push` makes repositories that do") from error
    except errors.HFValidationError as error:
        raise UsageError(f"{what} is no repository of the hub: {error}") from error
    except errors.HfHubHTTPError as error:
        status = error.response.status_code
        if status in (401, 403):
            raise UsageError(f"the hub does not let you write to {what} ({status}); {_LOG_IN}") from error
        raise OutOfResources(f"the hub at {hub} answered {what} with the status {status}; try again later") from error
    except errors.LocalEntryNotFoundError as error:
        raise OutOfResources(f"{what} is not in the cache, and the hub at {hub} can't be reached") from error
    except RuntimeError as error:  # an upload that broke off; the reason is its cause
        raise OutOfResources(f"{what}: {error} ({error.__cause__}); try again later") from error
    except (OSError, errors.OfflineModeIsEnabled) as error:
        raise OutOfResources(f"{what}: the hub at {hub} can't be reached ({error})") from error
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in ("httpx", "httpx2", "httpcore", "httpcore2", "requests"):
            raise
        raise OutOfResources(f"{what}: the hub at {hub} can't be reached ({error})") from error
