"""What requirements.txt names, got for Lambda as Chalice gets it: but all of it, and always in one order."""

import re
import sys
from collections.abc import MutableMapping
from importlib import metadata
from pathlib import Path
from typing import Any

from chalice.deploy.packager import (
    DependencyBuilder,
    MissingDependencyError,
    NoSuchPackageError,
    Package,
    PackageDownloadError,
    PipRunner,
    SubprocessPip,
)
from chalice.utils import OSUtils

from grail.errors import GrailError


class Dependencies(DependencyBuilder):
    """Raises GrailError where Chalice packages the app without a dependency that it found nothing for."""

    def __init__(self, vendor: Path, *, architecture: str) -> None:
        files = OSUtils()
        super().__init__(files, PipRunner(_Pip(files), files), architecture=architecture)
        self._vendor = vendor
        self._architecture = architecture

    def build_site_packages(self, abi: str, requirements_filepath: str, target_directory: str) -> None:
        """Unpack the wheels; what no wheel fits must be in vendor/."""
        try:
            super().build_site_packages(abi, requirements_filepath, target_directory)
        except MissingDependencyError as error:
            missing = {package.identifier for package in error.missing if package.name not in self._vendored()}
            if missing:
                found = f"there is no wheel for {self._architecture} and {abi} of {', '.join(sorted(missing))}"
                message = f"{found}, and building one gave none; unpack one into vendor/"
                raise GrailError(message) from error
        except (NoSuchPackageError, PackageDownloadError) as error:
            message = f"pip: {str(error).strip().splitlines()[-1]}"
            raise GrailError(message) from error

    def _vendored(self) -> set[str]:
        """Return the names of what was unpacked into vendor/, as Chalice spells them."""
        there = metadata.distributions(path=[str(self._vendor)])
        return {re.sub(r"[-_.]+", "-", found.name).lower() for found in there}

    def _install_wheels(self, src_dir: str, dst_dir: str, wheels: set[Package]) -> None:
        """Unpack in order: of a file that two wheels have, the last one's stays, and a set is in no order."""
        in_order: Any = sorted(wheels, key=str)
        super()._install_wheels(src_dir, dst_dir, in_order)


class _Pip(SubprocessPip):
    """Tells what each call of pip is for: it may take its time."""

    def main(
        self, args: list[str], env_vars: MutableMapping[str, str] | None = None, shim: str | None = None
    ) -> tuple[int, bytes, bytes]:
        """Call pip."""
        what = "requirements.txt" if "-r" in args else Path(args[-1]).name
        print(f"pip {args[0]} {what} ...", file=sys.stderr, flush=True)
        return super().main(args, env_vars, shim)
