"""The object store, on a real S3 endpoint."""

import dataclasses
import time
from datetime import timedelta

import pytest

from albumart.endpoints import Endpoints
from albumart.errors import NotFound, PlatformError
from albumart.stores.objects import ObjectStore
from albumart.stores.workspace import Workspace


def test_what_was_put_is_got(workspace: Workspace) -> None:
    workspace.objects.put("covers/ab/abc", b"\x00\xff", content_type="image/jpeg")
    workspace.objects.put("covers/ab/abc", b"\x00\xff")
    assert workspace.objects.get("covers/ab/abc") == b"\x00\xff"
    assert workspace.objects.exists("covers/ab/abc")
    assert not workspace.objects.exists("covers/ab/ab")


def test_keys_come_by_prefix_over_every_page(workspace: Workspace) -> None:
    wanted = [f"runs/{number:04}/x" for number in range(1_050)]
    for key in [*wanted, "other/1"]:
        workspace.objects.put(key, b"1")
    assert sorted(workspace.objects.keys("runs/")) == wanted


@pytest.mark.parametrize("plain_pages", [0, 1, 10])
def test_what_comes_after_a_key_comes_in_order(
    workspace: Workspace, plain_pages: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("albumart.stores.objects.PLAIN_PAGES", plain_pages)
    folders = ("a/", "a/b/", "a/b!/", "a/bc/", "é/")
    keys = sorted(f"{folder}{number}" for folder in folders for number in range(3))
    for key in [*keys, "a.txt"]:
        workspace.objects.put(key, b"12")
    entries = list(workspace.objects.entries())
    assert [entry.key for entry in entries] == sorted([*keys, "a.txt"])
    assert {entry.size for entry in entries} == {2}
    for key in (*keys, "a/b!", "a/b/", "b"):
        after = [entry.key for entry in workspace.objects.entries(after=key)]
        assert after == [other for other in [*keys, "a.txt"] if other > key], key
    assert list(workspace.objects.keys("a/b")) == [key for key in keys if key.startswith("a/b")]


def test_aged_keys_are_those_not_put_lately(workspace: Workspace) -> None:
    objects, age = workspace.objects, timedelta(seconds=2)
    for key in ("a/old", "a/again", "b/old"):
        objects.put(key, b"1")
    assert list(objects.aged_keys("a/", timedelta(hours=1))) == []
    assert list(objects.aged_keys("a/", timedelta(0))) == ["a/again", "a/old"]
    while len(list(objects.aged_keys("a/", age))) < 2:
        time.sleep(0.05)
    objects.put("a/again", b"1")
    objects.put("a/new", b"1")
    assert list(objects.aged_keys("a/", age)) == ["a/old"]


def test_deleted_and_never_written_are_not_found(workspace: Workspace) -> None:
    workspace.objects.put("a/b", b"1")
    workspace.objects.delete("a/b")
    workspace.objects.delete("a/b")
    with pytest.raises(NotFound, match="no object 'a/b' in bucket"):
        workspace.objects.get("a/b")


def test_a_bucket_in_another_region_is_made_too(own_endpoints: Endpoints) -> None:
    elsewhere = dataclasses.replace(own_endpoints.s3, region="eu-central-1", bucket="elsewhere")
    with ObjectStore(elsewhere) as store:
        store.put("x", b"1")
        assert store.get("x") == b"1"


def test_wrong_keys_are_told_apart_from_no_endpoint(own_endpoints: Endpoints) -> None:
    wrong = dataclasses.replace(own_endpoints.s3, secret_access_key="wrong")
    with pytest.raises(PlatformError, match="ALBUMART_S3_SECRET_ACCESS_KEY"):
        ObjectStore(wrong)
    nobody = dataclasses.replace(own_endpoints.s3, endpoint_url="http://127.0.0.1:9")
    with pytest.raises(PlatformError, match="expected an S3 endpoint at http://127.0.0.1:9"):
        ObjectStore(nobody)
