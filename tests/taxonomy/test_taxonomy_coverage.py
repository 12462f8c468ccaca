"""How much of what the sources said is mapped: on recorded data where it is there.

``pytest --log-cli-level=info`` shows the shares and every word that is not mapped.
"""

import csv
import html
import json
import logging
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import pytest

from albumart.album import Album
from albumart.sandbox import vocabulary
from albumart.taxonomy.counting import Meaning, WordCounts, count_words

REAL = Path(os.environ.get("ALBUMART_REAL_DATA", "../shared/data"))
needs_recorded_data = pytest.mark.skipif(
    not REAL.is_dir(), reason="ALBUMART_REAL_DATA holds no recorded data"
)
logger = logging.getLogger(__name__)
Words = Iterable[tuple[str, ...]]


def itunes_names() -> Words:
    for line in (REAL / "itunes/genres.tsv").read_text(encoding="utf-8").splitlines():
        yield (line.strip().partition(" ")[2],)


def itunes_charts() -> Words:
    for path in sorted((REAL / "itunes").glob("*.json")):
        entries = json.loads(path.read_bytes())["feed"]["entry"]
        for entry in entries if isinstance(entries, list) else [entries]:
            yield (entry["category"]["attributes"]["label"],)


def bandcamp_list() -> Words:
    for line in (REAL / "bandcamp/dataset-links.tsv").read_text().splitlines():
        yield (line.partition("\t")[2].partition("/")[0],)


def bandcamp_keywords() -> Words:
    for path in sorted((REAL / "bandcamp/pages").glob("*.html")):
        text = path.read_text(encoding="utf-8")
        for found in re.findall(r'<script type="application/ld[+]json">([^<]*)', text):
            yield tuple(json.loads(found)["keywords"])


def release_groups() -> Words:
    with (REAL / "musicbrainz/release_group_genres.csv").open(encoding="utf-8") as file:
        yield from ((row["genre_label"],) for row in csv.DictReader(file))


def allmusic_pages() -> Words:
    link = re.compile(r'<a[^>]*/(?:genre|style|subgenre)/[^"/]+"[^>]*>([^<]+)</a>')
    for path in sorted((REAL / "allmusic").glob("*.html")):
        words = (html.unescape(word).strip() for word in link.findall(path.read_text()))
        yield tuple(filter(None, words))


def musicbrainz_answers() -> Words:
    for path in sorted((REAL / "musicbrainz/ws2-json").glob("*.json")):
        yield tuple(tag_names(json.loads(path.read_bytes())))


def tag_names(node: object) -> Iterator[str]:
    match node:
        case dict():
            for key in ("genres", "tags"):
                yield from (tag["name"] for tag in node.get(key) or [] if tag.get("name"))
            for value in node.values():
                yield from tag_names(value)
        case list():
            for value in node:
                yield from tag_names(value)


def songs(column: str) -> Words:
    path = REAL / "allmusic/taffc2018_song_moods.csv"
    with path.open(encoding="latin-1") as file:
        for row in csv.DictReader(file):
            yield tuple(word.strip() for word in row[column].split(",") if word.strip())


def mood_lists() -> Words:
    for path in sorted((REAL / "allmusic").glob("moods_*.txt")):
        yield from ((word,) for word in path.read_text(encoding="utf-8").splitlines())


def song_moods() -> Words:
    for column in ("MoodsStr", "MoodsFoundStr", "MoodsStrSplit"):
        yield from songs(column)


def count(field: str, source: str, words: Words) -> WordCounts:
    return count_words(Album(source, "1", (), **{field: each}) for each in words)


def both(counts: Mapping[Meaning, int], share: float) -> tuple[int, float]:
    return sum(counts.values()), 100 * share


@needs_recorded_data
@pytest.mark.parametrize(
    ("field", "source", "words", "different", "met"),
    [
        ("genres", "itunes", itunes_names, 1.0, 1.0),
        ("genres", "itunes", itunes_charts, 1.0, 1.0),
        ("genres", "bandcamp", bandcamp_list, 1.0, 1.0),
        ("tags", "bandcamp", bandcamp_keywords, 0.65, 0.65),  # a quarter are places
        ("genres", "musicbrainz", release_groups, 1.0, 1.0),
        ("tags", "musicbrainz", musicbrainz_answers, 0.3, 0.3),  # most were made up for tests
        ("styles", "allmusic", allmusic_pages, 0.95, 0.95),
        ("genres", "allmusic", lambda: songs("GenresStr"), 1.0, 1.0),
        ("moods", "allmusic", song_moods, 1.0, 1.0),
        ("moods", "allmusic", mood_lists, 1.0, 1.0),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_so_much_is_mapped(
    field: str, source: str, words: Callable[[], Words], different: float, met: float
) -> None:
    counts = count(field, source, words())
    found = counts.fields[field]
    logger.info("%s of %s: %d albums", field, source, counts.albums)
    logger.info("  different: %d, %.1f%% mapped", *both(found.different, found.share_different))
    logger.info("  met: %d, %.1f%% mapped", *both(found.met, found.share_met))
    logger.info("  no genre: %s", [word.word for word in counts.others])
    logger.info("  unmapped: %s", [word.word for word in counts.unmapped])
    assert sum(found.met.values()) > 0
    assert found.share_different >= different
    assert found.share_met >= met


def test_all_that_the_made_sources_say_is_mapped() -> None:
    made = [
        Album("made", name, (), (name, words.itunes), words.tags)
        for name, words in vocabulary.GENRES.items()
    ]
    moods = [Album("made", tone, (), moods=words) for tone, words in vocabulary.MOODS.items()]
    counts = count_words([*made, *moods])
    assert counts.unmapped == counts.others == ()
    assert counts.unplaced == 0
