"""How is a person's name found again? Folds case, accents and separators; spells 汉字 in pinyin."""

import itertools
import os
import re
import unicodedata
from typing import Final

# Names are read character by character; the table of phrases would cost every web process 46 MB.
os.environ.setdefault("PYPINYIN_NO_PHRASES", "1")

from pypinyin import Style, pinyin  # the line above must come first

MAXIMUM_LENGTH: Final = 1000
# 单 is dān in most words and Shàn as a surname: all readings are kept, up to this many spellings.
MAXIMUM_SPELLINGS: Final = 8

_SEPARATORS: Final = re.compile(r"[\s^=,.'’·・-]+")
_HAN: Final = re.compile(r"[㐀-䶿一-鿿豈-﫿\U00020000-\U0003134a]+")


def fold(text: str) -> str:
    """Fold for comparison: no case, no accents, no separators of PN (PS3.5 6.2) but spaces."""
    # Twice: a styled letter is a capital only once it is plain, and casefolding may compose again.
    plain = unicodedata.normalize("NFKD", text).casefold()
    decomposed = unicodedata.normalize("NFKD", plain)
    bare = "".join(mark for mark in decomposed if not unicodedata.combining(mark))
    return _SEPARATORS.sub(" ", unicodedata.normalize("NFC", bare)).strip()


def search_text(name: str) -> str:
    """Give every spelling under which a PN is looked for, separated by spaces.

    >>> search_text("Zhang^Wei=张^伟")
    'zhang wei 张 伟 zhangwei 张伟 zw'
    """
    folded = fold(name)
    spellings = [folded]
    for group in name.split("="):
        joined = fold(group).replace(" ", "")
        spellings.append(joined)
        for han in _HAN.findall(joined):
            spellings += _spellings(han)
    return " ".join(dict.fromkeys(filter(None, spellings)))[:MAXIMUM_LENGTH]


def _spellings(han: str) -> list[str]:
    """Spell 汉字 in pinyin: apart, together, and by initials; lü as lv (keyboards) and lu."""
    readings = [_readings(character) for character in han]
    spellings = []
    for syllables in itertools.islice(itertools.product(*readings), MAXIMUM_SPELLINGS):
        spellings += [" ".join(syllables), "".join(syllables)]
        spellings.append("".join(syllable[0] for syllable in syllables))
    return spellings


def _readings(character: str) -> list[str]:
    typed = pinyin(character, style=Style.NORMAL, heteronym=True, v_to_u=False)[0]
    plain = [syllable.replace("v", "u") for syllable in typed if "v" in syllable]
    return list(dict.fromkeys(filter(None, [*typed, *plain])))
