"""The exceptions of scrubjay.

Every message says what was given, what was expected, and which key or file is concerned. The command line prints the
message on stderr and exits with the ``exit_code`` of the exception's class.
"""


class ScrubjayError(Exception):
    """Base class of all errors that the caller can fix.

    Example:
        >>> import scrubjay
        >>> try:
        ...     scrubjay.load_network("missing.safetensors")
        ... except scrubjay.ScrubjayError as error:
        ...     print(error)
        cannot read missing.safetensors: No such file or directory
    """

    exit_code = 3


class UsageError(ScrubjayError):
    """A call whose arguments contradict each other, or a command that cannot be carried out as it was given."""

    exit_code = 2


class BadInput(ScrubjayError):
    """A value, label matrix, task or path that cannot be used."""

    exit_code = 3


class RefusedFile(ScrubjayError):
    """A file that is damaged, in an unknown format, or unsafe to read."""

    exit_code = 4


class OutOfResources(ScrubjayError):
    """A folder that cannot be written, a full disk, too little memory, or a device that is not available."""

    exit_code = 5
