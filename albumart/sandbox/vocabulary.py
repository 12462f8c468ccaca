"""The words of the made catalogue: tables only."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


def _split(words: str) -> tuple[str, ...]:
    return tuple(words.split())


# AllMusic's spellings, slashes included. The family sets the tone that a cover is drawn in.
MOODS: Final = MappingProxyType(
    {
        "dark": _split(
            "Bleak Brooding Gloomy Ominous Nocturnal Eerie Anguished/Distraught Menacing"
        ),
        "wild": _split(
            "Aggressive Rebellious Raucous Volatile Confrontational Visceral Manic Fiery"
        ),
        "calm": _split(
            "Calm/Peaceful Gentle Atmospheric Ethereal Hypnotic Laid-Back/Mellow Soothing Spacey"
        ),
        "warm": _split(
            "Amiable/Good-Natured Warm Intimate Sentimental Earnest Organic Nostalgic Romantic"
        ),
        "bright": _split("Playful Cheerful Exuberant Sparkling Summery Energetic Fun Carefree"),
        "sly": _split("Sophisticated Stylish Witty Cerebral Elegant Smooth Detached Wry"),
    }
)


@dataclass(frozen=True, slots=True)
class GenreWords:
    """What the sources call one Bandcamp genre, and how its albums tend to feel.

    ``tags`` are MusicBrainz's free words, the commonest first; ``moods`` names the two families
    that most of its moods come from.
    """

    itunes: str
    tags: tuple[str, ...]
    moods: tuple[str, str]


# The ten genres of the real TSV, in its order.
GENRES: Final = MappingProxyType(
    {
        "ambient": GenreWords(
            "Electronic", ("ambient", "drone", "electronic", "new age"), ("calm", "dark")
        ),
        "dubstep": GenreWords(
            "Dance", ("dubstep", "electronic", "bass", "uk garage"), ("wild", "dark")
        ),
        "folk": GenreWords(
            "Singer/Songwriter", ("folk", "indie folk", "acoustic", "americana"), ("warm", "calm")
        ),
        "hiphop_rap": GenreWords(
            "Hip-Hop/Rap", ("hip hop", "hiphop", "rap", "hip-hop/rap"), ("wild", "sly")
        ),
        "jazz": GenreWords("Jazz", ("jazz", "post-bop", "fusion", "swing"), ("sly", "warm")),
        "metal": GenreWords(
            "Metal", ("metal", "death metal", "heavy metal", "doom metal"), ("dark", "wild")
        ),
        "pop": GenreWords("Pop", ("pop", "synth-pop", "pop_music", "dream pop"), ("bright", "sly")),
        "punk": GenreWords(
            "Alternative", ("punk", "hardcore punk", "pop punk", "post-punk"), ("wild", "bright")
        ),
        "rock": GenreWords(
            "Rock", ("rock", "indie rock", "alternative rock", "garage rock"), ("wild", "warm")
        ),
        "soul": GenreWords("R&B/Soul", ("soul", "r&b", "funk", "neo soul"), ("warm", "sly")),
    }
)

ADJECTIVES: Final = _split(
    "Amber Silent Broken Electric Velvet Paper Hollow Crimson Northern Distant Golden Restless "
    "Sunken Iron Glass Wandering Pale Burning Lunar Gentle Feral Copper Marble Winter Neon Salt "
    "Second Fading Tidal Secret Common Crooked Blessed Rural Static Bitter Ancient Lost Open "
    "Scarlet Heavy Quiet Painted Borrowed Endless Wooden Modern Final"
)
NOUNS: Final = _split(
    "Harbour Lantern Machine Orchard Wolves River Mirror Parade Garden Signal Cathedral Sparrow "
    "Engine Mountain Letters Ghost Station Horizon Thunder Kitchen Ocean Ritual Window Theatre "
    "Desert Avenue Compass Choir Tigers Circuit Meadow Shadow Empire Postcard Feather Bridge "
    "Satellite Furnace Island Promise Carousel Hammer Library Voltage Cinder Anthem Weather "
    "Throne"
)
ARTIST_PATTERNS: Final = (
    "The {a} {n}",
    "{a} {n}",
    "{n} of {m}",
    "{a} {n} Trio",
    "{n} & {m}",
    "{a} {n} {m}",
    "{a} {m} and the {a2} {n}",
)
TITLE_PATTERNS: Final = (
    "{a} {n}",
    "The {n}",
    "{n} and {m}",
    "{a} {n}, {a2} {m}",
    "Songs from the {n}",
    "{n} - Live at the {m}",
    "Nº {k}: {n}",
)
REVIEW_PATTERNS: Final = (
    "{artist} return with a {mood} set of {tag} that rarely looks back.",
    "A {mood} record: {tag} played as if the room were on fire.",
    "{title} is {mood} from its first minute, and the {tag} never hurries.",
    "Half of {title} is routine {tag}; the other half is {mood} and worth the wait.",
)
