"""A dataset version's card: what it is made of, what it lacks, what it must not be used for.

``Card`` is the content, and lies beside the manifest as JSON; ``render_card`` is its text, in
markdown. Whatever a stranger wrote, a label, an address, is escaped there.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError

from albumart.album import Origin
from albumart.dataset.card_facts import Card, Circumstances, describe_dataset
from albumart.dataset.duplicates import PLACEHOLDER_OWNERS
from albumart.dataset.splits import SPLITS
from albumart.errors import NotFound, UnsafeInput
from albumart.stores.objects import ObjectStore

__all__ = [
    "Card",
    "Circumstances",
    "card_key",
    "describe_dataset",
    "escape",
    "read_card",
    "render_card",
    "write_card",
]


@dataclass(frozen=True, slots=True)
class SourceNote:
    """What is to be known before anything of a source is passed on, and how it is asked."""

    licence: str
    manners: str


SOURCE_NOTES: Final[Mapping[str, SourceNote]] = {
    "allmusic": SourceNote(
        "Its moods, reviews and ratings are its editors' work, and its owner's.",
        "It is asked only by operators who state that they have permission, at most once in two "
        "seconds; saved pages need no request.",
    ),
    "bandcamp": SourceNote(
        "Albums are tagged by their artists. The list of addresses was published by Yanir Seroussi "
        "in 2015 for a study of his own; the list says nothing of the covers' licences.",
        "Only listed addresses are asked, two covers at once; 429 ends the scrape.",
    ),
    "folder": SourceNote(
        "Files of the operator's own machine: they know what they may do with them.",
        "Nobody is asked.",
    ),
    "itunes": SourceNote(
        "The feeds and the artwork are Apple's, under Apple's terms.",
        "One request for each genre and run, one a second, and conditional.",
    ),
    "musicbrainz": SourceNote(
        "MusicBrainz's core data are CC0, its tags and genres CC BY-NC-SA 3.0; the covers of the "
        "Cover Art Archive belong to their owners.",
        "One request a second with the operator's contact, two covers at once, thumbnails rather "
        "than originals; for bulk, the published dumps.",
    ),
}
UNKNOWN_SOURCE: Final = SourceNote("Its licence is not known here.", "See its module for its pace.")
HOLDS: Final = (
    "A version of a dataset of album covers: one row per album with its key, the sha256 of its "
    "cover, its labels, its split and the group that no split may part. It holds no image."
)
LICENCE: Final = (
    "Covers are other people's property: they stay in the operator's private store. What may be "
    "passed on are keys, digests and numbers. robots.txt is obeyed, Retry-After is kept, and a "
    "refusal (401, 403, 451) ends the scrape."
)
NOT_FOR: Final = (
    "To judge people. Covers show faces and bodies, and genres are tied to communities: a "
    "classifier may lean on skin tone (the authors of metal-vs-rap saw theirs do so), on sex or "
    "dress. It must not be used to guess anything about a person, to rank or remove music, or to "
    "say what an album should look like."
)
ORIGINS: Final[Mapping[Origin, str]] = {
    Origin.LIVE: "the source itself",
    Origin.RECORDED: "recorded files",
    Origin.SANDBOX: "made by the sandbox",
}


def card_key(digest: str, study: str, suffix: str = "json") -> str:
    """Object key of the card that a study's dataset version has, as ``json`` or ``md``.

    Two studies may share a dataset; each has a card of its own beside it.
    """
    return f"datasets/{digest}/{study}.{suffix}"


def write_card(objects: ObjectStore, card: Card) -> str:
    """Store the card as JSON and as text; returns the key of the text. Safe to repeat."""
    key = card_key(card.digest, card.study, "md")
    text = render_card(card).encode(errors="replace")
    objects.put(key, text, content_type="text/markdown; charset=utf-8")
    json = card.model_dump_json(indent=2).encode()
    objects.put(card_key(card.digest, card.study), json, content_type="application/json")
    return key


def read_card(objects: ObjectStore, digest: str, study: str) -> Card:
    """The card that a study's dataset version has.

    Raises:
        NotFound: there is none.
        UnsafeInput: with code ``card`` if what lies there is none.
    """
    key = card_key(digest, study)
    try:
        return Card.model_validate_json(objects.get(key))
    except NotFound as error:
        told = f"study {study!r} gave dataset {digest[:12]} no card"
        raise NotFound(f"{told}; `albumart data datasets list` shows whose it is") from error
    except ValidationError as error:
        raise UnsafeInput("card", f"{key}: expected a dataset card; got: {error}") from error


def render_card(card: Card) -> str:
    """The card as markdown, with whatever a stranger wrote escaped."""
    sections = [f"# Dataset card: {escape(card.title)}", *(make(card) for make in _SECTIONS)]
    return "\n\n".join(section for section in sections if section) + "\n"


def escape(text: object) -> str:
    """Text of anybody, harmless in one line of markdown and in the HTML that is made of it."""
    plain = "".join(letter if letter.isprintable() else " " for letter in str(text))
    return plain.translate(_ENTITIES)


_ENTITIES: Final = {ord(sign): f"&#{ord(sign)};" for sign in "<>&|`[]()*_~#!\\"}


def _what(card: Card) -> str:
    made = {
        "study": card.study,
        "digest": card.digest,
        "albums": f"{card.albums}, with {card.covers} different cover files",
        "built": f"{card.built:%Y-%m-%d %H:%M} UTC, by albumart {card.albumart}",
        "asked of": ", ".join(card.scopes),
        "who answered": ORIGINS[card.origin],
        "sample": f"at most {card.limit} albums" if card.limit else "all that is stored",
        "years": "{}–{}".format(*card.years) if card.years else "unknown",
    }
    parts = (" ".join(part.split()) for part in card.description.split("\n\n"))
    about = [escape(part) for part in parts if part]
    return "\n\n".join([*about, HOLDS, _table(("", ""), made.items())])


def _sources(card: Card) -> str:
    notes = [
        f"**{escape(name)}** ({count} albums). {_note(name).licence} {_note(name).manners}"
        for name, count in card.sources.items()
    ]
    return "\n\n".join(["## Sources, licences and manners", LICENCE, *notes])


def _labels(card: Card) -> str:
    scheme = escape(card.parameters.get("scheme"))
    several = "several, the source's first one first" if card.several else "one"
    rows = [
        (name, sum(counts.values()), *(counts[split] for split in SPLITS))
        for name, counts in card.by_class.items()
    ]
    told = [
        "## Labels and splits",
        f"Label scheme: {scheme}; an album carries {several}. Groups of albums stay in one split.",
        _table(("class", "albums", *SPLITS), [("all", card.albums, *_counts(card)), *rows]),
    ]
    return "\n\n".join(told)


def _left_out(card: Card) -> str:
    reasons = [(reason.replace("_", " "), count) for reason, count in card.excluded.items()]
    told = ["## What was left out"]
    told += [_table(("why", "albums"), reasons)] if reasons else ["Nothing that had a cover."]
    if card.rare_labels:
        told.append("Labels that too few albums carry; they are no class:")
        told.append(_table(("label", "albums"), card.rare_labels.items()))
    return "\n\n".join(told)


def _together(card: Card) -> str:
    groups = card.groups
    held = (
        f"{groups['count']} groups of albums that share an artist, a cover or, as several sources "
        f"tell it, the album itself; the largest of {groups['largest']} albums. {groups['alone']} "
        f"albums stand alone. {groups['parted']} groups lie in more than one split."
    )
    corrected = (
        f"{card.corrected} albums have words that a person corrected; what the sources told is "
        "kept beside them."
    )
    return "\n\n".join(["## Groups, duplicates, corrections", held, *_copies(card), corrected])


def _copies(card: Card) -> Iterator[str]:
    copies, bits = card.duplicates, escape(card.parameters.get("near_distance"))
    yield (
        f"{copies.clusters} covers are on more than one album, on {copies.albums} albums in all: "
        f"equal pixels ({copies.equal} albums), or perceptual hashes within {bits} bits. "
        f"{copies.parted} of them lie in more than one split. Where their albums' labels "
        f"contradict each other, they are left out: {copies.contradictions} albums."
    )
    yield (
        f"A picture on albums of {PLACEHOLDER_OWNERS} artists or more stands for a missing cover, "
        f"and so does what is nearly it: {copies.placeholders} albums are left out for one."
    )
    yield (
        f"{copies.works} albums are told by several sources, {copies.told} times in all, matched "
        "by artist, title and year or by MusicBrainz release group: they stay in one split, and "
        f"count as often as they are told. {copies.contradicting_works} are left out, for the same "
        "album is told with labels that contradict each other."
    )


def _known_limits(card: Card) -> str:
    return "\n".join(["## Known limits", "", *(f"- {escape(limit)}" for limit in card.limits)])


def _not_for(_card: Card) -> str:
    return f"## What it must not be used for\n\n{NOT_FOR}"


def _reproduction(card: Card) -> str:
    asked = [
        (f"{table}.{name}", ", ".join(map(str, value)) if isinstance(value, list) else value)
        for table, values in card.asked.items()
        for name, value in values.items()
    ]
    told = (
        "The same stored albums and covers, asked for as below, give the same digest. The manifest "
        "names every cover by its sha256: what a source changed since shows."
    )
    table = _table(("study", "value"), asked)
    return "\n\n".join(["## How to build it again", f"`{card.reproduce}`", told, table])


_SECTIONS: Final = (
    _what,
    _sources,
    _labels,
    _left_out,
    _together,
    _known_limits,
    _not_for,
    _reproduction,
)


def _table(header: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    cells = [header, ["---"] * len(header), *([escape(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in cells)


def _counts(card: Card) -> Iterator[int]:
    return (card.by_split[split] for split in SPLITS)


def _note(source: str) -> SourceNote:
    return SOURCE_NOTES.get(source, UNKNOWN_SOURCE)
