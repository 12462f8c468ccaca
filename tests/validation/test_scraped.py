import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albumart.album import Album, Listing
from albumart.validation.report import FIRST_ROWS, ValidationReport
from albumart.validation.scraped import ScrapeJudge, check_freshness, check_scraped
from albumart.validation.scraped_suites import VOCABULARIES, scraped_suite
from albumart.validation.scraped_view import NUMBERS, SPREADS, TEXTS, Vocabulary
from albumart.validation.scraped_view import build_scraped_frame as build

TODAY = date(2026, 5, 1)
NOW = datetime(2026, 5, 1, tzinfo=UTC)
MBID = "0f16c79e-f4db-470c-a466-{:012x}"
MOODS = frozenset({"Warm", "Amiable/Good-Natured", "Bleak"})


def common(number, source="folder"):
    return Album(
        source=source,
        source_id=f"jazz/{number}.jpg",
        cover_urls=(f"file:///covers/jazz/{number}.jpg",),
        genres=("jazz",),
        title=f"Title {number}",
        artist=f"Björk & Sigur Rós {number}",
        year=1986,
        released="1986-11-05",
    )


def bandcamp(number):
    cover = f"http://f1.bcbits.com/img/a{number:010}_2.jpg"
    return Album("bandcamp", str(number), (cover,), ("hiphop_rap",))


def itunes(number):
    sizes = ("1000x1000bb.jpg", "600x600bb.jpg", "170x170bb.png")
    return Album(
        source="itunes",
        source_id=str(number),
        cover_urls=tuple(f"https://is1-ssl.mzstatic.com/image/{number}/{size}" for size in sizes),
        genres=("Death Metal/Black Metal", "Rock"),
        genre_ids=("1149", "21"),
        title=f"Title - {number}",
        artist="Various Artists",
        artist_id="70936" if number % 2 else None,
        year=2002,
        released="2002-02-12",
        page_url=f"https://music.apple.com/us/album/{number}",
        listings=(Listing("us/21", number % 200 + 1, "2026-04-30"),),
    )


def allmusic(number):
    return Album(
        source="allmusic",
        source_id=f"mw{number:010}",
        cover_urls=(f"https://rovimusic.rovicorp.com/image.jpg?c={number}&f=4",),
        genres=("Pop/Rock",),
        styles=("Dream Pop",),
        moods=("Amiable/Good-Natured", "Warm"),
        themes=("Night Driving",),
        title=f"Title {number}",
        artist="Various Artists",
        year=1988,
        released="1988",
        rating=number % 10 + 1 if number % 3 else None,
        review="A record.\tIt has songs.",
        reviewer="A. Critic",
        page_url=f"https://www.allmusic.com/album/title-mw{number:010}",
    )


def musicbrainz(number):
    mbid = MBID.format(number)
    return Album(
        source="musicbrainz",
        source_id=mbid,
        cover_urls=(f"https://coverartarchive.org/release-group/{mbid}",),
        genres=("metal", "rock"),
        genre_votes=(7, 1),
        tags=("death metal",),
        tag_votes=(3,),
        title=f"Title {number}",
        artist="A feat. B",
        artist_id=MBID.format(number + 10**9),
        year=None if number % 5 else 1999,
        released=None if number % 5 else "1999-12",
        page_url=f"https://musicbrainz.org/release-group/{mbid}",
    )


MAKERS = {
    "folder": common,
    "bandcamp": bandcamp,
    "itunes": itunes,
    "allmusic": allmusic,
    "musicbrainz": musicbrainz,
}
WORDS = {"allmusic": Vocabulary(moods=MOODS.__contains__)}

# (source, check, what is changed of one album so that it breaks this check and no other)
BROKEN = [
    ("folder", "source_told", {"source": "napster"}),
    ("folder", "key_shape", {"source_id": "a b"}),
    ("folder", "key_shape", {"source_id": ""}),
    ("folder", "key_shape", {"source_id": "a\n"}),
    ("folder", "key_shape", {"source_id": "\udcff"}),
    ("folder", "title_shape", {"title": ""}),
    ("folder", "title_shape", {"title": "x" * 501}),
    ("folder", "title_shape", {"title": "line\nbreak"}),
    ("folder", "title_shape", {"title": "nul\0"}),
    ("folder", "title_shape", {"title": "half a letter \ud83d"}),
    ("folder", "artist_shape", {"artist": "\x1b[31mred"}),
    ("folder", "page_url_shape", {"page_url": "javascript:alert(1)"}),
    ("folder", "page_url_shape", {"page_url": "https://user@host/x"}),
    ("folder", "page_url_shape", {"page_url": ""}),
    ("folder", "words_filled", {"tags": ("fine", " ")}),
    ("folder", "words_filled", {"moods": ("",)}),
    ("folder", "words_short", {"themes": ("x" * 201,)}),
    ("folder", "review_length", {"review": "x" * 100_001}),
    ("folder", "released_shape", {"released": "1986-11-05T00:00:00"}),
    ("folder", "released_shape", {"released": "1986-13"}),
    ("folder", "released_shape", {"released": "November 5, 1986"}),
    ("folder", "rating_possible", {"rating": 0}),
    ("folder", "rating_possible", {"rating": 11}),
    ("folder", "votes_parallel", {"genre_votes": (1, 2)}),
    ("folder", "votes_parallel", {"tags": ("a", "b"), "tag_votes": (1,)}),
    ("folder", "ids_parallel", {"genre_ids": ("1", "2")}),
    ("folder", "listing_day_shape", {"listings": (Listing("us", 1, "30.4.2026"),)}),
    ("folder", "listing_position", {"listings": (Listing("us", 0, "2026-04-30"),)}),
    ("folder", "listing_position", {"listings": (Listing("us", -(10**30), "2026-04-30"),)}),
    ("folder", "year_matches_release", {"year": 1987}),
    ("folder", "year_possible", {"year": 19, "released": None}),
    ("folder", "year_possible", {"year": 2028, "released": None}),
    ("folder", "release_year_possible", {"released": "1859", "year": None}),
    ("folder", "cover_url_shape", {"cover_urls": ("jazz/cover.jpg",)}),
    ("folder", "cover_url_shape", {"cover_urls": ("https://a.example/a.jpg", "")}),
    ("folder", "cover_url_shape", {"cover_urls": ("https://a.example/a b.jpg",)}),
    ("folder", "has_label_word", {"genres": ()}),
    ("folder", "has_cover", {"cover_urls": ()}),
    ("bandcamp", "id_shape", {"source_id": "a12"}),
    ("bandcamp", "one_genre", {"genres": ("pop", "rock")}),
    ("bandcamp", "cover_host", {"cover_urls": ("http://127.0.0.1/a.jpg",)}),
    ("bandcamp", "cover_host", {"cover_urls": ("http://bcbits.com.evil.example/a.jpg",)}),
    ("bandcamp", "genres_known", {"genres": ("polka",)}),
    ("itunes", "id_shape", {"source_id": "id12"}),
    ("itunes", "has_title", {"title": None}),
    ("itunes", "has_artist", {"artist": None}),
    ("itunes", "artist_id_shape", {"artist_id": "johnny-cash"}),
    ("itunes", "has_genre_id", {"genre_ids": ()}),
    ("itunes", "genre_ids_known", {"genre_ids": ("21", "987654")}),
    ("itunes", "is_listed", {"listings": ()}),
    ("itunes", "position_in_chart", {"listings": (Listing("us", 201, "2026-04-30"),)}),
    ("itunes", "cover_host", {"cover_urls": ("https://cdn.example/170x170bb.png",)}),
    ("allmusic", "id_shape", {"source_id": "mw123"}),
    ("allmusic", "has_title", {"title": None}),
    ("allmusic", "has_artist", {"artist": None}),
    ("allmusic", "cover_host", {"cover_urls": ("https://cdn.example/cover.jpg",)}),
    ("allmusic", "moods_known", {"moods": ("Warm", "Warmish")}),
    ("allmusic", "review_signed", {"reviewer": None}),
    ("musicbrainz", "id_shape", {"source_id": MBID.format(1).upper()}),
    ("musicbrainz", "has_title", {"title": None}),
    ("musicbrainz", "has_artist", {"artist": None}),
    ("musicbrainz", "has_artist_id", {"artist_id": None}),
    ("musicbrainz", "artist_id_shape", {"artist_id": "Metallica"}),
    ("musicbrainz", "words_voted", {"tag_votes": ()}),
    ("musicbrainz", "votes_positive", {"genre_votes": (7, 0)}),
    ("musicbrainz", "cover_host", {"cover_urls": ("https://coverartarchive.org/release/1",)}),
]
# Where breaking one check cannot but break another.
ALSO = {"genre_id_shape": {"genre_ids_known"}}
BROKEN.append(("itunes", "genre_id_shape", {"genre_ids": ("21", "metal")}))


def check(source, albums, **changes):
    return check_scraped(
        source, albums, **{"vocabulary": WORDS.get(source), "today": TODAY} | changes
    )


def broken_by(report, key):
    return {result.expectation for result in report.results if key in result.rows}


def of(report, name):
    return next(result for result in report.results if result.expectation == name)


@pytest.fixture(scope="module")
def verdicts():
    """One batch per source: 50 good albums, and every broken one of the table."""
    batches = {source: [make(number) for number in range(1, 51)] for source, make in MAKERS.items()}
    for number, (source, _, changes) in enumerate(BROKEN, start=1000):
        batches[source].append(replace(MAKERS[source](number), **changes))
    return {source: check(source, albums) for source, albums in batches.items()}


@pytest.mark.parametrize("source", MAKERS)
def test_a_good_batch_passes_every_check(source):
    verdict = check(source, [MAKERS[source](number) for number in range(1, 201)])
    assert [r.detail for r in verdict.report.results if not r.passed] == []
    assert verdict.failing == {}
    assert {(r.suite, r.checked) for r in verdict.report.results} == {(source, 200)}
    names = [r.expectation for r in verdict.report.results]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(("number", "case"), list(enumerate(BROKEN, start=1000)))
def test_a_row_breaks_the_check_that_it_should_and_no_other(verdicts, number, case):
    source, name, changes = case
    key = replace(MAKERS[source](number), **changes).key
    report, failing = verdicts[source].report, verdicts[source].failing
    assert broken_by(report, key) == {name} | ALSO.get(name, set())
    assert not of(report, name).passed
    if of(report, name).severity == "critical":
        assert failing[key] == name
    else:
        assert key not in failing


@pytest.mark.parametrize("source", MAKERS)
def test_good_rows_stay_good_beside_broken_ones(verdicts, source):
    good = {MAKERS[source](number).key for number in range(1, 51)}
    assert not good & verdicts[source].failing.keys()
    for result in verdicts[source].report.results:
        assert not good & {*result.rows}


@pytest.mark.parametrize("source", MAKERS)
def test_every_check_of_every_suite_has_a_row_that_breaks_it(source):
    words = WORDS.get(source) or VOCABULARIES.get(source, Vocabulary())
    asked = {check.name for check in scraped_suite(source, words, TODAY)}
    between_rows = {"told_alike", "name_told_once"}
    assert asked - {name for _, name, _ in BROKEN} == between_rows


def test_the_first_check_in_the_order_of_the_table_is_the_reason():
    album = replace(itunes(1), source_id="x", artist="\n", released="?")
    verdict = check("itunes", [album])
    assert broken_by(verdict.report, "itunes:x") == {"artist_shape", "released_shape", "id_shape"}
    assert verdict.failing == {"itunes:x": "artist_shape"}


def test_an_album_told_by_several_charts_is_no_fault_while_they_agree():
    first = itunes(1)
    second = replace(first, listings=(Listing("us/20", 3, "2026-04-30"),), cover_urls=())
    verdict = check("itunes", [first, second, itunes(2)])
    assert [r.expectation for r in verdict.report.results if not r.passed] == ["has_cover"]


def test_an_album_told_differently_is_a_warning_and_stays():
    verdict = check("itunes", [itunes(1), replace(itunes(1), title="Another"), itunes(2)])
    told = of(verdict.report, "told_alike")
    assert (told.unexpected_count, told.rows) == (2, ("itunes:1", "itunes:1"))
    assert [r.expectation for r in verdict.report.failed("warning")] == ["told_alike"]
    assert verdict.failing == {}


def test_one_name_under_two_keys_is_counted():
    twin = replace(common(2), title="TITLE 1", artist=common(1).artist.upper())
    verdict = check("folder", [common(1), twin, common(3), bandcamp(4), bandcamp(5)])
    assert of(verdict.report, "name_told_once").rows == ("folder:jazz/1.jpg", "folder:jazz/2.jpg")
    assert of(verdict.report, "name_told_once").severity == "info"


def test_an_album_of_which_one_telling_is_broken_fails():
    verdict = check("itunes", [itunes(1), replace(itunes(1), title=None)])
    assert verdict.failing == {"itunes:1": "has_title"}


def test_nothing_is_no_failure():
    verdict = check("itunes", [])
    assert verdict.failing == {}
    assert all(r.passed and r.checked == 0 for r in verdict.report.results)
    merged = verdict.report + check("itunes", [itunes(1)]).report
    assert {r.checked for r in merged.results} == {1}


def test_a_source_without_a_suite_of_its_own_gets_the_common_one():
    verdict = check("discogs", [common(number, source="discogs") for number in range(9)])
    assert all(r.passed for r in verdict.report.results)
    assert {r.suite for r in verdict.report.results} == {"discogs"}


def test_a_vocabulary_is_held_to_where_it_is_given():
    assert "moods_known" not in {r.expectation for r in check("folder", [common(1)]).report.results}
    words = Vocabulary(genres=str.isupper, moods=MOODS.__contains__)
    albums = [replace(common(1), moods=("Warm", "Odd", "Odder")), replace(common(2), genres=())]
    report = check("folder", albums, vocabulary=words).report
    assert of(report, "moods_known").rows == ("folder:jazz/1.jpg",)
    assert of(report, "moods_known").values == (repr("Odd\nOdder"),)
    assert of(report, "genres_known").rows == ("folder:jazz/1.jpg",)


def test_pages_of_bandcamp_write_its_genres_in_words():
    page = replace(bandcamp(1), genres=("Hip-Hop/Rap",), tags=("Hip-Hop/Rap", "boom bap"))
    none = replace(bandcamp(2), genres=(), tags=("tape",))
    assert all(r.passed for r in check("bandcamp", [page, none]).report.results)


def test_reports_of_batches_add_up_without_growing():
    judge = ScrapeJudge("folder")
    failing = [judge([replace(common(n), rating=n % 2) for n in range(30)]) for _ in range(3)]
    assert all(len(keys) == 15 for keys in failing)
    rating = of(judge.report, "rating_possible")
    assert (rating.checked, rating.unexpected_count, rating.passed) == (90, 45, False)
    assert len(rating.rows) == len(rating.values) == FIRST_ROWS
    assert rating.rows[0] == "folder:jazz/0.jpg"
    assert rating.detail.endswith(": 45 of 90 unexpected, such as 0")
    assert of(judge.report, "key_shape").passed
    assert len(judge.report.results) == len(check("folder", [common(1)]).report.results)


def test_a_judge_passes_its_vocabulary_on():
    judge = ScrapeJudge("allmusic", vocabulary=WORDS["allmusic"])
    assert judge([allmusic(1)]) == {}
    assert of(judge.report, "moods_known").passed


def test_years_are_possible_until_next_year():
    album = replace(common(1), year=TODAY.year + 1, released=None)
    assert of(check("folder", [album]).report, "year_possible").passed
    next_year = datetime.now(UTC).year + 1
    report = check_scraped("folder", [replace(album, year=next_year)]).report
    assert of(report, "year_possible").passed


@pytest.mark.parametrize(
    ("days", "within", "passed"),
    [
        (2, timedelta(days=3), True),
        (3, timedelta(days=3), True),
        (4, timedelta(days=3), False),
        (4_000, None, True),
        (-1, timedelta(days=3), True),
    ],
)
def test_a_source_that_tells_nothing_new_is_a_warning(days, within, passed):
    newest = NOW - timedelta(days=days)
    report = check_freshness("itunes", newest, within=within, now=NOW)
    fresh = of(report, "fresh")
    assert (fresh.passed, fresh.severity, fresh.unexpected_count) == (passed, "warning", not passed)
    assert fresh.detail.endswith(f": got {newest.isoformat()}")
    assert fresh.suite == "itunes"
    assert len((check("itunes", [itunes(1)]).report + report).failed("warning")) == (not passed)


def test_ten_thousand_albums_in_one_batch(capsys):
    albums = [itunes(number) for number in range(1, 10_001)]
    worst = [replace(album, title=None, artist="\n", released="?") for album in albums]
    check("itunes", albums[:1])  # whoever comes first pays for the import
    seconds = {}
    for name, batch in {"good": albums, "broken": worst}.items():
        began = time.perf_counter()
        found = check("itunes", batch)
        seconds[name] = time.perf_counter() - began
        assert len(found.failing) == (10_000 if name == "broken" else 0)
    with capsys.disabled():
        told = ", ".join(f"all {name} {taken:.2f} s" for name, taken in seconds.items())
        print(f"\n10,000 albums, {len(found.report.results)} checks: {told}")  # noqa: T201
    assert max(seconds.values()) < 30


TEXT = st.text(st.characters(exclude_categories=()), max_size=20)
WORDS_OF_ALL_KINDS = st.lists(TEXT, max_size=4).map(tuple)
NUMBER = st.integers(-(10**25), 10**25)


@given(
    st.lists(
        st.builds(
            Album,
            source=TEXT,
            source_id=TEXT,
            cover_urls=WORDS_OF_ALL_KINDS,
            genres=WORDS_OF_ALL_KINDS,
            genre_ids=WORDS_OF_ALL_KINDS,
            genre_votes=st.lists(NUMBER, max_size=3).map(tuple),
            moods=WORDS_OF_ALL_KINDS,
            title=st.none() | TEXT,
            artist=st.none() | TEXT,
            year=st.none() | NUMBER,
            released=st.none() | TEXT,
            rating=st.none() | NUMBER,
            listings=st.lists(st.builds(Listing, TEXT, NUMBER, TEXT), max_size=3).map(tuple),
        ),
        max_size=5,
    )
)
def test_whatever_a_parser_tells_has_a_frame(albums):
    words = Vocabulary(genres=str.isalpha, moods=str.isalpha)
    columns = [*TEXTS, *NUMBERS, *SPREADS, "unknown_genres", "unknown_moods"]
    frame = build(albums, columns, words)
    assert list(frame.columns) == columns
    assert len(frame) == len(albums)
    for album, told in zip(albums, frame["tellings"], strict=True):
        assert 1 <= told <= Counter(other.key for other in albums)[album.key]
    for album, unknown in zip(albums, frame["unknown_moods"].notna(), strict=True):
        assert unknown == any(not mood.isalpha() for mood in album.moods)


def test_an_empty_report_is_neutral():
    report = check("folder", [replace(common(1), rating=0)]).report
    assert ValidationReport() + report == report + ValidationReport() == report
