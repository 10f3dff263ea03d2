"""One exception tree. Each error restates what it was given: what came, what was expected, which key or file.

The command line prints the sentence and leaves with the class's ``exit_code``.
"""


class ScrubjayError(Exception):
    """The root: anything that the caller can mend."""

    exit_code = 3


class UsageError(ScrubjayError):
    """The call's words don't fit together."""

    exit_code = 2


class BadInput(ScrubjayError):
    """A value, label matrix, task or path that can't be used."""

    exit_code = 3


class RefusedFile(ScrubjayError):
    """A file that is damaged, foreign, or not safe to read."""

    exit_code = 4


class OutOfResources(ScrubjayError):
    """A folder that can't be written, a full disk, too little memory, a device that isn't there."""

    exit_code = 5
