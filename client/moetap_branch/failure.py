"""What ends the program early."""


class Failure(Exception):
    """Ends the program with one line on stderr and the exit status."""
    status = 1


class Misuse(Failure):
    """The user can put it right: arguments, files, another server."""
    status = 2


class Refused(Failure):
    """The server refused a request (4xx) and will do so again."""

    def __init__(self, message, code):
        super().__init__(message)
        self.code = code


class Stopped(Exception):
    """The user asked to stop before all was done."""
