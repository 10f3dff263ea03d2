"""Reading and writing files; a file is written completely or not at all."""

import io
import os
import tempfile
import zipfile
from pathlib import Path

from scrubjay.core.errors import BadInput, OutOfResources, RefusedFile

_PARTIAL_SUFFIX = ".scrubjay-partial"
"""The suffix of a temporary file that is still being written."""

_MOST_UNPACKED = 2**30
"""The most bytes that the members of a ZIP archive may have together when they are unpacked."""


def write_whole(path: str | Path, content: bytes) -> None:
    """Write a file by way of a temporary file in the same folder, which is synced and then renamed.

    If anything goes wrong, ``path`` holds either its old content or all of the new content. Missing parent folders are
    created.

    Args:
        path: the file to write.
        content: the bytes of the file.

    Raises:
        OutOfResources: the folder cannot be written, or the disk is full.
    """
    path = Path(path)
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=_PARTIAL_SUFFIX)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o666 & ~_umask())
        Path(temporary).replace(path)
        temporary = None
        _sync_folder(path.parent)
    except OSError as error:
        raise OutOfResources(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def clear_partial(folder: str | Path) -> None:
    """Delete the temporary files, at any depth of a folder, of a process that was killed while it was writing."""
    for left in Path(folder).rglob(f".*{_PARTIAL_SUFFIX}"):
        left.unlink(missing_ok=True)


def writable_folder(path: str | Path) -> Path:
    """Create a folder if it does not exist, and check that files can be written into it.

    Call it before a long computation whose results go into the folder.

    Raises:
        OutOfResources: ``path`` is a file, or the folder cannot be created or written.
    """
    path = Path(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise OutOfResources(f"cannot write into the folder {path}: {error.strerror or error}") from error
    return path


def read_whole(path: str | Path) -> bytes:
    """Read a file that the user has named.

    Raises:
        BadInput: the file does not exist, is a folder, or may not be read.
    """
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a path with a null character
        raise BadInput(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error


def is_folder(path: str | Path) -> bool:
    """Whether a path is a folder. It is none if it is too long, or lies where this process may not look."""
    try:
        return Path(path).is_dir()
    except OSError:
        return False


def is_file(path: str | Path) -> bool:
    """Whether a path is a file. It is none if it is too long, or lies where this process may not look."""
    try:
        return Path(path).is_file()
    except OSError:
        return False


def check_unpacked(content: bytes, path: str | Path) -> None:
    """Check that a ZIP archive does not claim much more memory than it has bytes.

    Args:
        content: the bytes of the archive.
        path: the file, for error messages.

    Raises:
        RefusedFile: unpacked, it has more than a gigabyte and more than its own size.
        BadZipFile: it is no ZIP archive.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        size = sum(member.file_size for member in archive.infolist())
    if size > max(_MOST_UNPACKED, len(content)):
        raise RefusedFile(
            f"{path} has {len(content):,} bytes, and claims {size:,} when it is unpacked; at most {_MOST_UNPACKED:,} "
            f"are unpacked"
        )


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
