"""What is told of a verb's progress, on a clock of the test's."""

import io

from grail.progress import Progress


class Terminal(io.StringIO):
    """A terminal that remembers what was written."""

    def isatty(self) -> bool:
        """Be one."""
        return True


def told(stream: io.StringIO, *, seconds: float, every: float) -> str:
    """Return what is told of 10 things a second, of 1,000, for so many seconds."""
    clock = 0.0
    with Progress("moved", 1_000, stream=stream, now=lambda: clock) as progress:
        while clock < seconds:
            clock += every
            progress.tell(round(clock * 10))
    assert progress.done == round(seconds * 10)
    return stream.getvalue()


def test_what_is_soon_done_is_silent() -> None:
    """Within two seconds, on a terminal or not."""
    assert told(io.StringIO(), seconds=1.75, every=0.25) == told(Terminal(), seconds=1.75, every=0.25) == ""


def test_a_log_gets_a_line_every_few_seconds() -> None:
    """With the rate and the time that is left."""
    lines = told(io.StringIO(), seconds=12, every=0.25).splitlines()
    assert lines == [
        "moved 20 of 1,000, 10/s, 98 s left",
        "moved 70 of 1,000, 10/s, 93 s left",
        "moved 120 of 1,000, 10/s, 88 s left",
    ]


def test_a_terminal_gets_a_bar_which_goes() -> None:
    """It is drawn over itself, and taken away at the end."""
    drawn = told(Terminal(), seconds=50, every=0.25).split("\r\x1b[K")
    assert drawn[1] == "[------------------------] moved 20 of 1,000, 10/s, 98 s left"
    assert drawn[-2] == "[############------------] moved 500 of 1,000, 10/s, 50 s left"
    assert drawn[-1] == ""


def test_nothing_done_yet_is_no_fault() -> None:
    """There is no rate to divide by."""
    stream = io.StringIO()
    clock = 0.0
    progress = Progress("moved", 5, stream=stream, now=lambda: clock)
    clock = 3.0
    progress.tell(0)
    assert stream.getvalue() == "moved 0 of 5, 0/s, waiting\n"
