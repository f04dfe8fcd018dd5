"""What a verb of `python -m grail` tells its user in one line."""


class GrailError(Exception):
    """A failure whose message is all that the user needs."""
