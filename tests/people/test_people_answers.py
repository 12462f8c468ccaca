"""Names that strangers type, and what else comes in with an answer."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albumart.errors import UnsafeInput
from albumart.people.answers import LONGEST_NAME, Name, check_player


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Ada", Name("ada", "Ada")),
        ("  Ada \u3000 Lovelace ", Name("ada lovelace", "Ada Lovelace")),
        ("ＡＤＡ", Name("ada", "ADA")),
        ("Strauß", Name("strauss", "Strauß")),
        ("Zoe\u0308", Name("zoë", "Zoë")),
        ("李小龙", Name("李小龙", "李小龙")),
        ("🎸", Name("🎸", "🎸")),
        ("=1+1", Name("=1+1", "=1+1")),
        ("x" * 40, Name("x" * 40, "x" * 40)),
    ],
)
def test_names_are_normalised(typed: str, name: Name) -> None:
    assert check_player(typed) == name


@pytest.mark.parametrize(
    "typed",
    [
        *("", "   ", "\u0301", "x" * 41, "x" * 1_000_000, "ﷺ" * 3),
        *("Ada\x00", "Ada\nBo", "\tAda", "\x1b[31mAda", "Ada\u202e", "Ada\u200b", "\ud800"),
        *("Ada\u2028Bo", "\ue000", "\U000e0041Ada"),
    ],
)
def test_names_that_are_none_are_refused(typed: str) -> None:
    with pytest.raises(UnsafeInput, match="expected a name of 1 to 40 visible") as refused:
        check_player(typed)
    assert refused.value.code == "player_name"


@given(st.text(max_size=60))
def test_a_name_that_passes_is_harmless_and_stays(typed: str) -> None:
    try:
        name = check_player(typed)
    except UnsafeInput:
        return
    assert 0 < len(name.shown) <= LONGEST_NAME
    assert len(name.key) <= 200
    kinds = {unicodedata.category(letter) for letter in name.shown}
    assert not kinds & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert check_player(name.shown) == name
    assert check_player(name.shown.upper()).key is not None
