"""The API as API Gateway has it: put as a whole, and compared with what is declared.

A stage serves a copy of the API, made by a deployment, which nobody can change: ours bears the mark of the definition
that it was made of. So what is served is known to the letter; the methods are looked at to say in words what differs.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from grail.deploy import clients, gateway_definition, gateway_stage
from grail.deploy.findings import Finding, compared


class Gateway(NamedTuple):
    """An API by its id, its stage, its Swagger definition, and the packaged template's settings of both."""

    api: str
    stage: str
    definition: Mapping[str, Any]
    settings: Mapping[str, Any]

    @property
    def mark(self) -> str:
        """What the deployment of this definition is described with."""
        return f"grail {hashlib.sha256(_text(self.definition).encode()).hexdigest()}"


def put(gateway: Gateway) -> None:
    """Make the API, its stage, and what the stage serves be as declared."""
    client = clients.of("apigateway")
    client.put_rest_api(restApiId=gateway.api, mode="overwrite", body=_text(gateway.definition).encode())
    if "MinimumCompressionSize" in gateway.settings:  # which the definition that is overwritten with does not say
        operation = gateway_stage.replaced("/minimumCompressionSize", gateway.settings["MinimumCompressionSize"])
        client.update_rest_api(restApiId=gateway.api, patchOperations=[operation])
    stage = client.get_stage(restApiId=gateway.api, stageName=gateway.stage)
    operations = [*gateway_stage.operations(gateway.settings, stage)]
    client.update_stage(restApiId=gateway.api, stageName=gateway.stage, patchOperations=operations)
    client.create_deployment(restApiId=gateway.api, stageName=gateway.stage, description=gateway.mark)


def findings(gateway: Gateway) -> Iterator[Finding]:
    """Yield what differs."""
    client = clients.of("apigateway")
    mend = partial(put, gateway)
    live = {"name": client.get_rest_api(restApiId=gateway.api)["name"]}
    yield from compared("API", live, {"name": gateway.definition["info"]["title"]}, mend)
    stage = client.get_stage(restApiId=gateway.api, stageName=gateway.stage)
    served = client.get_deployment(restApiId=gateway.api, deploymentId=stage["deploymentId"])
    if served.get("description") != gateway.mark:
        yield Finding("API: its stage serves another definition than the declared one", mend)
    yield from compared("API's stage", gateway_stage.live(stage), gateway_stage.declared(gateway.settings), mend)
    yield from gateway_definition.findings(gateway.api, gateway.definition, mend)


def _text(definition: Mapping[str, Any]) -> str:
    return json.dumps(definition, sort_keys=True, separators=(",", ":"))
