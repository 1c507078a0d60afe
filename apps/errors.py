"""The named errors of the domain, in plain Python, and what each means to a caller.

CoreadError
├── NotFound            the thing does not exist, or this person may not know that it does
├── NotAuthenticated    nobody is logged in
├── Forbidden           the person knows the thing but may not do this to it
├── Invalid             the input is wrong; `fields` says where
├── TooLarge            the body is larger than the route takes
├── Conflict            somebody or something was faster; nothing was changed
├── StorageFull         no room for another file
└── Unavailable         a part we need does not answer now; try again later
config/exceptions.py turns each into a status and `{code, message, fields, params}`.
"""

from collections.abc import Mapping
from typing import Any


class CoreadError(Exception):
    """A failure with a stable code for programs and a sentence for people."""

    default_code = "error"

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        params: Mapping[str, Any] | None = None,
        fields: Mapping[str, list[str]] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.params = dict(params or {})
        self.fields = dict(fields or {})


class NotFound(CoreadError):
    """Nothing there that this person may know of."""

    default_code = "not_found"

    def __init__(self, message: str = "There is nothing here that you may see.") -> None:
        super().__init__(message)


class NotAuthenticated(CoreadError):
    """Log in first."""

    default_code = "not_authenticated"

    def __init__(self, message: str = "Log in first.") -> None:
        super().__init__(message)


class Forbidden(CoreadError):
    """Known, but not allowed."""

    default_code = "forbidden"


class Invalid(CoreadError):
    """The input cannot be used as it is."""

    default_code = "invalid"


class TooLarge(CoreadError):
    """The body is larger than the route takes."""

    default_code = "too_large"


class Conflict(CoreadError):
    """The state has moved on; nothing was changed."""

    default_code = "conflict"


class StorageFull(CoreadError):
    """There is no room to store another file."""

    default_code = "storage_full"


class Unavailable(CoreadError):
    """A needed part does not answer now."""

    default_code = "unavailable"
