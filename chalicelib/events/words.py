"""An error in words, for whoever looks at a dead letter."""

from pydantic import ValidationError


def told(error: Exception) -> str:
    """Return an error's kind and message; of what is not valid, where, and not the value: it may be a person's."""
    if isinstance(error, ValidationError):
        faults = error.errors(include_input=False, include_url=False, include_context=False)
        places = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in faults)
        return f"{type(error).__name__}: {error.title}: {places}"
    return f"{type(error).__name__}: {error}"
