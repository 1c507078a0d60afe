"""Names in the characters they were written in, and a flag where that is not sure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.cases.compute.text import decode_text

MULTI = ["ISO 2022 IR 13", "ISO 2022 IR 87"]


@pytest.mark.parametrize(
    ("raw", "declared", "value", "flag"),
    [
        (b"Adams^John", [], "Adams^John", ""),
        (b"Adams^John ", [""], "Adams^John", ""),
        ("王^小东".encode("gb18030"), ["GB18030"], "王^小东", ""),
        ("朱^镕基".encode("gbk"), ["GBK"], "朱^镕基", ""),
        ("Wang^XiaoDong=王^小东=".encode("gb18030"), ["GB18030"], "Wang^XiaoDong=王^小东=", ""),
        ("王^小东".encode(), ["ISO_IR 192"], "王^小东", ""),
        ("Müller^Jürgen".encode("latin-1"), ["ISO_IR 100"], "Müller^Jürgen", ""),
        ("Люкс".encode("iso8859-5"), ["ISO_IR 144"], "Люкс", ""),
        # the standard's own example (PS3.5 H.3.2): three component groups by escape sequences
        (
            b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J"
            b"=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J",
            MULTI,
            "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
            "",
        ),
        # nothing declared: guessed from strict evidence
        ("王^小东".encode("gbk"), [], "王^小东", "charset_guessed"),
        ("王^小东".encode(), [], "王^小东", "charset_guessed"),
        ("朱^镕基".encode("gbk"), [], "朱^镕基", "charset_guessed"),  # 镕 ends in the byte of "F"
        ("𠮷^小东".encode("gb18030"), [""], "𠮷^小东", "charset_guessed"),  # four bytes
        ("WANG=王^小东".encode("gbk"), ["ISO_IR 6"], "WANG=王^小东", "charset_guessed"),
        # Latin-1 declared by a device that writes something else
        ("王^小东".encode("gbk"), ["ISO_IR 100"], "王^小东", "charset_guessed"),
        ("王^小东".encode(), ["ISO_IR 100"], "王^小东", "charset_guessed"),
        ("Äö".encode("latin-1"), ["ISO_IR 100"], "Äö", ""),  # also one ideograph: not enough
        # declared, but the bytes say otherwise
        ("王^小东".encode("gbk"), ["ISO_IR 192"], "王^小东", "charset_guessed"),
        ("王^小东".encode("gbk"), ["NONSENSE"], "王^小东", "charset_guessed"),
        # no safe guess
        ("Müller^Jürgen".encode("latin-1"), [], "Müller^Jürgen", "charset_missing"),
        (b"\xff\x81\x90", [], "\ufffd\ufffd\ufffd", "undecodable"),
        (b"A\xff", ["ISO_IR 192"], "A\ufffd", "undecodable"),
        (b"A\xff", ["NONSENSE"], "A\ufffd", "undecodable"),
    ],
)
def test_names(raw: bytes, declared: list[str], value: str, flag: str) -> None:
    decoded = decode_text(raw, declared)
    assert (decoded.value, decoded.flag) == (value, flag)


def test_control_characters_are_dropped() -> None:
    assert decode_text(b"A\x00B\x07C", []).value == "ABC"


@given(st.text(alphabet=st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1))
def test_any_chinese_name_is_read_declared_or_not(name: str) -> None:
    assert decode_text(name.encode("gb18030"), ["GB18030"]).value == name
    assert decode_text(name.encode(), ["ISO_IR 192"]).value == name
    undeclared = decode_text(name.encode(), [])
    assert (undeclared.value, undeclared.flag) == (name, "charset_guessed")


@given(
    st.binary(), st.sampled_from([[], ["ISO_IR 100"], ["GB18030"], ["ISO_IR 192"], MULTI, ["?"]])
)
def test_any_bytes_give_text(raw: bytes, declared: list[str]) -> None:
    decoded = decode_text(raw, declared)
    assert decoded.flag in {"", "charset_missing", "charset_guessed", "undecodable"}
    assert "\0" not in decoded.value
