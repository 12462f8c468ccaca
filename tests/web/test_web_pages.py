"""Every page over stores with a champion, asked as a browser without JavaScript does."""

import re

import pytest
from fastapi.testclient import TestClient
from made_site import EACH, HOSTILE, PAGE, SCRIPT, STUDY, made_cover

from albumart.stores.workspace import Workspace

BASE = f"/studies/{STUDY}"
PAGES = (
    *("/try", "/explore", "/explore?label=red&by=own", "/explore?answer=wrong", "/map"),
    *("/map?label=blue", "/models", "/models/1", "/guess", "/guess/figures"),
    *("/albums/bandcamp:red001", "/albums/bandcamp%3Ablue000"),
)


def _ready(client: TestClient, path: str) -> str:
    """The page, once what it is made of was gathered."""
    for _ in range(200):
        answer = client.get(path)
        if answer.status_code != 202:
            assert answer.status_code == 200, answer.text
            return answer.text
        assert answer.headers["refresh"] == "3"
    raise AssertionError(f"{path} was never there")


def _upload(*covers: bytes, name: str = "mine.jpg") -> list[tuple[str, tuple[str, bytes]]]:
    return [("covers", (f"{number}-{name}", data)) for number, data in enumerate(covers)]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_there_and_loads_nothing_from_elsewhere(
    client: TestClient, path: str
) -> None:
    page = _ready(client, BASE + path)
    loaded = re.findall(r'<(?:script|img|link|image)[^>]*? (?:src|href)="([^"]+)"', page)
    assert all(each.startswith(("/", "data:image/")) for each in loaded)
    assert not re.search(r"<style|<script(?![^>]* src=)| style=| on\w+=\"", page)


def test_the_first_page_leads_to_where_one_tries_a_cover(client: TestClient) -> None:
    for path in ("/", BASE, f"/choose?study={STUDY}", f"/choose?study={STUDY}&tab=//x.test"):
        answer = client.get(path, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, f"{BASE}/try")


def test_a_cover_gets_a_verdict_an_overlay_and_neighbours(client: TestClient) -> None:
    _ready(client, f"{BASE}/map")  # by then the collection was looked at
    page = client.post(f"{BASE}/try", files=_upload(made_cover("red", 500))).text
    assert re.search(r"Reads as red \(\d\d\s%\)\.|Reads as red \(&gt; 99", page)
    assert page.count("data:image/png;base64,") == 1
    assert page.count("/thumbnails/96/") == 6
    assert "<!doctype html>" in page


def test_the_script_gets_the_answers_alone(client: TestClient) -> None:
    page = client.post(
        f"{BASE}/try",
        files=_upload(made_cover("red", 500)),
        data={"intended": "blue"},
        headers={"X-Fragment": "results"},
    ).text
    assert "<html" not in page
    assert "Does not read as blue" in page
    assert "it would be taken for red" in page


def test_two_covers_are_compared(client: TestClient) -> None:
    files = _upload(made_cover("green", 1), made_cover("blue", 2))
    page = client.post(f"{BASE}/try", files=files, data={"intended": "green"}).text
    assert "Of these 2 covers, 0-mine.jpg reads most like green" in page
    plain = client.post(f"{BASE}/try", files=files).text
    assert "Of these 2 covers, the model is surest of" in plain


def test_a_text_file_named_jpg_is_refused_with_a_sentence(client: TestClient) -> None:
    files = _upload(b"Dear diary,\nthis is no cover.", made_cover("blue"))
    page = client.post(f"{BASE}/try", files=files).text
    sentence = "0-mine.jpg is not an image: expected a JPEG, PNG, WebP or GIF; got text"
    assert sentence in page
    assert "Dear diary, this is no cover." in page
    assert "Reads as blue" in page  # the other one is judged all the same


def test_what_a_stranger_wrote_does_nothing(client: TestClient) -> None:
    page = _ready(client, f"{BASE}/albums/{HOSTILE}")
    assert SCRIPT not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert 'href="javascript' not in page
    assert "javascript:alert(1)" in page  # as text
    named = client.post(
        f"{BASE}/try", files=[("covers", (f"{SCRIPT}.jpg", made_cover("red")))]
    ).text
    assert "<img src=x" not in named


def test_an_album_tells_where_it_came_from(client: TestClient) -> None:
    page = _ready(client, f"{BASE}/albums/bandcamp:red001")
    for told in (PAGE, "https://example.test/red001", "https://example.test/c.jpg", "Somebody"):
        assert told in page
    links = re.findall(r'<a href="https://example[^>]*>', page)
    assert links
    assert all('rel="noopener noreferrer nofollow external"' in link for link in links)
    assert "The model never saw this cover" in page


def test_filters_choose_and_pages_turn(client: TestClient) -> None:
    page = _ready(client, f"{BASE}/explore?label=red&by=own")
    assert f"{EACH}\u00a0covers" in page
    assert page.count('class="tile"') == 24
    assert "label=red&amp;by=own&amp;order=surest&amp;page=2" in page
    last = _ready(client, f"{BASE}/explore?label=red&by=own&page=99")
    assert last.count('class="tile"') == EACH - 24
    nothing = _ready(client, f"{BASE}/explore?words=nobody+knows")
    assert "No cover is like that" in nothing
    assert _ready(client, f"{BASE}/explore?words=RED001").count('class="tile"') == 1


def test_a_report_runs_nothing(client: TestClient) -> None:
    answer = client.get(f"{BASE}/models/1/report")
    policy = answer.headers["content-security-policy"]
    assert answer.text.endswith("The report")
    assert "script-src" not in policy
    assert "default-src 'none'" in policy
    assert policy.endswith("sandbox")


def test_a_version_shows_its_figures_and_its_history(client: TestClient) -> None:
    assert "champion" in _ready(client, f"{BASE}/models")
    page = _ready(client, f"{BASE}/models/1")
    assert "promoted by hand" in page or client.get(f"{BASE}/models/2").status_code == 200
    assert "albumart run made" in page


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/nowhere", "There is nothing at this address."),
        ("/studies/none/try", "No study &#39;none&#39; has a model here; there are: made."),
        (f"{BASE}/albums/itunes:1", "No album &#39;itunes:1&#39;"),
        (f"{BASE}/models/77", "No version 77 of study"),
        (f"{BASE}/explore?label=polka", "knows no label &#39;polka&#39;"),
        (f"{BASE}/models/2/report", "run: albumart report made --version 2"),
    ],
)
def test_what_is_not_there_is_told_in_a_sentence(
    client: TestClient, path: str, sentence: str
) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert sentence in answer.text


def test_a_page_number_that_is_none_is_refused(client: TestClient) -> None:
    answer = client.get(f"{BASE}/explore?page=x")
    assert answer.status_code == 422
    assert "page: Input should be a valid integer" in answer.text


def test_ten_covers_are_guessed_and_figures_shown(client: TestClient) -> None:
    intro = client.get(f"{BASE}/guess").text
    assert "What shall we call you?" in intro
    client.post(f"{BASE}/guess/player", data={"name": f"Ada {SCRIPT}"[:40]})
    for number in range(10):
        page = client.get(f"{BASE}/guess").text
        assert f"Cover {number + 1} of" in page
        token = re.search(r"/guess/([0-9a-f]{32})/cover", page)
        assert token
        picture = client.get(f"{BASE}/guess/{token[1]}/cover")
        assert picture.content.startswith(b"\xff\xd8")
        told = client.post(f"{BASE}/guess/{token[1]}", data={"label": "red", "seconds": "1.5"})
        assert "You said" in told.text
        assert "The model says" in told.text
    again = client.post(f"{BASE}/guess/{token[1]}", data={"label": "blue"}).text
    assert "your first answer counts" in again
    figures = client.get(f"{BASE}/guess/figures").text
    assert "people are right in" in figures
    assert SCRIPT not in figures
    client.post(f"{BASE}/guess/player", data={"name": ""})
    assert "What shall we call you?" in client.get(f"{BASE}/guess").text


@pytest.mark.parametrize(
    ("data", "status"), [({}, 422), ({"label": "polka"}, 422), ({"label": "not-sure"}, 200)]
)
def test_an_answer_must_be_one(client: TestClient, data: dict[str, str], status: int) -> None:
    client.post(f"{BASE}/guess/player", data={"name": "Bo"})
    page = client.get(f"{BASE}/guess").text
    token = re.findall(r"/guess/([0-9a-f]{32})/cover", page)[0]
    assert client.post(f"{BASE}/guess/{token}", data=data).status_code == status
    client.post(f"{BASE}/guess/player", data={"name": ""})
    answer = client.post(f"{BASE}/guess/{token}", data=data, follow_redirects=False)
    assert answer.headers["location"] == f"{BASE}/guess"  # nobody said who they are


def test_thumbnails_are_small_and_kept_by_the_browser(
    client: TestClient, filled: Workspace
) -> None:
    sha256 = filled.albums.record("bandcamp:red001").cover.sha256  # type: ignore[union-attr]
    answer = client.get(f"/thumbnails/96/{sha256}")
    assert answer.headers["content-type"] == "image/jpeg"
    assert "immutable" in answer.headers["cache-control"]
    assert client.get(f"/thumbnails/97/{sha256}").status_code == 404
    assert client.get(f"/thumbnails/96/{'0' * 64}").status_code == 404
    assert client.get("/thumbnails/96/..%2fmodels").status_code in (404, 422)


def test_the_api_is_listed_offline(client: TestClient) -> None:
    page = client.get("/api").text
    assert "/api/v1/studies/{study}/judge" in page
    assert "has an <code>error</code> in its place" in page
    assert "One of <code>wrong</code>" in page
    assert client.get("/docs").status_code == 404
