"""Compare each function's policy with what it needs, or write the policies anew."""

import argparse
import subprocess
import sys
from pathlib import Path

from grail.arguments import Actions
from grail.errors import GrailError
from grail.iam import check, roles, write
from grail.project import Project
from grail.terminal import counted

NAME = "iam"
EXAMPLE = "python -m grail iam check"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    verb = Actions(parser)
    verb.common.add_argument("--stage", help="the stage (default: every stage, one after the other)")
    verb.add("check", "Find what a function needs and may not do, and what it may do and does not need.", _check)
    described = "Write the policies of what the functions need (.chalice/usage.json, grail/iam/unseen.py)."
    written = verb.add("write", described, _write)
    written.add_argument("--check", action="store_true", help="write nothing; fail where a file would change")


def run(options: argparse.Namespace) -> int:
    """Do it for a stage; for several each in a process of its own, since an app is imported for one stage."""
    project = Project(Path.cwd())
    if options.stage is None:
        flags = ["--check"] if getattr(options, "check", False) else []
        command = [sys.executable, "-m", "grail", NAME, options.action, *flags]
        stages = project.config.get("stages", {})
        return max(subprocess.run([*command, "--stage", stage], check=False).returncode for stage in stages)
    project.enter(options.stage)
    return int(options.act(roles.of(project, options.stage), options))


def _check(found: list[roles.Role], options: argparse.Namespace) -> int:
    lines = [
        f"{role.function}: .chalice/{role.file.name} {finding}"
        for role in found
        for finding in check.findings(roles.policy(role.file), role.needs)
    ]
    for line in lines:
        print(line)
    needs = sum(len(role.needs) for role in found)
    findings = counted(len(lines), "finding") if lines else "no findings"
    print(f"{options.stage}: {counted(len(found), 'function')}, {counted(needs, 'need')}, {findings}", file=sys.stderr)
    return 1 if lines else 0


def _write(found: list[roles.Role], options: argparse.Namespace) -> int:
    """Write nothing unless all can be written."""
    changed = {}
    for role in found:
        try:
            write.check_replaceable(roles.policy(role.file), role.needs)
        except GrailError as error:
            message = f".chalice/{role.file.name} {error}"
            raise GrailError(message) from error
        text = write.text(role.needs)
        if not role.file.exists() or role.file.read_text(encoding="utf-8") != text:
            changed[role.file] = text
    for file, text in changed.items():
        print(f".chalice/{file.name}")
        if not options.check:
            file.write_text(text, encoding="utf-8")
    done = "would change" if options.check else "changed"
    print(f"{options.stage}: {len(changed)} of {len(found)} policies {done}", file=sys.stderr)
    return 1 if changed and options.check else 0
