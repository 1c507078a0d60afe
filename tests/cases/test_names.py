"""A name is found as people type it: 汉字, pinyin, initials; no case, accents or separators."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.cases.names import MAXIMUM_LENGTH, fold, search_text


def is_found(typed: str, name: str) -> bool:
    """The worklist's own rule: every word of the folded search is in the text."""
    return all(word in search_text(name) for word in fold(typed).split())


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("Zhang^Wei=张^伟", "张伟"),
        ("Zhang^Wei=张^伟", "zhang wei"),
        ("Zhang^Wei=张^伟", "ZhangWei"),
        ("张^伟", "zw"),
        ("张^伟", "wei zhang"),
        ("欧阳^娜娜", "ouyang"),
        ("单^雄信", "shan xiongxin"),  # a surname whose common reading is dan
        ("曾^国藩", "zeng"),
        ("吕^布", "lv bu"),  # ü as keyboards type it
        ("吕^布", "lubu"),
        ("Müller^Jörg", "muller jorg"),
        ("Müller^Jörg", "MÜLLER"),
        ("O'Brien^Seán", "o'brien sean"),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "やまだ"),
        ("Hong^Gildong=洪^吉洞=홍^길동", "홍길동"),
        ("Люкceмбypг", "люк"),
    ],
)
def test_a_name_is_found_as_it_is_typed(name, typed):
    assert is_found(typed, name)


@pytest.mark.parametrize("typed", ["li wei", "zhangwie", "张三"])
def test_another_name_is_not_found(typed):
    assert not is_found(typed, "Zhang^Wei=张^伟")


def test_markup_is_text():
    assert "<script>alert(1)</script>" in search_text("<script>alert(1)</script>")


@given(st.text(max_size=400))
def test_any_text_can_be_folded_and_searched_for(text):
    assert len(search_text(text)) <= MAXIMUM_LENGTH
    assert fold(fold(text)) == fold(text)


@given(st.text(alphabet=string.ascii_letters + "äéç張伟王小", min_size=1, max_size=20))
def test_a_whole_name_finds_itself(name):
    assert is_found(name, name)
