"""Field types shared by the models. Each constraint is one that JSON Schema draft 4 can state too, where possible."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, StringConstraints
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

_CONTROL = r"\u0000-\u001f\u007f-\u009f"
_BLANK = r"\u0020\u00a0\u1680\u2000-\u200b\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"

LINE = f"^[^{_CONTROL}]*[^{_CONTROL}{_BLANK}][^{_CONTROL}]*$"
"""One line with at least one visible character and no control character."""

PROSE = r"^[^\u0000-\u0008\u000b-\u001f\u007f-\u009f]*$"
"""Any number of lines; of the control characters only newline and tab."""

Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$"), Field(examples=["k3q7wmd2zlhgnvxa5c4trjby"])]
"""An opaque id. Clients must not read anything into it."""

Title = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=LINE)]
Prose = Annotated[str, StringConstraints(max_length=10_000, pattern=PROSE), Field(examples=["Tea and lemons."])]
Tag = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=LINE), Field(examples=["new"])]
Count = Annotated[int, Field(ge=-(10**15), le=10**15, examples=[3])]
"""A whole number that every JSON reader and DynamoDB (38 digits) hold exactly."""

Email = Annotated[
    str,
    StringConstraints(
        max_length=254,  # RFC 5321 4.5.3.1.3: a path is at most 256 with its brackets
        pattern=r"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
        r"@[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)+$",
    ),
    Field(examples=["ada@example.com"]),
]
Phone = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$"), Field(examples=["+442079460000"])]
"""ITU-T E.164: a plus and at most 15 digits."""


class RequestModel(BaseModel):
    """Base of what clients send: no coercion, and nothing that we would have to ignore."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class PatchModel(RequestModel):
    """Base of JSON Merge Patch documents (RFC 7396): absent stays, null goes back to the field's default.

    A field's default here only stands for "absent"; it is never stored and not part of the schema.
    """

    def changes(self) -> dict[str, Any]:
        """Return what the client sent, as JSON values."""
        return self.model_dump(mode="json", exclude_unset=True)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Leave the defaults out."""
        json_schema = handler(schema)
        for field in handler.resolve_ref_schema(json_schema).get("properties", {}).values():
            field.pop("default", None)
        return json_schema


class View(BaseModel):
    """Base of what clients get. Its types are plain: what was stored under yesterday's rules can still be read."""

    model_config = ConfigDict(frozen=True)
