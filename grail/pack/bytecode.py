"""Bytecode that Lambda takes as it is: it can't write any beside the code, so what is not shipped is compiled anew.

Run as a script it compiles a whole zip, in a process of its own: what marshal writes of a string depends on who else in
the process uses it, so that the same source gives the same bytes only where the process is the same too.
"""

import importlib.util
import marshal
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

_UNCHECKED_HASH = 0b01
"""PEP 552: taken without a look at the source, whose time is then of no account."""


def bytecode(source: bytes, file: str) -> bytes | None:
    """Return the `.pyc` of a source that is to run as `file`; None where it is no Python of this version."""
    try:
        code = compile(source, file, "exec", dont_inherit=True, optimize=0)
    except (SyntaxError, ValueError, RecursionError):
        return None
    flags = _UNCHECKED_HASH.to_bytes(4, "little")
    return importlib.util.MAGIC_NUMBER + flags + importlib.util.source_hash(source) + marshal.dumps(code)


def place(name: str) -> str:
    """Return where Python looks for the bytecode of a source."""
    path = PurePosixPath(name)
    return str(path.parent / "__pycache__" / f"{path.stem}.{sys.implementation.cache_tag}.pyc")


def compile_zip(package: Path, compiled: Path, *, root: str) -> Iterator[tuple[int, int]]:
    """Put the bytecode of a package's sources into a new zip; yield how many of how many are done.

    `root` is the folder that Lambda unpacks the package to.
    """
    # Isolated, without site-packages: nothing of this machine's environment is in the process.
    command = [sys.executable, "-I", "-S", "-X", "utf8", "-W", "ignore", __file__, str(package), str(compiled), root]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            done, _, total = line.partition(" ")
            yield int(done), int(total)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)


def _main(package: str, compiled: str, root: str) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C is for whoever started this
    with zipfile.ZipFile(package) as sources, zipfile.ZipFile(compiled, "w") as target:
        names = sorted({name for name in sources.namelist() if name.endswith(".py")})
        for done, name in enumerate(names, 1):
            code = bytecode(sources.read(name), f"{root}/{name}")
            if code is not None:
                target.writestr(place(name), code)
            print(done, len(names), flush=True)


if __name__ == "__main__":
    _main(*sys.argv[1:])
