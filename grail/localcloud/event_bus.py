"""EventBridge's default bus, where moto 5.2 falls short: Lambda targets, and the events that S3 puts.

moto matches the patterns; it knows no target of Lambda's, and its S3 events all have one id and one sequencer, `eTag`
for `etag`, a number for the time, and a reason that S3 never gives. Source: S3 User Guide, "Amazon S3 event message
structure" for EventBridge.
"""

import logging
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from moto.events.models import Rule, events_backends
from moto.s3 import notifications

Put = Callable[[str, Mapping[str, Any]], None]
"""Takes an event for a function."""

_LOG = logging.getLogger(__name__)
_REASONS = {
    "s3:ObjectCreated:Put": "PutObject",
    "s3:ObjectCreated:Post": "POST Object",
    "s3:ObjectCreated:Copy": "CopyObject",
    "s3:ObjectCreated:CompleteMultipartUpload": "CompleteMultipartUpload",
    "s3:ObjectRemoved:Delete": "DeleteObject",
    "s3:ObjectRemoved:DeleteMarkerCreated": "DeleteObject",
}
_send_to_motos_targets = Rule.send_to_targets


def deliver_to(put: Put) -> None:
    """Give events to functions through `put`, in this process, from now on."""

    def send_to_targets(rule: Any, event: Any, transform_input: bool = True) -> None:  # noqa: ANN401, FBT001, FBT002 - moto's
        if rule.state != "ENABLED" or rule.event_pattern.dump() is None:
            return
        functions = [target["Arn"].split(":")[6] for target in rule.targets if ":lambda:" in target["Arn"]]
        if functions and rule.event_pattern.matches_event(event):
            for function in functions:
                put(function, _event(event))
        if len(functions) < len(rule.targets):
            _send_to_motos_targets(_without_functions(rule), event, transform_input)

    setattr(Rule, "send_to_targets", send_to_targets)  # noqa: B010 - mypy takes it for a method
    setattr(notifications, "_send_event_bridge_message", _send_s3_event)  # noqa: B010 - it is private to moto


def _without_functions(rule: Any) -> Any:  # noqa: ANN401 - moto's models are untyped
    others = [target for target in rule.targets if ":lambda:" not in target["Arn"]]
    found = object.__new__(type(rule))
    found.__dict__.update(rule.__dict__, targets=others)
    return found


def _event(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event of moto's as EventBridge has it."""
    at = datetime.fromtimestamp(float(event["time"]), UTC)
    found = {**event, "time": at.strftime("%Y-%m-%dT%H:%M:%SZ")}
    found.pop("ingestion-time", None)
    return found


def _send_s3_event(account_id: str, bucket: Any, event_name: str, key: Any) -> None:  # noqa: ANN401 - moto's models are untyped
    """Put an event of S3's on the default bus."""
    name = str(getattr(event_name, "value", event_name))
    is_deletion = name.startswith("s3:ObjectRemoved")
    found: dict[str, Any] = {"key": key.name}
    if not is_deletion:
        found |= {"size": key.size, "etag": key.etag.strip('"')}
    if key.version_id not in {None, "null"}:
        found["version-id"] = key.version_id
    found["sequencer"] = f"{time.time_ns():018X}"
    detail = {
        "version": "0",
        "bucket": {"name": bucket.name},
        "object": found,
        "request-id": uuid.uuid4().hex[:16].upper(),
        "requester": account_id,
        "source-ip-address": "127.0.0.1",
    }
    if name in _REASONS:
        detail["reason"] = _REASONS[name]
    if is_deletion:
        is_marker = name.endswith("DeleteMarkerCreated")
        detail["deletion-type"] = "Delete Marker Created" if is_marker else "Permanently Deleted"
    event: Any = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": notifications._detail_type(event_name),  # noqa: SLF001 - moto's table of names
        "source": "aws.s3",
        "account": account_id,
        "time": time.time(),
        "region": bucket.region_name,
        "resources": [bucket.arn],
        "detail": detail,
    }
    for rule in list(events_backends[account_id][bucket.region_name].event_buses["default"].rules.values()):
        try:
            rule.send_to_targets(event, transform_input=False)
        except Exception:  # noqa: BLE001 - whatever a rule's target makes of it, the object is stored
            _LOG.exception("a rule's target failed")
