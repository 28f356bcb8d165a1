"""The generated reference is in step with the declarations."""

import pytest

from framework.settings import builtin_catalogue, reference


def test_the_page_in_the_docs_is_what_the_declarations_give():
    assert reference.PAGE.read_text(encoding="utf-8") == reference.page(builtin_catalogue()), (
        "run: python -m framework.settings.reference"
    )
    assert reference.main(["--check"]) == 0


def test_every_option_is_on_the_page():
    text = reference.page(builtin_catalogue())

    assert [o.name for o in builtin_catalogue() if f"### {o.name}\n" not in text or o.doc not in text] == []


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    page = tmp_path / "docs" / "settings.md"
    monkeypatch.setattr(reference, "PAGE", page)
    return page


def test_a_missing_or_stale_page_is_said_to_be_stale(elsewhere, capsys):
    assert reference.main(["--check"]) == 1
    assert "is stale" in capsys.readouterr().err

    assert reference.main([]) == 0
    assert reference.main(["--check"]) == 0

    elsewhere.write_text("old")
    assert reference.main(["--check"]) == 1


def test_another_argument_is_refused(elsewhere, capsys):
    assert reference.main(["--chek"]) == 2
    assert "usage" in capsys.readouterr().err
    assert not elsewhere.exists()
