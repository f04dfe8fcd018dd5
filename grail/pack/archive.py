"""A zip whose bytes follow from what is in it: not from when, where or in which order it was put there."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The first time that a zip can say."""

_UNIX = 3
_FILE = 0o100644
_PROGRAM = 0o100755
_OWNER_RUNS = 0o100


def rewrite(package: Path, compiled: Path, target: Path, *, mark: bytes = b"") -> Iterator[tuple[int, int]]:
    """Write a package anew, with the bytecode in another zip for its own; yield how many of how many are done.

    The `mark`, by which it is known again, is the zip's comment.
    Of a file that is there twice, the last counts, as where a zip is unpacked.
    """
    with (
        zipfile.ZipFile(package) as files,
        zipfile.ZipFile(compiled) as codes,
        zipfile.ZipFile(target, "w") as new,
    ):
        sources = dict.fromkeys((name for name in files.namelist() if "__pycache__" not in name.split("/")), files)
        sources |= dict.fromkeys(codes.namelist(), codes)
        for done, (name, source) in enumerate(sorted(sources.items(), key=lambda item: item[0]), 1):
            new.writestr(_entry(source.getinfo(name)), source.read(name))
            yield done, len(sources)
        new.comment = mark


def has_mark(package: Path, mark: bytes) -> bool:
    """Tell whether a package is there, and was written with this mark."""
    if not package.exists():
        return False
    with zipfile.ZipFile(package) as found:
        return found.comment == mark


def _entry(info: zipfile.ZipInfo) -> zipfile.ZipInfo:
    """Return an entry of the same name; of its mode only what git keeps, for the rest is the builder's umask."""
    entry = zipfile.ZipInfo(info.filename, _EPOCH)
    entry.create_system = _UNIX
    entry.external_attr = (_PROGRAM if info.external_attr >> 16 & _OWNER_RUNS else _FILE) << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry
