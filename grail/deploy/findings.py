"""What differs on AWS from what is declared, each in plain words, and how it is mended."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

Mend = Callable[[], object]


DEPLOYED = "`make deploy` mends it"


class Finding(NamedTuple):
    """A difference; without a `mend` the `hint` says who has to see to it."""

    words: str
    mend: Mend | None = None
    hint: str = DEPLOYED


def compared(
    what: str, live: Mapping[str, Any], declared: Mapping[str, Any], mend: Mend | None = None
) -> Iterator[Finding]:
    """Yield how something differs from what is declared of it; what is not declared is nobody's business."""
    for name, wanted in declared.items():
        if (there := live.get(name)) != wanted:
            yield Finding(f"{what}: {name} is {_word(there)}, declared is {_word(wanted)}", mend)


def mended(findings: Iterable[Finding]) -> Iterator[str]:
    """Mend what can be, each thing once; yield the words of what was."""
    done: list[Mend] = []
    for finding in findings:
        if finding.mend is not None:
            if finding.mend not in done:
                finding.mend()
                done.append(finding.mend)
            yield finding.words


def _word(value: Any) -> str:  # noqa: ANN401 - any setting
    text = "absent" if value is None else str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


_LONGEST = 80
