"""The signature of API requests, against a value computed by hand."""

from __future__ import annotations

from framework.testing.shop.api import signature


def test_a_signature_is_hmac_sha256_of_method_and_target() -> None:
    # printf 'GET /api/books?page=1' | openssl dgst -sha256 -hmac demo-secret
    assert (
        signature("demo-secret", "GET", "/api/books?page=1")
        == "c4413b3867ead56388542a99b7f59784b976615e11bae99addddb23e6521346d"
    )


def test_method_target_and_secret_all_matter() -> None:
    one = signature("s", "GET", "/api/books")

    assert (
        len(
            {one, signature("t", "GET", "/api/books"), signature("s", "POST", "/api/books"), signature("s", "GET", "/")}
        )
        == 4
    )
