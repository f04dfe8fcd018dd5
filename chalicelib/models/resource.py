"""From one model of a resource's own fields: what clients send, patch and get, and what is stored."""

from dataclasses import dataclass
from types import GenericAlias, UnionType
from typing import Annotated, Any, ClassVar, Generic, TypeVar, Union, cast, get_args, get_origin

from pydantic import BaseModel, Field, create_model

from chalicelib.models.entity import Entity, EntityView, Upgrade
from chalicelib.models.fields import PatchModel, RequestModel


class Resource(RequestModel):
    """Base of a resource under `/api/{name}`: declare its own fields, and what upgrades them; nothing else."""

    UPGRADES: ClassVar[tuple[Upgrade, ...]] = ()


R = TypeVar("R", bound=Resource)


@dataclass(frozen=True)
class Shapes(Generic[R]):
    """The four faces of a resource."""

    new: type[R]
    patch: type[PatchModel]
    view: type[EntityView]
    stored: type[Entity]


def shapes(model: type[R]) -> Shapes[R]:
    """Derive a resource's four models from the one with its fields.

    Raises TypeError where a field's name is taken by what every entity carries.
    """
    taken = set(model.model_fields) & (set(Entity.model_fields) | {"KIND"})
    if taken:
        message = f"{model.__name__}: every entity has {', '.join(sorted(taken))} already; choose another name"
        raise TypeError(message)
    name = model.__name__
    fields: dict[str, Any] = {
        key: (_plain(field.annotation), ... if field.is_required() else field.get_default(call_default_factory=True))
        for key, field in model.model_fields.items()
    }
    view = create_model(f"{name}View", __base__=EntityView, __doc__=f"{model.__doc__}", **fields)
    stored = cast("type[Entity]", create_model(name, __base__=(view, Entity), __doc__=f"{model.__doc__}"))
    stored.KIND, stored.UPGRADES = name.lower(), model.UPGRADES
    return Shapes(new=model, patch=_patch(model), view=view, stored=stored)


def _plain(annotation: Any) -> Any:  # noqa: ANN401 - a type expression has no type of its own
    """Return the type without its constraints: what was stored under yesterday's rules can still be read."""
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    if isinstance(annotation, GenericAlias):
        return GenericAlias(get_origin(annotation), tuple(_plain(argument) for argument in get_args(annotation)))
    if get_origin(annotation) in {Union, UnionType}:
        return Union[tuple(_plain(argument) for argument in get_args(annotation))]  # noqa: UP007 - made at run time
    return annotation


def _patch(model: type[BaseModel]) -> type[PatchModel]:
    """Every field may be absent; one with a default may be null, which sets it back to that default."""
    fields: dict[str, Any] = {}
    for key, field in model.model_fields.items():
        annotation = field.rebuild_annotation()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            annotation = _patch(field.annotation)
        if not field.is_required() and type(None) not in get_args(field.annotation):
            annotation = annotation | None
        fields[key] = (annotation, Field(default=None, description=field.description, examples=field.examples))
    return create_model(
        f"{model.__name__}Patch", __base__=PatchModel, __doc__=f"Some of the fields of a {model.__name__}.", **fields
    )
