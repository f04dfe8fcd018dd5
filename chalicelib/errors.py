"""What can go wrong, in the domain's own words. Nothing here knows HTTP: `web.problems` maps each class to a status."""


class DomainError(Exception):
    """Base of every failure a caller is told about; `str(error)` is safe to show to them."""


class UnauthenticatedError(DomainError):
    """Nobody we know is calling."""


class PermissionDeniedError(DomainError):
    """A known caller lacks the permission."""


class NotFoundError(DomainError):
    """No such thing, or it was deleted."""

    def __init__(self, kind: str, identifier: str) -> None:
        super().__init__(f"There is no {kind} with the id {identifier}.")


class ConflictError(DomainError):
    """The request is fine, but not with what is stored now."""


class StaleVersionError(DomainError):
    """The caller guarded its change with a version that is no longer the current one."""

    def __init__(self) -> None:
        super().__init__("It has changed since; read it again.")


class KeyReusedError(DomainError):
    """An idempotency key came again with another body."""


class TooLargeError(DomainError):
    """The thing would not fit where it is stored (DynamoDB quota "Item size": 400 KB)."""


class UnavailableError(DomainError):
    """A dependency throttles or does not answer; the same call may succeed in `retry_after` seconds."""

    def __init__(self, detail: str, *, retry_after: int = 1) -> None:
        super().__init__(detail)
        self.retry_after = retry_after
