"""How S3 refuses a request (S3 API Reference, "Error responses")."""

from xml.sax.saxutils import escape


class S3Error(Exception):
    """A refusal: its status, code and message, and what else stands in the answer."""

    def __init__(self, status: int, code: str, message: str, **details: str | int) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.elements = {"Code": code, "Message": message, **details}

    def document(self) -> bytes:
        """Return the answer's body."""
        inner = "".join(f"<{name}>{escape(str(text))}</{name}>" for name, text in self.elements.items())
        return f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{inner}</Error>'.encode()


class AccessDeniedError(S3Error):
    """A request that may not be."""

    def __init__(self, message: str = "Access Denied", **details: str | int) -> None:
        super().__init__(403, "AccessDenied", message, **details)


class InvalidArgumentError(S3Error):
    """A field or parameter that can't be."""

    def __init__(self, message: str, *, name: str, value: str = "") -> None:
        super().__init__(400, "InvalidArgument", message, ArgumentName=name, ArgumentValue=value)
