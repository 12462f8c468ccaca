import dataclasses
import time
import tracemalloc
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from albumart.dataset import duplicates
from albumart.dataset.duplicates import (
    NEAR_DISTANCE,
    PLACEHOLDER_OWNERS,
    DuplicateCounts,
    assign_clusters,
    count_duplicates,
    find_contradictions,
    find_placeholders,
    flag_placeholders,
    near_components,
    parse_phashes,
)
from albumart.errors import ValidationFailed

ZERO = "0" * 16


def flipped(phash, bits):
    value = int(phash, 16)
    for bit in bits:
        value ^= 1 << bit
    return f"{value:016x}"


def covers(*rows):
    """(pixels, phash, blank) each → a frame with albums s:00, s:01, …"""
    frame = pd.DataFrame(rows, columns=["pixel_sha256", "phash", "blank"])
    return frame.assign(album=[f"s:{number:02}" for number in range(len(frame))])


def clusters(frame):
    return assign_clusters(frame)["cluster"].tolist()


def all_pairs_components(hashes):
    """Brute force: the smallest index that can be reached."""
    root = list(range(len(hashes)))
    for _ in hashes:
        for a, b in combinations(range(len(hashes)), 2):
            if (int(hashes[a]) ^ int(hashes[b])).bit_count() <= NEAR_DISTANCE:
                root[a] = root[b] = min(root[a], root[b])
    return root


def partition(labels):
    first = {}
    return [first.setdefault(label, place) for place, label in enumerate(labels)]


near_centres = st.builds(
    lambda centre, bits: int(flipped(f"{centre:016x}", bits), 16),
    st.sampled_from([0, 2**64 - 1, 0x5555555555555555, 0x00000000FFFFFFFF]),
    st.sets(st.integers(0, 63), max_size=8),
)


@settings(deadline=None)
@given(st.sets(near_centres, min_size=1, max_size=40))
def test_components_equal_those_of_all_pairs(values):
    hashes = np.array(sorted(values), dtype=np.uint64)
    assert partition(near_components(hashes)) == partition(all_pairs_components(hashes))


@settings(deadline=None, max_examples=40)
@given(st.sets(st.integers(0, 63), max_size=12))
def test_two_covers_are_one_picture_up_to_the_distance(bits):
    pair = covers(("a", ZERO, False), ("b", flipped(ZERO, bits), False))
    assert (clusters(pair) == ["s:00", "s:00"]) == (len(bits) <= NEAR_DISTANCE)


def test_equal_pixels_are_one_picture_whatever_their_hashes():
    assert clusters(covers(("a", ZERO, False), ("a", "f" * 16, False))) == ["s:00", "s:00"]


def test_a_third_cover_joins_two():
    five, ten = flipped(ZERO, range(5)), flipped(ZERO, range(10))
    assert clusters(covers(("a", ZERO, False), ("b", ten, False))) == ["s:00", "s:01"]
    joined = covers(("a", ZERO, False), ("b", ten, False), ("c", five, False))
    assert clusters(joined) == ["s:00"] * 3


def test_blank_covers_are_alike_only_by_their_pixels():
    frame = covers(("a", ZERO, True), ("b", ZERO, True), ("b", ZERO, True), ("c", ZERO, False))
    assert clusters(frame) == ["s:00", "s:01", "s:01", "s:03"]


def test_a_cluster_is_named_by_its_smallest_key_in_any_order():
    frame = covers(("a", ZERO, False), ("a", ZERO, False), ("z", "f" * 16, False))
    assert clusters(frame.iloc[::-1]) == ["s:02", "s:00", "s:00"]


def test_no_covers_have_no_clusters():
    empty = covers().astype({"blank": "bool"})
    assert clusters(empty) == []


def test_many_pairs_are_joined_in_batches(monkeypatch):
    monkeypatch.setattr(duplicates, "BATCH_PAIRS", 7)
    hashes = np.array([0, *(1 << bit for bit in range(64))], dtype=np.uint64)
    assert len(set(near_components(hashes))) == 1


@pytest.mark.parametrize("phash", ["0" * 15, "0" * 17, "0" * 15 + "G", None])
def test_a_malformed_hash_is_refused(phash):
    with pytest.raises(ValidationFailed, match=r"phash 1: expected 16 hex digits; got"):
        parse_phashes(pd.Series([ZERO, phash], dtype=object))


def test_hashes_are_read_as_big_endian_numbers():
    assert parse_phashes(pd.Series(["00000000000000ff"])).tolist() == [255]


def test_contradictions_are_found_whole():
    frame = pd.DataFrame(
        {"cluster": ["a", "a", "b", "b", "c"], "label": ["x", "y", "x", "x", "y"]},
    )
    found = find_contradictions(frame, "cluster")
    assert frame["cluster"][found].tolist() == ["a", "a"]


def test_several_labels_contradict_where_none_is_on_all():
    labels = [("x", "y"), ("y", "z"), ("x", "y"), ("y", "z"), ("z", "x"), ("x",)]
    frame = pd.DataFrame({"work": [*"aabbbc"], "labels": labels})
    assert find_contradictions(frame, "work", several=True).tolist() == [
        False, False, True, True, True, False,
    ]  # fmt: skip


# Hashes that lie close together, so that many share bands: all within a few bits of each other.
crowds = st.sets(st.integers(0, 2**14 - 1), min_size=1, max_size=60).map(
    lambda values: [value * 0x0001_0001_0001_0001 & 2**64 - 1 for value in values]
)
rows_of_bits = st.sets(st.integers(0, 2**12 - 1), min_size=1, max_size=60)


@settings(deadline=None, max_examples=60)
@given(crowds | rows_of_bits)
def test_components_of_crowded_hashes_equal_those_of_all_pairs(values):
    hashes = np.array(sorted(values), dtype=np.uint64)
    assert partition(near_components(hashes)) == partition(all_pairs_components(hashes))


def test_the_order_of_hashes_changes_no_component():
    hashes = np.random.default_rng(0).integers(0, 2**20, 500, dtype=np.uint64)
    hashes = np.unique(hashes)
    found = near_components(hashes)
    order = np.random.default_rng(1).permutation(len(hashes))
    assert partition(near_components(hashes[order])) == partition(found[order])


def test_a_chain_is_one_cluster_however_unlike_its_ends():
    links = [flipped(ZERO, range(bits)) for bits in range(0, 65, NEAR_DISTANCE)]
    assert len(set(clusters(covers(*((str(n), h, False) for n, h in enumerate(links)))))) == 1


def test_a_long_chain_is_found_at_once():
    step, hashes = np.uint64(0b11111), [np.uint64(0)]
    rng = np.random.default_rng(0)
    for turn in rng.integers(0, 60, 20_000, dtype=np.uint64):
        hashes.append(hashes[-1] ^ (step << turn))
    found = near_components(np.unique(hashes))
    assert len(set(found.tolist())) == 1


def compared(monkeypatch, hashes):
    """How many pairs are compared beside the look-up of neighbours."""
    pairs = [0]

    def count(bits):
        pairs[0] += len(bits)
        return bitwise_count(bits)

    bitwise_count = np.bitwise_count
    monkeypatch.setattr(duplicates.np, "bitwise_count", count)
    near_components(hashes)
    return pairs[0]


def test_thousands_of_renderings_of_one_picture_are_not_compared_in_pairs(monkeypatch):
    # All 4,096 that differ in twelve bits: 8.4 million pairs.
    renderings = np.arange(2**12, dtype=np.uint64) ^ np.uint64(0x0F0F_A5A5_3C3C_9696)
    assert compared(monkeypatch, renderings) < 10_000


def test_130_000_nearly_equal_hashes_take_no_minute():
    hashes = np.arange(130_000, dtype=np.uint64) ^ np.uint64(0x0F0F_A5A5_3C3C_9696)
    started = time.monotonic()
    assert len(set(near_components(hashes).tolist())) == 1
    assert time.monotonic() - started < 30


def placed_under(*artists, **columns):
    """One cover per artist, all the same picture by default."""
    frame = pd.DataFrame({"artist": pd.Series(artists, dtype="str")})
    albums = [f"s:{number:02}" for number in range(len(frame))]
    given_columns = {"album": albums, "pixel_sha256": "p", "phash": ZERO, "blank": False}
    return frame.assign(**(given_columns | columns))


MANY = [f"Artist {number}" for number in range(PLACEHOLDER_OWNERS)]
LATER = "0123456789abcdef"


def flags(frame):
    return flag_placeholders(frame)["placeholder"].tolist()


def test_a_picture_of_many_artists_is_a_placeholder():
    frame = placed_under(*MANY, "Other", pixel_sha256=["p"] * len(MANY) + ["q"])
    frame.loc[frame.index[-1], "phash"] = LATER
    assert flags(frame) == [True] * len(MANY) + [False]
    assert find_placeholders(frame).to_dict("records") == [
        {"kind": kind, "picture": picture, "covers": len(MANY), "owners": len(MANY)}
        for kind, picture in [("phash", ZERO), ("pixel_sha256", "p")]
    ]


def test_a_picture_of_few_artists_is_none():
    assert not any(flags(placed_under(*MANY[1:])))


def test_one_artists_many_albums_may_look_alike():
    assert not any(flags(placed_under(*["The Artist", "ARTIST", "artist"] * 10)))


def test_equal_hashes_are_enough():
    frame = placed_under(*MANY, pixel_sha256=[str(number) for number in range(len(MANY))])
    assert all(flags(frame))
    assert find_placeholders(frame)["kind"].tolist() == ["phash"]


def test_hashes_of_blank_covers_say_nothing_but_their_pixels_do():
    pixels = [str(number) for number in range(len(MANY))]
    assert not any(flags(placed_under(*MANY, pixel_sha256=pixels, blank=True)))
    assert all(flags(placed_under(*MANY, blank=True)))


def test_the_same_placeholder_in_another_size_is_flagged_but_no_chain_of_such():
    five, ten = flipped(ZERO, range(5)), flipped(ZERO, range(10))
    frame = placed_under(
        *MANY,
        *["Five", "Ten", "Blank"],
        pixel_sha256=["p"] * len(MANY) + ["q", "r", "s"],
        phash=[ZERO] * len(MANY) + [five, ten, ZERO],
        blank=[False] * (len(MANY) + 2) + [True],
    )
    assert flags(frame) == [True] * len(MANY) + [True, False, False]


def test_where_no_artist_is_known_works_are_counted_or_else_albums():
    nobody = [None, "Various Artists", "", "Unknown", "?"]
    assert all(flags(placed_under(*nobody)))
    assert not any(flags(placed_under(*nobody, work=["w", "w", "w", "v", "v"])))
    assert not any(flags(placed_under(*nobody, work=["w", "w", "w", "w", None])))
    assert all(flags(placed_under(*nobody, work=None)))


def test_no_covers_are_no_placeholders():
    frame = placed_under().astype({"blank": "bool"})
    assert flags(frame) == []
    assert find_placeholders(frame).columns.tolist() == ["kind", "picture", "covers", "owners"]


def test_flags_do_not_depend_on_the_order_or_the_index():
    frame = placed_under(*MANY, "x", pixel_sha256=["p"] * len(MANY) + ["q"])
    frame.loc[frame.index[-1], "phash"] = LATER
    backwards = frame.iloc[::-1]
    assert flags(backwards) == flags(frame)[::-1]
    assert flag_placeholders(backwards).index.tolist() == backwards.index.tolist()


def made_covers(count, *, dark):
    """``dark`` of them share 24 of their 64 bits, as covers that are nearly black do."""
    rng = np.random.default_rng(0)
    hashes = rng.integers(0, 2**64, count, dtype=np.uint64)
    hashes[:dark] &= np.uint64(0x000000FFFFFFFFFF)
    copies = rng.choice(count, count // 20, replace=False)
    hashes[copies] = hashes[copies - 1] ^ np.uint64(0b10101)
    return pd.DataFrame(
        {
            "album": [f"s:{number}" for number in range(count)],
            "pixel_sha256": [f"{number:064x}" for number in range(count)],
            "phash": [f"{value:016x}" for value in hashes],
            "blank": False,
        }
    )


def test_130_000_covers_take_less_than_a_minute_and_a_gigabyte():
    frame = made_covers(130_000, dark=30_000)
    tracemalloc.start()
    started = time.monotonic()
    found = assign_clusters(frame)["cluster"].nunique()
    seconds, (_, peak) = time.monotonic() - started, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 120_000 < found < 125_000
    assert seconds < 60
    assert peak < 2**30


def test_copies_are_counted(make_manifest, make_row):
    same, near = {"pixel_sha256": "0" * 64, "genres": ("jazz",)}, "ffff0000ffff0000"
    rows = [make_row(1, **same), make_row(2, **same), make_row(3, **same)]
    rows += [make_row(4, phash=near, genres=("folk",))]
    rows += [make_row(5, phash=flipped(near, (1, 2)), genres=("folk",))]
    rows += [make_row(n, pixel_sha256="1" * 64, genres=("folk", "jazz")[n % 2 :]) for n in (6, 7)]
    told = {"artist": "Ada Quill", "title": "The Long Way Home", "year": 2001, "genres": ("folk",)}
    rows += [make_row(name, album=f"{name}:1", **told) for name in ("allmusic", "itunes", "folder")]
    rows += [make_row(name, album=f"itunes:{name}", **told) for name in "xy"]
    found = count_duplicates(make_manifest(rows))
    assert found == DuplicateCounts(
        equal=3, clusters=2, albums=5, contradictions=2, works=1, told=5, groups=3
    )


def test_copies_that_are_parted_are_counted(make_manifest, make_row):
    manifest = make_manifest([make_row(n, pixel_sha256="0" * 64, artist="A") for n in (0, 3)])
    frame = manifest.frame.assign(split=["train", "test"])
    assert count_duplicates(dataclasses.replace(manifest, frame=frame)).parted == 1


def test_nothing_has_no_copies(make_manifest):
    assert count_duplicates(make_manifest([])) == DuplicateCounts()
