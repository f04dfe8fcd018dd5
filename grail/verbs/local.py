"""Serve the app on this machine, on an embedded AWS."""

import argparse
import os
import socket
import sys
from pathlib import Path

from grail.errors import GrailError
from grail.project import Project

NAME = "local"
EXAMPLE = "python -m grail local --port 8001"
_LAST_PORT = 65535


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--host", default="127.0.0.1", help="address to serve on (default: %(default)s)")
    parser.add_argument("--port", default=8000, type=_port, help="port to serve on (default: %(default)s)")
    parser.add_argument("--stage", default="dev", help="stage whose settings to use (default: %(default)s)")


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= _LAST_PORT:
        message = f"{text!r} is not a port from 1 to {_LAST_PORT}"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def run(options: argparse.Namespace) -> int:
    """Become `chalice local`, if the port is free: Chalice itself can't end with an exit code of its worker's."""
    Project(Path.cwd()).check_stage(options.stage)
    try:
        with socket.socket(socket.AF_INET6 if ":" in options.host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((options.host, options.port))
    except OSError as error:
        message = f"can't serve on port {options.port} of {options.host}: {error}; try make local PORT=8001, or HOST="
        raise GrailError(message) from error
    chalice = Path(sys.executable).parent / "chalice"
    print("Starting the embedded AWS and the app ...", file=sys.stderr, flush=True)
    port, stage = str(options.port), options.stage
    os.execv(  # noqa: S606 - Ctrl-C is then Chalice's own
        chalice, [str(chalice), "local", "--host", options.host, "--port", port, "--stage", stage]
    )
    return 1
