"""What CloudFormation makes of a SAM template, found without asking it: `python translate.py SAM.json OUT.json`.

aws-sam-translator, which CloudFormation runs itself, wants an older pydantic than apps do: this runs in an environment
of its own, and imports nothing of ours.
"""

import json
import sys
from pathlib import Path

from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

_CODE = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}


def main(source: str, target: str) -> None:
    """Translate a file into another; end with what is wrong with it in a line."""
    template = json.loads(Path(source).read_text(encoding="utf-8"))
    for resource in template["Resources"].values():  # `aws cloudformation package` uploads what these name
        if resource["Type"] in _CODE:
            name = resource["Properties"][_CODE[resource["Type"]]].removeprefix("./")
            resource["Properties"][_CODE[resource["Type"]]] = {"Bucket": "uploaded", "Key": name}
    try:
        # It would ask IAM for the ARNs of managed policies that are given by their names; Chalice's roles have none.
        translated = Translator({}, Parser()).translate(template, {})
    except InvalidDocumentException as error:
        sys.exit(" ".join([error.message, *(cause.message for cause in error.causes)]))
    Path(target).write_text(json.dumps(translated, indent=2, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
