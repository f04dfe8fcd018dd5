"""Sign a user in, and print the access token and nothing else."""

import argparse
import getpass
import sys

from grail.deploy import stacks
from grail.errors import GrailError
from grail.localcloud import users
from grail.stage import entered

NAME = "sign-in"
EXAMPLE = "python -m grail sign-in --user ada@example.com"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--user", required=True, help="the user's email; the password is asked for, or read from stdin")
    parser.add_argument("--stage", default="dev", help="the stage whose user it is (default: %(default)s)")


def run(options: argparse.Namespace) -> int:
    """Ask Cognito, with the client that the stage's data stack names."""
    with entered(options.stage) as project:
        found = stacks.with_data(project.name, options.stage).outputs()
        if "UserPoolClientId" not in found:
            message = f'stage {options.stage} has no user pool; give it "user_pool": true in .chalice/config.json'
            raise GrailError(message)
        password = getpass.getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
        if not password:
            message = "there is no password: type it, or give it as one line on stdin"
            raise GrailError(message)
        print(users.sign_in(found["UserPoolClientId"], user=options.user, password=password))
    return 0
