"""AllMusic's album pages: each layout and each odd shape."""

import pytest
from allmusic_saved import HOME, MOODS, OF_2013, OF_2021, OF_2022, REVIEW, SAVED, change, read

from albumart.album import Album
from albumart.errors import ParseError
from albumart.sources.allmusic_page import LONGEST_REVIEW

GALLERY_START = b"imageGallery = "


def with_gallery(value: str) -> bytes:
    start = OF_2021.index(GALLERY_START) + len(GALLERY_START)
    return OF_2021[:start] + value.encode() + OF_2021[OF_2021.index(b";", start) :]


def test_the_layout_of_2021() -> None:
    assert read(OF_2021, MOODS) == Album(
        source="allmusic",
        source_id="mw0001234567",
        cover_urls=(
            "https://rovimusic.rovicorp.com/image.jpg?c=AbC_1=&f=5",
            "https://rovimusic.rovicorp.com/image.jpg?c=AbC_1=&f=4",
        ),
        genres=("Pop/Rock",),
        moods=("Wry", "Amiable/Good-Natured", "Café"),
        themes=("Road Trip",),
        styles=("Alternative/Indie Rock", "Dream Pop"),
        title="Glass Harbour",
        artist="The Pale Wolves / Ada & Quill",
        artist_id="mn0000111222",
        released="2021-11-05",
        year=2021,
        rating=4,
        review="The Pale Wolves, back from the coast, play slower. It suits them well.",
        reviewer="Carmen O'Dell",
        page_url="https://www.allmusic.com/album/glass-harbour-mw0001234567",
    )


def test_the_layout_since_2022() -> None:
    assert read(OF_2022, MOODS, REVIEW) == Album(
        source="allmusic",
        source_id="mw0007654321",
        cover_urls=("https://fastly-s3.allmusic.com/release/mr0001/front/400/a.jpg",),
        genres=("Latin", "Folk"),
        moods=("Wry", "Amiable/Good-Natured", "Café"),
        themes=("Road Trip",),
        styles=("Nueva Canción",),
        title="Salt Window",
        artist="Café Órgano",
        artist_id="mn0000820863",
        released="2024-03",
        year=2024,
        rating=8,
        review="The second record by Café Órgano is the brighter one. Nothing on it hurries.",
        reviewer="D. K. Moreau",
        page_url="https://www.allmusic.com/album/salt-window-mw0007654321",
    )


def test_the_layout_of_2013_has_its_own_moods() -> None:
    assert read(OF_2013) == Album(
        source="allmusic",
        source_id="mw0000555666",
        cover_urls=("http://cps-static.rovicorp.com/3/JPG_400/MI0003/a.jpg?partner=allrovi.com",),
        genres=("Jazz",),
        moods=("Amiable/Good-Natured", "Brooding"),
        themes=("Late Night",),
        styles=("Swing",),
        title="Copper Choir",
        artist="Iron Meadow",
        artist_id="mn0000777888",
        released="1994",
        year=1994,
        rating=9,
        review="Half a brass band, half a storm.",
        reviewer="Bo Lindqvist",
        page_url="https://www.allmusic.com/album/copper-choir-mw0000555666",
    )


def test_the_order_of_what_was_loaded_beside_does_not_matter() -> None:
    assert read(OF_2022, REVIEW, MOODS) == read(OF_2022, MOODS, REVIEW)


def test_a_saved_page_that_was_completed_by_a_browser_has_its_own_moods() -> None:
    assert read(OF_2021.replace(b"</body>", MOODS + b"</body>")).moods == read(OF_2021, MOODS).moods


@pytest.mark.parametrize("part", [None, b"<p>Please log in</p>", REVIEW, HOME], ids=repr)
def test_an_album_is_never_without_moods_only_because_they_were_not_found(
    part: bytes | None,
) -> None:
    with pytest.raises(ParseError, match="moods: expected|expected moods: #moodsGrid"):
        read(OF_2021, *([part] if part else []))


@pytest.mark.parametrize("grid", ["", "Wry Amiable", "<span>Wry</span>"])
def test_a_grid_without_links_must_say_that_there_are_none(grid: str) -> None:
    moods = f'<div id="moodsThemes"><div id="moodsGrid">{grid}</div></div>'.encode()
    with pytest.raises(ParseError, match="part0: expected links in #moodsGrid"):
        read(OF_2021, moods)


def test_a_grid_may_say_that_there_are_none() -> None:
    moods = b'<div id="moodsThemes"><p id="moodsGrid">There are no moods for this album.</p></div>'
    assert read(OF_2021, moods).moods == ()


WITHOUT_TAB = change(OF_2022, '<a id="moodsThemesTab" href="#moodsThemes">Moods and Themes</a>', "")


def test_no_tab_for_moods_and_an_empty_answer_say_that_there_are_none() -> None:
    assert read(WITHOUT_TAB, b"\n", REVIEW).moods == ()


@pytest.mark.parametrize(
    ("body", "parts"),
    [
        (OF_2022, [b"\n", REVIEW]),
        (OF_2021, [b"\n"]),
        (WITHOUT_TAB, [b"<p>Sorry</p>", b""]),
        (WITHOUT_TAB, [REVIEW]),
        (WITHOUT_TAB, []),
    ],
    ids=["tab", "layout without tabs", "other answer", "not asked", "nothing beside it"],
)
def test_less_than_that_does_not(body: bytes, parts: list[bytes]) -> None:
    with pytest.raises(ParseError, match="moods"):
        read(body, *parts)


def test_moods_without_themes() -> None:
    moods = b'<div class="moodsThemes"><div id="moodsGrid"><a href="/mood/x">Wry</a></div></div>'
    album = read(OF_2021, moods)
    assert (album.moods, album.themes) == (("Wry",), ())


@pytest.mark.parametrize(
    ("told", "released", "year"),
    [
        ("1988", "1988", 1988),
        ("November 5, 2021", "2021-11-05", 2021),
        ("May 2004", "2004-05", 2004),
        ("", None, None),
    ],
)
def test_release_dates(told: str, released: str | None, year: int | None) -> None:
    album = read(change(OF_2021, "November 5, 2021", told), MOODS)
    assert (album.released, album.year) == (released, year)


@pytest.mark.parametrize("told", ["February 30, 2021", "5.11.2021", "Smarch 5, 2021", "88", "soon"])
def test_release_dates_of_another_shape(told: str) -> None:
    with pytest.raises(ParseError, match="release date like"):
        read(change(OF_2021, "November 5, 2021", told), MOODS)


@pytest.mark.parametrize(
    ("told", "rating"), [("10", 10), ("1", 1), ("0", None), ("", None), ("&nbsp;", None)]
)
def test_ratings_are_the_text(told: str, rating: int | None) -> None:
    body = change(OF_2021, "4                             </div>", f"{told}</div>")
    assert read(body, MOODS).rating == rating


@pytest.mark.parametrize("told", ["11", "-1", "4.5", "4 stars", "٤"])
def test_ratings_of_another_shape(told: str) -> None:
    body = change(OF_2021, "4                             </div>", f"{told}</div>")
    with pytest.raises(ParseError, match="a rating from 1 to 10"):
        read(body, MOODS)


@pytest.mark.parametrize(
    ("css_class", "rating"),
    [("allmusicRating ratingAllmusic0", None), ("allmusicRating", None), ("other", None)],
)
def test_albums_without_a_rating(css_class: str, rating: int | None) -> None:
    body = change(OF_2022, "allmusicRating ratingAllmusic7", css_class)
    assert read(body, MOODS).rating == rating


@pytest.mark.parametrize(
    ("gallery", "covers"),
    [
        ("false", ()),
        ("null", ()),
        ("[]", ()),
        ('[{"url":"http:\\/\\/a.test\\/b.jpg"}]', ("http://a.test/b.jpg",)),
        ('[{"url":"//a.test/b.jpg","zoomURL":""}]', ("https://a.test/b.jpg",)),
        ('[{"url":"//a.test/b","zoomURL":"//a.test/b"}]', ("https://a.test/b",)),
    ],
)
def test_covers(gallery: str, covers: tuple[str, ...]) -> None:
    assert read(with_gallery(gallery), MOODS).cover_urls == covers


@pytest.mark.parametrize(
    "gallery",
    [
        "",
        "[{",
        "true",
        '{"url":"http://a.test/b"}',
        '["http://a.test/b"]',
        '[{"url":7}]',
        '[{"url":"javascript:alert(1)"}]',
        '[{"url":"http://a.test/\\u0000"}]',
        '[{"url":"http://a.test/\\ud800"}]',
        "[" * 100_000,
    ],
    ids=lambda text: text[:40],
)
def test_covers_of_another_shape(gallery: str) -> None:
    with pytest.raises(ParseError, match="imageGallery|cover address"):
        read(with_gallery(gallery), MOODS)


@pytest.mark.parametrize(
    ("image", "covers"),
    [
        ('<img src="https://a.test/c.jpg">', ("https://a.test/c.jpg",)),
        ('<img data-src="//a.test/c.jpg" src="x.gif">', ("https://a.test/c.jpg",)),
        ('<img src="https://cdn-gce.allmusic.com/images/no_image/album_300x300.png">', ()),
    ],
)
def test_covers_of_pages_without_a_list(image: str, covers: tuple[str, ...]) -> None:
    start, end = OF_2013.index(b"<img"), OF_2013.index(b">", OF_2013.index(b"<img")) + 1
    assert read(OF_2013[:start] + image.encode() + OF_2013[end:]).cover_urls == covers


def test_a_page_has_a_cover_or_says_that_it_has_none() -> None:
    with pytest.raises(ParseError, match=r"expected \.album-cover img"):
        read(OF_2013.replace(b"<img", b"<x"))


def test_various_artists_have_no_id() -> None:
    start = OF_2021.index(b"<span>\n                <a")
    end = OF_2021.index(b"</span>", start)
    album = read(OF_2021[:start] + b"<span>Various Artists" + OF_2021[end:], MOODS)
    assert (album.artist, album.artist_id) == ("Various Artists", None)


def test_an_album_without_a_review_genre_or_style() -> None:
    start = OF_2021.index(b'<section class="review')
    body = OF_2021[:start] + OF_2021[OF_2021.index(b"</section>", start) :]
    start = body.index(b'<div class="genre">')
    body = body[:start] + body[body.index(b"</section>", start) :]
    album = read(body, MOODS)
    assert (album.review, album.reviewer, album.genres, album.styles) == (None, None, (), ())


@pytest.mark.parametrize(
    ("line", "reviewer"),
    [
        ("by <b>Ada Quill</b>", "Ada Quill"),
        ("Stand by Me Review by Ada", "Ada"),
        ("By the Way Review", None),
        ("Reviewed", None),
        ("", None),
    ],
)
def test_reviewers(line: str, reviewer: str | None) -> None:
    assert read(change(OF_2021, "by <span>Carmen O'Dell</span>", line), MOODS).reviewer == reviewer


def test_text_without_paragraphs_is_a_review_and_a_long_one_is_cut() -> None:
    start = OF_2021.index(b'<div class="text">') + len(b'<div class="text">')
    end = OF_2021.index(b"</div>", start)
    album = read(OF_2021[:start] + b"Long. " * 10_000 + OF_2021[end:], MOODS)
    assert album.review is not None
    assert LONGEST_REVIEW - 10 < len(album.review) <= LONGEST_REVIEW


def test_words_come_clean() -> None:
    body = change(OF_2021, "Glass Harbour        </h1>", "Gla&#8238;ss &amp;\x1b[31m e&#769;</h1>")
    assert read(body, MOODS).title == "Glass &[31m é"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (change(OF_2021, 'class="album-title"', 'class="title"'), "the album's title in h1#album"),
        (change(OF_2021, "Glass Harbour        </h1>", "</h1>"), "words in h1.album-title"),
        (change(OF_2021, 'class="album-artist"', 'class="by"'), "h2.album-artist"),
        (change(OF_2021, 'class="basic-info"', 'class="info"'), ".basic-info"),
        (OF_2021.replace(b"/style/", b"").replace(b"<a href", b"<i href"), "links under 'genre'"),
        (change(OF_2022, "MW0007654321", "MW0007654322"), "the page of mw0007654321"),
    ],
)
def test_what_must_be_there_and_is_not_stops(body: bytes, expected: str) -> None:
    with pytest.raises(ParseError) as stopped:
        read(body, MOODS)
    assert stopped.value.expected.startswith(expected)
    assert stopped.value.where == SAVED


def test_old_moods_are_links() -> None:
    start = OF_2013.index(b'<div><a href="/mood/b')
    body = OF_2013[:start] + b"<div>Brooding</div>" + OF_2013[OF_2013.index(b"</section>", start) :]
    with pytest.raises(ParseError, match="links under 'album moods'"):
        read(body)
