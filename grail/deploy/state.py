"""Chalice's record of what it deployed, made anew of what is there.

Chalice writes it at the end of a deployment alone: one that failed midway is not in it, and what is not in it is made
a second time. So it is not trusted: roles, functions, event sources, rules and the API are looked up by the names that
follow from the app, and the record, kept in the stage's bucket, only tells of what the app no longer has.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
from chalice.app import Chalice
from chalice.config import Config
from chalice.deploy import models
from chalice.deploy.appgraph import ApplicationGraphBuilder, DependencyBuilder

from grail.deploy import clients
from grail.deploy.account import Account

Record = dict[str, Any]

PREFIX = "deployed/"
"""Where in a stage's bucket its deployment is kept: nothing expires it, and no function's policy reaches it."""


def planned(folder: Path, stage: str, app: Chalice, *, account: Account, api: str | None) -> list[Record]:
    """Return the records of all that Chalice would make of the app in a folder, but for what it is given ids for."""
    settings = json.loads((folder / ".chalice" / "config.json").read_text(encoding="utf-8"))
    given: Any = {"chalice_app": app, "project_dir": str(folder)}
    config = Config(chalice_stage=stage, user_provided_params=given, config_from_disk=settings)
    graph = DependencyBuilder().build_dependencies(ApplicationGraphBuilder().build(config, stage))
    return [record for model in graph if (record := _planned(model, account, api)) is not None]


def _planned(model: Any, account: Account, api: str | None) -> Record | None:  # noqa: ANN401 - Chalice's models
    """Return a record; of an event source without the id that only AWS knows."""

    def record(kind: str, **values: str) -> Record:
        return {"name": model.resource_name, "resource_type": kind, **values}

    match model:
        case models.ManagedIAMRole():
            return record("iam_role", role_name=model.role_name, role_arn=account.arn("iam", f"role/{model.role_name}"))
        case models.LambdaFunction():
            return record("lambda_function", lambda_arn=account.arn("lambda", f"function:{model.function_name}"))
        case models.CloudWatchEventBase():
            return record("cloudwatch_event", rule_name=model.rule_name)
        case models.RestAPI() if api is not None:
            url = f"https://{api}.execute-api.{account.region}.amazonaws.com/{model.api_gateway_stage}/"
            return record("rest_api", rest_api_id=api, rest_api_url=url)
        case models.SQSEventSource() | models.DynamoDBEventSource() | models.KinesisEventSource():
            function = account.arn("lambda", f"function:{model.lambda_function.function_name}")
            return record(**_source(model, account), lambda_arn=function)
    return None


def _source(model: Any, account: Account) -> dict[str, str]:  # noqa: ANN401 - Chalice's models
    match model:
        case models.SQSEventSource(queue=models.QueueARN() as queue):
            return {"kind": "sqs_event", "queue": queue.queue_name, "queue_arn": queue.arn}
        case models.SQSEventSource(queue=str(queue)):
            return {"kind": "sqs_event", "queue": queue, "queue_arn": account.arn("sqs", queue)}
        case models.KinesisEventSource():
            arn = account.arn("kinesis", f"stream/{model.stream}")
            return {"kind": "kinesis_event", "stream": model.stream, "kinesis_arn": arn}
    return {"kind": "dynamodb_event", "stream_arn": model.stream_arn}


def found(wanted: Iterable[Record], saved: Iterable[Record]) -> list[Record]:
    """Return the records of what is there of what is `wanted`, and of what was `saved` and is wanted no more.

    An event source of one of their functions that no record tells of has one under a name that nothing else has:
    Chalice removes it.
    """
    wanted = list(wanted)
    names = {record["name"] for record in wanted}
    candidates = [*wanted, *(record for record in saved if record["name"] not in names)]
    there = [record for record in candidates if record["resource_type"] not in _SOURCES and _is_there(record)]
    sources = [record for record in candidates if record["resource_type"] in _SOURCES]
    for function in [record for record in there if record["resource_type"] == "lambda_function"]:
        there += _mappings(function["lambda_arn"], sources)
    return there


_SOURCES = {"sqs_event": "queue_arn", "dynamodb_event": "stream_arn", "kinesis_event": "kinesis_arn"}
"""The event sources that are mappings, and where their records have the ARN of what is polled."""


def _mappings(function: str, sources: Iterable[Record]) -> Iterator[Record]:
    """Yield the records of a function's event sources: the first of each for the record of it, all others as strays."""
    by_arn = {
        record.get(_SOURCES[record["resource_type"]]): record for record in sources if record["lambda_arn"] == function
    }
    pages = clients.of("lambda").get_paginator("list_event_source_mappings").paginate(FunctionName=function)
    for mapping in [mapping for page in pages for mapping in page["EventSourceMappings"]]:
        record = by_arn.pop(mapping.get("EventSourceArn"), None)
        stray = {"name": f"stray-{mapping['UUID']}", "resource_type": "sqs_event", "lambda_arn": function}
        yield {**(record or stray), "event_uuid": mapping["UUID"]}


def _is_there(record: Record) -> bool:
    """Tell whether what a record is of exists; of a kind that can't be asked for, that is taken for granted."""
    match record:
        case {"resource_type": "iam_role", "role_name": str(name)}:
            return clients.exists(lambda: clients.of("iam").get_role(RoleName=name))
        case {"resource_type": "lambda_function", "lambda_arn": str(arn)}:
            return clients.exists(lambda: clients.of("lambda").get_function_configuration(FunctionName=arn))
        case {"resource_type": "cloudwatch_event", "rule_name": str(name)}:
            return clients.exists(lambda: clients.of("events").describe_rule(Name=name))
        case {"resource_type": "rest_api", "rest_api_id": str(api)}:
            return clients.exists(lambda: clients.of("apigateway").get_rest_api(restApiId=api))
    return True


def text(records: Iterable[Record]) -> str:
    """Return records as the file that Chalice reads."""
    return json.dumps({"resources": list(records), "schema_version": "2.0", "backend": "api"}, indent=2) + "\n"


def read(file: Path) -> list[Record]:
    """Return the records in a file; none where there is no such file."""
    return _records(file.read_text(encoding="utf-8")) if file.exists() else []


def fetch(bucket: str, stage: str) -> list[Record]:
    """Return the records that a stage's bucket has."""
    kept = clients.found(lambda: clients.of("s3").get_object(Bucket=bucket, Key=_key(stage)))
    return [] if kept is None else _records(kept["Body"].read().decode())


def keep(bucket: str, stage: str, records: Iterable[Record]) -> None:
    """Write records into a stage's bucket."""
    clients.of("s3").put_object(Bucket=bucket, Key=_key(stage), Body=text(records).encode())


def forget(bucket: str) -> None:
    """Remove what is kept of a stage's deployment; harmless where nothing is."""
    found = boto3.resource("s3").Bucket(bucket).objects.filter(Prefix=PREFIX)
    clients.exists(found.delete)


def _key(stage: str) -> str:
    return f"{PREFIX}{stage}.json"


def _records(content: str) -> list[Record]:
    found: Mapping[str, Any] = json.loads(content)
    return list(found.get("resources", ()))
