import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest

from albumart.album import Album, Listing
from albumart.validation.checkpoint import validate
from albumart.validation.data_docs import data_docs_key, publish_data_docs, render_data_docs
from albumart.validation.report import FIRST_ROWS, ValidationReport
from albumart.validation.scraped import check_freshness, check_scraped
from albumart.validation.scraped_view import Vocabulary

AT = datetime(2026, 5, 1, 12, 30, 15, 250_000, tzinfo=UTC)
HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "</td></table><iframe src='https://evil.example'></iframe>",
    '" onmouseover="alert(1)" href="https://evil.example',
    "' style='background:url(https://evil.example)",
    "<!-- ${column} $$ {{ 7*7 }} {% raw %} &amp; &lt;b&gt;",
    "<style>@import 'https://evil.example'",
    "<a href=javascript:alert(1)>x</a>",
)


class Reader(HTMLParser):
    """What a browser would see: tags with their attributes, and text."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(page.decode())

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += f"{data} "

    @property
    def said(self):
        return " ".join(self.text.split())


def album(number, **changes):
    made = Album(
        source="itunes",
        source_id=str(number),
        cover_urls=(f"https://is1-ssl.mzstatic.com/{number}/170x170bb.png",),
        genres=("Rock",),
        genre_ids=("21",),
        title=f"Title {number}",
        artist=f"Artist {number}",
        released="1999",
        listings=(Listing("us/21", 1, "2026-04-30"),),
    )
    return replace(made, **changes)


def hostile_report():
    changes = ("source_id", "title", "artist", "artist_id", "page_url", "released")
    albums = [album(n, **{name: text + "\n"}) for n, name in enumerate(changes) for text in HOSTILE]
    albums += [album(n, genre_ids=(text,)) for n, text in enumerate(HOSTILE, start=100)]
    albums += [album(n, cover_urls=(text,)) for n, text in enumerate(HOSTILE, start=200)]
    albums += [album(n, genres=(text,)) for n, text in enumerate(HOSTILE, start=300)]
    words = Vocabulary(genres=lambda word: word == "Rock", genre_ids=str.isdecimal)
    return check_scraped("itunes", albums, vocabulary=words).report


def errors_of(caplog):
    """Great Expectations logs what it could not render, and goes on."""
    return [r.message for r in caplog.records if r.name.startswith("great_expectations")]


def assert_harmless(page):
    tags = Reader(page).tags
    assert not {"script", "img", "iframe", "link", "object", "embed", "form"} & {t for t, _ in tags}
    attributes = [(name, value or "") for _, named in tags for name, value in named.items()]
    assert not [name for name, _ in attributes if name.startswith("on") or name == "src"]
    assert all(value.startswith("#") for name, value in attributes if name == "href")
    assert b"url(" not in page
    styles = re.findall(r"<style>(.*?)</style>", page.decode(), re.DOTALL)
    assert not any("http" in style or "@import" in style for style in styles)
    assert not [value for name, value in attributes if name == "style" and "evil" in value]


def test_a_scraped_value_never_becomes_markup(caplog):
    report = hostile_report()
    failed = {r.expectation for r in report.results if not r.passed}
    assert {"title_shape", "artist_shape", "page_url_shape", "genres_known"} <= failed
    for scope in ("itunes", *HOSTILE):
        page = render_data_docs(report, scope=scope, at=AT)
        assert_harmless(page)
    assert errors_of(caplog) == []


def test_a_hostile_source_name_never_becomes_markup():
    for source in HOSTILE[:3]:
        report = check_scraped(source, [album(1)]).report
        assert_harmless(render_data_docs(report, scope=source, at=AT))


def test_the_page_forbids_scripts_and_requests_before_anything_else():
    page = render_data_docs(ValidationReport(), scope="itunes", at=AT)
    first, policy = Reader(page).tags[2]
    assert first == "meta"
    assert policy["http-equiv"] == "Content-Security-Policy"
    assert policy["content"].startswith("default-src 'none'; style-src 'unsafe-inline';")


def test_the_page_tells_each_check_its_counts_and_the_rows(caplog):
    albums = [album(n) for n in range(90)]
    albums += [album(n, title=f"a\nb <{n}>", artist=None) for n in range(90, 100)]
    report = check_scraped("itunes", albums).report
    newest = AT - timedelta(days=9)
    report += check_freshness("itunes", newest, within=timedelta(days=3), now=AT)
    said = Reader(render_data_docs(report, scope="itunes?country=gb", at=AT)).said
    assert "Validations / itunes?country=gb / 2026-05-01T12:30:15Z" in said
    for result in report.results:
        assert f"itunes/{result.expectation} ({result.severity}): {result.check.asked}" in said
    assert "10 unexpected values found. 10% of 100 total rows." in said
    assert "'a\\nb <93>' 1 itunes:93" in said
    assert newest.isoformat() in said
    assert "Evaluated Expectations 33 Successful Expectations 30" in said
    assert "Status: Failed" in said
    assert errors_of(caplog) == []


def test_a_warning_alone_is_no_failure():
    report = check_scraped("itunes", [album(1, cover_urls=("https://cdn.example/x.png",))]).report
    assert "Status: Succeeded" in Reader(render_data_docs(report, scope="x", at=AT)).said


def test_the_page_does_not_grow_with_the_rows():
    sizes = {}
    for count in (FIRST_ROWS, 40 * FIRST_ROWS):
        report = check_scraped("itunes", [album(n, title="\n", rating=0) for n in range(count)])
        sizes[count] = len(render_data_docs(report.report, scope="itunes", at=AT))
    small, large = sizes.values()
    assert large < small + 200


def test_half_a_letter_in_a_key_does_not_break_the_page(caplog):
    report = check_scraped("itunes", [album(1, source_id="\udcff")]).report
    assert "itunes:\\udcff" in Reader(render_data_docs(report, scope="\udcff", at=AT)).said
    assert errors_of(caplog) == []


def test_the_suites_of_stored_rows_and_splits_have_pages_too(rows, frame, expected, caplog):
    rows[3]["format"] = "<b>TIFF</b>"
    report = validate("albums", rows, expected=expected)
    report += validate("covers", rows, expected=expected)
    report += validate("split", frame, expected=expected)
    report += validate("albums", [], expected=expected)
    page = render_data_docs(report, scope="bandcamp-genre", at=AT)
    assert_harmless(page)
    said = Reader(page).said
    for result in report.results:
        assert f"{result.suite}/{result.expectation} ({result.severity})" in said
    assert "'<b>TIFF</b>' 1 bandcamp:3" in said
    assert errors_of(caplog) == []


@pytest.mark.parametrize(
    ("scope", "key"),
    [
        ("itunes", "data-docs/itunes/index.html"),
        ("bandcamp-genre_2", "data-docs/bandcamp-genre_2/index.html"),
        ("itunes?country=gb", r"data-docs/itunes-country-gb-[0-9a-f]{8}/index\.html"),
        ("itunes/country=gb", r"data-docs/itunes-country-gb-[0-9a-f]{8}/index\.html"),
        ("../../x", r"data-docs/x-[0-9a-f]{8}/index\.html"),
        ("\udcff", r"data-docs/-[0-9a-f]{8}/index\.html"),
        ("x" * 300, r"data-docs/x{80}-[0-9a-f]{8}/index\.html"),
    ],
)
def test_each_scope_has_a_plain_key(scope, key):
    assert re.fullmatch(key, data_docs_key(scope))


def test_keys_of_scopes_that_look_alike_differ():
    assert data_docs_key("itunes?country=gb") != data_docs_key("itunes/country=gb")


def test_the_last_page_of_a_scope_is_in_the_object_store(workspace):
    report = check_scraped("itunes", [album(1)]).report
    key = publish_data_docs(workspace.objects, report, scope="itunes", at=AT)
    assert key == "data-docs/itunes/index.html"
    assert b"2026-05-01T12:30:15Z" in workspace.objects.get(key)
    assert publish_data_docs(workspace.objects, report, scope="itunes") == key
    assert b"2026-05-01T12:30:15Z" not in workspace.objects.get(key)
