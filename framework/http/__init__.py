"""Request, Response and its kinds, Headers, forms, fingerprints."""

from framework.http.headers import Headers
from framework.http.request import Request

__all__ = ["Headers", "Request"]
