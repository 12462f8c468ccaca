"""One study of two made sources, which tell some of the same albums, from scrape to dataset."""

import dataclasses
from collections.abc import Iterator

import pytest
from made_studies import TWO_SOURCES

from albumart.album import CoverStatus, Origin
from albumart.collect.scrape import collect_albums
from albumart.covers import download_covers
from albumart.dataset.card import read_card
from albumart.dataset.duplicates import count_duplicates
from albumart.dataset.manifest import Manifest, read_manifest
from albumart.dataset.version import build_version
from albumart.endpoints import Endpoints
from albumart.http.client import PoliteClient
from albumart.http.pacing import Pacer
from albumart.sandbox.musicbrainz import make_mbid
from albumart.sandbox.server import running_sandbox
from albumart.sandbox.site import MadeSite
from albumart.sources import SOURCES
from albumart.stores.workspace import Workspace, open_workspace
from albumart.study import Study, read_study
from albumart.validation.stations import validate_manifest, validate_stored_rows

SITE = MadeSite(seed=0, scale=0.25)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    path = tmp_path_factory.mktemp("study") / "two.toml"
    path.write_text(TWO_SOURCES)
    return read_study(path)


@pytest.fixture(scope="module")
def filled(
    endpoints: Endpoints, study: Study, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workspace]:
    own = dataclasses.replace(
        endpoints,
        mongodb_database="test_several_sources",
        s3=dataclasses.replace(endpoints.s3, bucket="test-several-sources"),
    )
    cache = tmp_path_factory.mktemp("cache")
    with (
        running_sandbox(SITE) as sandbox,
        PoliteClient("", pacer=Pacer(cache), mirror=sandbox.url) as client,
        open_workspace(own, cache, Origin.SANDBOX) as workspace,
    ):
        for part in study.collect:
            collect_albums(client, workspace, SOURCES[part.source], part.query)
            for keys in workspace.albums.due_ranges(part.scope):
                due = workspace.albums.due_albums(part.scope, keys)
                download_covers(client, workspace, due)
        yield workspace


@pytest.fixture(scope="module")
def manifest(filled: Workspace, study: Study) -> Manifest:
    validate_stored_rows(study, filled)
    built = build_version(study, filled)
    validate_manifest(built, filled)
    return built


def test_both_sources_are_in_the_dataset(
    filled: Workspace, study: Study, manifest: Manifest
) -> None:
    counts = filled.albums.cover_counts(*study.scopes)
    assert counts == {
        status: sum(filled.albums.cover_counts(scope)[status] for scope in study.scopes)
        for status in CoverStatus
    }
    told = len(manifest.frame) + sum(manifest.excluded.values())
    assert told == counts["stored"]
    card = read_card(filled.objects, manifest.digest, study.name)
    assert card.scopes == study.scopes
    assert card.sources.keys() == {"itunes", "musicbrainz"}
    assert build_version(study, filled).digest == manifest.digest
    assert read_manifest(filled.objects, manifest.digest).frame.equals(manifest.frame)


def test_what_both_tell_is_matched_as_the_catalogue_knows_it(manifest: Manifest) -> None:
    made = {f"itunes:{album.album_id}": album.album_id for album in SITE.catalogue.albums}
    made |= {
        f"musicbrainz:{make_mbid('release-group', album.album_id)}": album.album_id
        for album in SITE.catalogue.albums
    }
    frame = manifest.frame
    truth = frame["album"].map(made)
    told_twice = truth.duplicated(keep=False)
    assert told_twice.sum() > 30
    assert frame["work"].duplicated(keep=False).tolist() == told_twice.tolist()
    assert (frame.groupby("work")["album"].agg(lambda keys: keys.map(made).nunique()) == 1).all()
    copies = count_duplicates(manifest)
    assert (copies.works, copies.told) == (told_twice.sum() // 2, told_twice.sum())


def test_one_album_and_one_artist_stay_in_one_split_whoever_tells_them(
    manifest: Manifest,
) -> None:
    frame = manifest.frame
    of_both = frame.assign(source=frame["album"].str.partition(":")[0])
    for column in ("work", "artist", "cluster"):
        assert (frame.groupby(column)["split"].nunique() == 1).all()
        assert (of_both.groupby(column)["source"].nunique() == 2).any()
    assert frame["artist_id"].notna().any()
    assert count_duplicates(manifest).parted == 0


def test_a_limit_is_of_each_source(filled: Workspace, study: Study) -> None:
    rows = [row["album"] for row in filled.albums.rows(*study.scopes, limit=20)]
    apart = [row["album"] for scope in study.scopes for row in filled.albums.rows(scope, limit=20)]
    assert rows == sorted(apart)
    assert sum(filled.albums.cover_counts(*study.scopes, limit=20).values()) == 40
