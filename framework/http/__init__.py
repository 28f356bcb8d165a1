"""Request, Response and its kinds, Headers, forms, fingerprints."""

from framework.http.headers import Headers
from framework.http.request import Request
from framework.http.request.form import FormRequest
from framework.http.request.json_request import JsonRequest
from framework.http.response import Response
from framework.http.response.html import HtmlResponse
from framework.http.response.json import JsonResponse
from framework.http.response.text import TextResponse
from framework.http.response.xml import XmlResponse

__all__ = [
    "FormRequest",
    "Headers",
    "HtmlResponse",
    "JsonRequest",
    "JsonResponse",
    "Request",
    "Response",
    "TextResponse",
    "XmlResponse",
]
