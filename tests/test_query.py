"""A query and the name of its scope tell the same."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from albumart.query import Query, parse_scope

WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
ODD = ("R&B", "a,b", "100%", "x=y?z#w", "a+b c", "naïve/日本", "\x00\n\x1b[31m", " ", "&url=x", ";")
QUERIES = st.builds(
    Query,
    st.none() | WORDS,
    st.none() | WORDS,
    st.lists(WORDS | st.sampled_from(ODD), max_size=4).map(tuple),
)


@given(st.sampled_from(["itunes", "musicbrainz"]), QUERIES)
@example("itunes", Query("file:///a b/%25?c", "gb", ODD))
def test_a_scope_is_parsed_back(source: str, query: Query) -> None:
    assert parse_scope(query.scope(source)) == (source, query)


@given(QUERIES, QUERIES)
def test_two_queries_have_one_scope_only_if_they_are_one(first: Query, second: Query) -> None:
    assert (first.scope("x") == second.scope("x")) == (first == second)


@given(QUERIES)
def test_a_scope_is_one_printable_word(query: Query) -> None:
    scope = query.scope("itunes")
    assert scope.isascii()
    assert scope.isprintable()
    assert " " not in scope


def test_what_is_empty_says_nothing() -> None:
    assert Query("", "", ("",)).scope("itunes") == "itunes"
    assert Query(country="gb").scope("itunes") == "itunes?country=gb"


@pytest.mark.parametrize("scope", ["", "?", "itunes?", "itunes?%ff", "x?genres", "x?a=b&&;=%zz"])
def test_an_odd_name_is_read_without_an_error(scope: str) -> None:
    assert parse_scope(scope)[1] == Query()
