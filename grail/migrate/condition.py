"""The write of one item, on the condition that it is as it was read."""

from typing import Any

from grail.migrate.layout import Layout, Raw

_MOST_COMPARED = 200
"""Attributes in a condition, which may have 4 KB: the longest of their terms is `#n199 = :v199 AND `."""


def write(before: Raw, after: Raw, *, layout: Layout) -> dict[str, Any]:
    """Return a transaction's action that makes of what was read what shall be.

    An item with a version is put. One without is updated, by what changes alone: what a live writer has added meanwhile
    no condition can name, so it must be left alone.
    """
    has_version = layout.version in before
    # The version alone is also that of an item that was deleted and created anew. It must do for what is too long.
    is_long = has_version and len(before) > _MOST_COMPARED
    compared = {layout.version: before[layout.version]} if is_long else before
    terms = [f"#n{number} = :v{number}" for number in range(len(compared))]
    names = {f"#n{number}": name for number, name in enumerate(compared)}
    found = {f":v{number}": value for number, value in enumerate(compared.values())}
    action: dict[str, Any] = {"TableName": layout.table, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    if has_version:
        kind = "Put"
        action["Item"] = after
    else:
        kind = "Update"
        terms.append("attribute_not_exists(#version)")
        names["#version"] = layout.version
        changed = [name for name in after if after[name] != before.get(name)]
        gone = [name for name in before if name not in after]
        names |= {f"#c{number}": name for number, name in enumerate(changed)}
        names |= {f"#g{number}": name for number, name in enumerate(gone)}
        found |= {f":c{number}": after[name] for number, name in enumerate(changed)}
        sets = ", ".join(f"#c{number} = :c{number}" for number in range(len(changed)))
        removes = ", ".join(f"#g{number}" for number in range(len(gone)))
        action["Key"] = layout.key_of(before)
        action["UpdateExpression"] = " ".join(filter(None, [sets and f"SET {sets}", removes and f"REMOVE {removes}"]))
    return {
        kind: {
            **action,
            "ConditionExpression": " AND ".join(terms),
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": found,
        }
    }
