"""Every code of the core has its exception."""

from __future__ import annotations

import pytest

from polywire import _errors, _polywire, exceptions, sansio

TABLES = {
    "violation": _errors.VIOLATION,
    "usage": _errors.USAGE,
    "handshake": _errors.HANDSHAKE,
}


def test_the_tables_have_every_code_and_no_other() -> None:
    for origin, table in TABLES.items():
        codes = {code for code, from_, *_ in _polywire.codes() if from_ == origin}
        assert codes
        assert set(table) == codes


@pytest.mark.parametrize("entry", _polywire.codes(), ids=lambda entry: entry[0])
def test_each_exception_tells_its_code_and_text(entry: tuple[str, str, int, str, str]) -> None:
    code, origin, *_ = entry
    if origin == "handshake":
        error = _errors.handshake_error(code, "the text", '"found"', None)
        assert isinstance(error, exceptions.WebSocketException)
    elif origin == "usage":
        error = _errors.usage_error(code, "the text")
    else:
        error = _errors.violation_error(code, "the text", 7)
    assert error.fault == code
    assert str(error) == "the text"


def test_what_is_exported_exists() -> None:
    import polywire

    for name in polywire.__all__:
        assert hasattr(polywire, name)
    assert set(exceptions.__all__) <= set(polywire.__all__)


def test_an_exception_of_the_core_has_the_core_s_text() -> None:
    with pytest.raises(exceptions.InvalidURI, match="url.scheme.*RFC 6455") as caught:
        sansio.Url("http://a/")
    assert caught.value.fault == "url.scheme"


def test_settings_are_checked_by_name() -> None:
    with pytest.raises(ValueError, match="limits.frame_sice"):
        sansio.Settings({"limits.frame_sice": 1})
    with pytest.raises(TypeError):
        sansio.Settings({"limits.frame_size": []})
