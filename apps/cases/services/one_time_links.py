"""What makes a one-time link safe: an unguessable token, told once, kept only as a hash.

The token stands in the link's fragment, which no browser sends and no log holds; the page posts it.
"""

import hashlib
import secrets

from apps.errors import Conflict

TOKEN_BYTES = 32


class LinkUnusable(Conflict):
    """The one answer to every token that opens nothing: nobody learns which ever existed."""

    default_code = "link_unusable"

    def __init__(self) -> None:
        super().__init__(
            "This link cannot be used: it was used already, has expired, was withdrawn or is not"
            " complete. Ask an administrator for a new one."
        )


def token_new() -> str:
    """Draw a token of 256 bits that can stand in a link."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_sha256(token: str) -> str:
    """Hash a token as it is stored; it is random, so that a fast hash cannot be guessed back."""
    return hashlib.sha256(token.encode()).hexdigest()
