"""Packages: the same bytes from any builder, and the ones that Chalice then takes. Wheels are made here: no network."""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import PROVE
from tests.system.conftest import CHALICE, PATIENCE, ROOT, copy_project, environment

PLAIN = "from chalice import Chalice\napp = Chalice(app_name='plain')\n@app.route('/')\ndef index(): return {}\n"
MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}


def wheel(folder: Path, name: str, tag: str, files: dict[str, str]) -> None:
    """Make a wheel."""
    folder.mkdir(exist_ok=True)
    info = f"{name}-1.0.dist-info"
    about = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: a test\nRoot-Is-Purelib: false\nTag: {tag}\n",
        f"{info}/RECORD": "",
    }
    with zipfile.ZipFile(folder / f"{name}-1.0-{tag}.whl", "w") as new:
        for file, contents in (files | about).items():
            new.writestr(file, contents)


def wheels(folder: Path, *, machines: tuple[str, ...] = tuple(MACHINES.values())) -> Path:
    """Make what the apps here depend on: one wheel for every machine, one for each, and a file that both have."""
    for machine in machines:
        native = {"native/__init__.py": f"MACHINE = {machine!r}\n", "both.py": "WHOSE = 'native'\n"}
        wheel(folder, "native", f"cp38-abi3-manylinux2014_{machine}", native)
    wheel(folder, "plain", "py3-none-any", {"plain.py": "CHOICE = {'a', 'b', 'c'}\n", "both.py": "WHOSE = 'plain'\n"})
    return folder


def build(folder: Path, found: Path | None, **variables: str) -> dict[str, str]:
    """Return the environment of a builder, whose pip finds only these wheels."""
    pip = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(found)} if found else {}
    paths = {"PYTHONPATH": str(ROOT), "AWS_DEFAULT_REGION": "us-east-1", "PWD": str(folder)}
    return environment() | pip | paths | variables


def pack(
    folder: Path, found: Path | None, *, stage: str = "dev", umask: int = 0o022, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the verb."""
    command = [sys.executable, "-m", "grail", "pack", "--json", "--stage", stage]
    env = build(folder, found, **variables)
    return subprocess.run(
        command, cwd=folder, env=env, umask=umask, capture_output=True, text=True, timeout=300, check=False
    )


def packed(folder: Path, found: Path | None, **builder: Any) -> list[dict[str, Any]]:
    """Run the verb; return what it says of each package."""
    done = pack(folder, found, **builder)
    assert done.returncode == 0, done.stderr
    packages: list[dict[str, Any]] = json.loads(done.stdout)
    for package in packages:
        assert hashlib.sha256((folder / package["file"]).read_bytes()).hexdigest() == package["sha256"]
    return packages


def packaged(folder: Path, found: Path | None, *, stage: str = "dev") -> Path:
    """Run the real `chalice package`, as plain as a user does; return the folder that it wrote."""
    command = [str(CHALICE), "package", "--stage", stage, "out"]
    done = subprocess.run(
        command, cwd=folder, env=build(folder, found), capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder / "out"


def plain_app(folder: Path, requirements: str, **settings: Any) -> Path:
    """Make the smallest app."""
    (folder / ".chalice").mkdir(parents=True)
    config = {"version": "2.0", "app_name": "plain", "stages": {"dev": {}}} | settings
    (folder / ".chalice" / "config.json").write_text(json.dumps(config))
    (folder / "requirements.txt").write_text(requirements)
    (folder / "app.py").write_text(PLAIN)
    return folder


def configure(folder: Path, **settings: Any) -> None:
    """Change settings of a project."""
    file = folder / ".chalice" / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | settings))


def another(source: Path, target: Path) -> Path:
    """Copy a project as another builder has it: later, in another order, readable by few, with what Python left."""
    for file in sorted(source.rglob("*"), reverse=True):
        if file.is_file():
            copy = target / file.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
            copy.chmod(0o700 if os.access(file, os.X_OK) else 0o600)
            os.utime(copy, (1_700_000_000, 1_700_000_000))
    for place in ("chalicelib", "chalicelib/web", "vendor"):
        (target / place / "__pycache__").mkdir(exist_ok=True)
        (target / place / "__pycache__" / "left.cpython-39.pyc").write_bytes(place.encode())
    return target


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a copy of this project that depends on the wheels made here, and has a vendored program."""
    folder = copy_project(tmp_path / "project")
    (folder / "requirements.txt").write_text("native==1.0\nplain==1.0\n")
    (folder / "vendor").mkdir()
    (folder / "vendor" / "program").write_text("#!/bin/sh\n")
    (folder / "vendor" / "program").chmod(0o755)
    (folder / "vendor" / "template.py").write_text("class {{ name }}: pass\n")
    wheels(folder.parent / "wheels")
    return folder


@pytest.mark.parametrize("architecture", list(MACHINES))
def test_two_builders_make_the_same_bytes(project: Path, tmp_path: Path, architecture: str) -> None:
    """Another folder, umask, locale and hash seed; other times, order, modes; a `__pycache__` of another Python."""
    found = project.parent / "wheels"
    other = another(project, tmp_path / "somewhere" / "else")
    for folder in (project, other):
        configure(folder, lambda_architecture=architecture)
    [one] = packed(project, found, PYTHONHASHSEED="1")
    [two] = packed(other, found, umask=0o077, stage="prod", PYTHONHASHSEED="2", LC_ALL="C", PYTHONOPTIMIZE="2")
    assert one["sha256"] == two["sha256"]
    opened = zipfile.ZipFile(project / one["file"])
    assert MACHINES[architecture] in opened.read("native/__init__.py").decode()
    names = set(opened.namelist())
    tag = sys.implementation.cache_tag
    assert {"app.py", f"__pycache__/app.{tag}.pyc", f"chalicelib/__pycache__/settings.{tag}.pyc"} <= names
    assert not [name for name in names if "cpython-39" in name or name.startswith("grail/")]
    assert opened.getinfo("program").external_attr >> 16 == 0o100755


def test_chalice_takes_these_bytes(project: Path) -> None:
    """The plain command, which imports the app and compiles what it imports: its package is the one that was packed."""
    found = project.parent / "wheels"
    [package] = packed(project, found)
    out = packaged(project, found, stage="prod")
    assert (out / "deployment.zip").read_bytes() == (project / package["file"]).read_bytes()


def test_the_layer_too(tmp_path: Path) -> None:
    """With `automatic_layer`, the app and what it depends on are a package each; a layer is unpacked to /opt."""
    app = plain_app(tmp_path / "app", "plain==1.0\n", automatic_layer=True)
    found = wheels(tmp_path / "wheels")
    function, layer = packed(app, found)
    out = packaged(app, found)
    assert (out / "deployment.zip").read_bytes() == (app / function["file"]).read_bytes()
    assert (out / "layer-deployment.zip").read_bytes() == (app / layer["file"]).read_bytes()
    place = f"python/lib/python3.{sys.version_info[1]}/site-packages"
    code = zipfile.ZipFile(app / layer["file"]).read(f"{place}/__pycache__/plain.{sys.implementation.cache_tag}.pyc")
    assert f"/opt/{place}/plain.py".encode() in code


def test_an_empty_layer_is_none(tmp_path: Path) -> None:
    """Lambda refuses one, and Chalice leaves it out."""
    app = plain_app(tmp_path / "app", "", automatic_layer=True)
    [function] = packed(app, wheels(tmp_path / "wheels"))
    assert "appcode-" in function["file"]


def test_what_is_missing_is_not_left_out(tmp_path: Path) -> None:
    """Chalice would go on without; vendored, it is not missing."""
    app = plain_app(tmp_path / "app", "native==1.0\n", lambda_architecture="arm64")
    found = wheels(tmp_path / "wheels", machines=("x86_64",))
    done = pack(app, found)
    assert (done.returncode, done.stdout) == (1, "")
    assert "no wheel for arm64" in done.stderr.splitlines()[-1]
    assert "native==1.0" in done.stderr.splitlines()[-1]
    assert not list((app / ".chalice" / "deployments").iterdir())
    with zipfile.ZipFile(next(found.glob("native*"))) as unpacked:
        unpacked.extractall(app / "vendor")
    assert packed(app, found)


def test_what_pip_does_not_find_is_said_in_a_line(tmp_path: Path) -> None:
    """With pip's own word for it."""
    app = plain_app(tmp_path / "app", "nonsense==1.0\n")
    done = pack(app, wheels(tmp_path / "wheels"))
    assert (done.returncode, done.stdout) == (1, "")
    assert re.search("^python -m grail pack: pip: .*nonsense", done.stderr.splitlines()[-1])


def test_cut_short_it_leaves_nothing(tmp_path: Path) -> None:
    """Ctrl-C while pip is at work: no half a package that Chalice would take, and no scratch."""
    app = plain_app(tmp_path / "app", "plain==1.0\n")
    command = [sys.executable, "-m", "grail", "pack"]
    with subprocess.Popen(
        command,
        cwd=app,
        env=build(app, wheels(tmp_path / "wheels")),
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no thread is running
    ) as process:
        assert process.stderr is not None
        while not process.stderr.readline().startswith("pip download"):
            assert process.poll() is None
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(timeout=PATIENCE) == 130
    assert not list((app / ".chalice" / "deployments").iterdir())


@pytest.mark.skipif(not PROVE, reason="make prove: it downloads what ships")
@pytest.mark.parametrize("architecture", list(MACHINES))
def test_the_app_itself(tmp_path: Path, architecture: str) -> None:
    """With all that it ships: two builders, the same bytes, and Chalice takes them; within Lambda's limits."""
    one = copy_project(tmp_path / "one")
    configure(one, lambda_architecture=architecture)
    two = tmp_path / "two"
    shutil.copytree(one, two)
    [first] = packed(one, None, PYTHONHASHSEED="1")
    [second] = packed(two, None, PYTHONHASHSEED="2", umask=0o077)
    assert first["sha256"] == second["sha256"]
    out = packaged(two, None, stage="prod")
    assert hashlib.sha256((out / "deployment.zip").read_bytes()).hexdigest() == first["sha256"]
    assert first["zipped"] < 50 * 1024**2
