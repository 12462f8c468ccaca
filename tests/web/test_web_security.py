"""Who may come in, what is cut off, and what every answer says to the browser."""

import asyncio
import struct
import zlib
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi.testclient import TestClient

from albumart.errors import PlatformError
from albumart.stores.workspace import Workspace
from albumart.web.app import create_app
from albumart.web.headers import HEADERS
from albumart.web.options import Limits, Rate, WebOptions
from albumart.web.server import is_loopback, options_for

TOKEN = "correct-horse-battery"
HOME = "http://127.0.0.1"
JUDGE = "/api/v1/studies/made/judge"


def _client(workspace: Workspace, **options: object) -> TestClient:
    return TestClient(create_app(workspace, WebOptions(**options)), base_url=HOME)


@pytest.fixture
def open_client(workspace: Workspace) -> TestClient:
    """Of stores without a model: what is refused is refused before one is asked."""
    return _client(workspace)


@pytest.fixture
def locked(workspace: Workspace) -> TestClient:
    return _client(workspace, token=TOKEN, hosts=None)


@pytest.mark.parametrize("path", ["/", "/nowhere", "/api/v1/studies", "/static/style.css", "/api"])
def test_every_answer_keeps_the_page_to_itself(open_client: TestClient, path: str) -> None:
    headers = open_client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert {name.lower() for name in HEADERS} <= set(headers)


def test_a_failure_of_ours_keeps_its_headers_and_tells_nothing(workspace: Workspace) -> None:
    app = create_app(workspace)

    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("secret=hunter2")

    answer = TestClient(app, base_url=HOME, raise_server_exceptions=False).get("/broken")
    assert answer.status_code == 500
    assert "hunter2" not in answer.text
    assert "Something broke on our side" in answer.text
    assert set(HEADERS) <= {name.title() for name in answer.headers} | set(HEADERS)


def test_without_a_model_the_first_page_says_what_to_do(open_client: TestClient) -> None:
    assert "albumart run sandbox-genre" in open_client.get("/").text
    answer = open_client.get("/studies/made/try")
    assert answer.status_code == 404
    assert "there are: none" in answer.text


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8080", 200),
        ("localhost", 200),
        ("[::1]:8080", 200),
        ("evil.test", 421),
        ("127.0.0.1.evil.test", 421),
        ("evil.test/static/", 421),
        ("[", 421),
        ("", 421),
    ],
)
def test_on_a_loopback_address_only_this_machine_has_a_name_for_us(
    open_client: TestClient, host: str, status: int
) -> None:
    assert open_client.get("/api/v1/health", headers={"host": host}).status_code == status


@pytest.mark.parametrize(
    ("headers", "is_let_in"),
    [
        ({}, True),
        ({"sec-fetch-site": "same-origin", "origin": HOME}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"origin": HOME}, True),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"origin": "https://evil.test"}, False),
        ({"origin": "null"}, False),
        ({"origin": "http://127.0.0.1:9"}, False),
    ],
)
def test_a_form_of_another_site_is_refused(
    open_client: TestClient, headers: dict[str, str], is_let_in: bool
) -> None:
    answer = open_client.post("/logout", headers=headers, follow_redirects=False)
    assert (answer.status_code == 303) is is_let_in
    assert answer.status_code in (303, 403)


def test_without_the_token_nobody_comes_in(locked: TestClient) -> None:
    assert locked.get("/api/v1/health").status_code == 200
    assert locked.get("/static/style.css").status_code == 200
    for path in ("/api/v1/studies", "/openapi.json"):
        answer = locked.get(path)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json()["error"]["code"] == "token"
    asked = locked.get("/studies/made/try", follow_redirects=False)
    assert asked.headers["location"] == "/login?next=%2Fstudies%2Fmade%2Ftry"
    assert locked.post(JUDGE).status_code == 401
    assert locked.get("/studies", headers={"host": "x/static/"}).status_code != 404


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer x", f"Basic {TOKEN}", f"Bearer {TOKEN}x"])
def test_a_wrong_token_is_none(locked: TestClient, given: str) -> None:
    assert locked.get("/api/v1/studies", headers={"authorization": given}).status_code == 401


def test_the_token_opens_as_a_bearer_and_by_the_form(locked: TestClient) -> None:
    bearer = {"authorization": f"Bearer {TOKEN}"}
    assert locked.get("/api/v1/studies", headers=bearer).json() == []
    wrong = locked.post("/login", data={"token": "wrong", "next": "/api"})
    assert wrong.status_code == 401
    assert "not the token" in wrong.text
    right = locked.post("/login", data={"token": TOKEN, "next": "/api"}, follow_redirects=False)
    assert right.headers["location"] == "/api"
    cookie = right.headers["set-cookie"]
    assert TOKEN not in cookie
    assert all(each in cookie for each in ("HttpOnly", "SameSite=strict", "Max-Age=43200"))
    assert locked.get("/api/v1/studies").status_code == 200
    locked.post("/logout")
    assert locked.get("/api/v1/studies").status_code == 401


@pytest.mark.parametrize("next_", ["//evil.test", "https://evil.test", "/\\evil.test", "/\tx", "x"])
def test_the_login_leads_nowhere_else(locked: TestClient, next_: str) -> None:
    answer = locked.post("/login", data={"token": TOKEN, "next": next_}, follow_redirects=False)
    assert answer.headers["location"] == "/"


def test_tokens_cannot_be_tried_for_long(locked: TestClient) -> None:
    codes = [locked.post("/login", data={"token": str(n)}).status_code for n in range(12)]
    assert codes[:10] == [401] * 10
    assert codes[10:] == [429, 429]


def test_too_many_requests_are_told_to_wait(workspace: Workspace) -> None:
    client = _client(workspace, limits=Limits(requests=Rate(0.1, 2)))
    answers = [client.get("/api/v1/health") for _ in range(3)]
    assert [each.status_code for each in answers] == [200, 200, 429]
    assert int(answers[-1].headers["retry-after"]) >= 9
    assert "try again in" in answers[-1].json()["error"]["message"]


def test_what_is_too_long_is_refused_by_its_stated_length(workspace: Workspace) -> None:
    client = _client(workspace, limits=Limits(upload=1000, form=100))
    big = {"covers": ("x.jpg", b"x" * 2000)}
    assert client.post(JUDGE, files=big).status_code == 413
    assert client.post("/login", data={"token": "x" * 200}).status_code == 413
    odd = client.post("/logout", headers={"content-length": "-1"}, follow_redirects=False)
    assert odd.status_code == 413


def test_what_is_too_long_is_cut_off_though_nobody_stated_it(workspace: Workspace) -> None:
    sent = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal sent
        yield b'--b\r\ncontent-disposition: form-data; name="covers"; filename="x"\r\n\r\n'
        for _ in range(1000):
            sent += 1
            yield b"x" * 1000

    async def ask() -> httpx.Response:
        app = create_app(workspace, WebOptions(limits=Limits(upload=10_000)))
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=HOME) as client:
            kind = {"content-type": "multipart/form-data; boundary=b"}
            return await client.post(JUDGE, content=body(), headers=kind)

    answer = asyncio.run(ask())
    assert answer.status_code == 413
    assert "Expected at most" in answer.json()["error"]["message"]
    assert sent < 20  # the rest was never read


def test_who_sends_too_slowly_is_told_so(workspace: Workspace) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"--b\r\n"
        await asyncio.Event().wait()

    async def ask() -> httpx.Response:
        app = create_app(workspace, WebOptions(limits=Limits(body_seconds=0.05)))
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=HOME) as client:
            kind = {"content-type": "multipart/form-data; boundary=b"}
            return await client.post(JUDGE, content=body(), headers=kind)

    assert asyncio.run(ask()).status_code == 408


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("multipart/form-data; boundary=b", b"--x\r\nnonsense", 400),
        ("multipart/form-data", b"", 400),
        ("application/json", b"{}", 422),
        ("multipart/form-data; boundary=b", b"--b--\r\n", 422),
    ],
)
def test_a_form_that_is_none_is_refused(
    open_client: TestClient, kind: str, body: bytes, status: int
) -> None:
    answer = open_client.post(JUDGE, content=body, headers={"content-type": kind})
    assert answer.status_code == status
    assert answer.json()["error"]["message"].startswith("Expected")


def test_too_many_files_are_refused(open_client: TestClient) -> None:
    answer = open_client.post(JUDGE, files=[("covers", (f"{n}.jpg", b"x")) for n in range(7)])
    assert answer.status_code == 400
    assert "at most 6 covers" in answer.json()["error"]["message"]


def _bomb() -> bytes:
    """A PNG of 30,000 × 30,000 pixels in a few kilobytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checked = kind + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 1_000_000)
    start = b"\x89PNG\r\n\x1a\n"
    return start + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("name", "data", "code", "words"),
    [
        ("bomb.png", _bomb(), "too_many_pixels", "cannot be used"),
        ("a.svg", b"<svg onload='alert(1)'/>", "not_an_image", "got a page of HTML or SVG"),
        ("a.pdf", b"%PDF-1.7", "not_an_image", "got a PDF"),
        ("empty.jpg", b"", "not_an_image", "got an empty file"),
        ("odd.jpg", bytes(range(200)), "not_an_image", "got a file of some other kind"),
        ("cut.jpg", "ä".encode() * 150, "not_an_image", "got text"),
        ("large.jpg", b"\xff\xd8\xff" + b"x" * (25 * 2**20), "too_big", "at most 25 MB"),
        ("../../etc/passwd", b"root:x", "not_an_image", "passwd is not an image"),
    ],
)
def test_no_file_comes_through_that_is_no_cover(
    client: TestClient, name: str, data: bytes, code: str, words: str
) -> None:
    answer = client.post(JUDGE, files=[("covers", (name, data))])
    assert answer.status_code == 200
    (cover,) = answer.json()["covers"]
    assert cover["error"]["code"] == code
    assert words in cover["error"]["message"]


@pytest.mark.parametrize(
    ("host", "inside"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.5", False),
        ("example.test", False),
    ],
)
def test_an_address_that_others_reach_needs_a_token(host: str, inside: bool) -> None:
    assert is_loopback(host) is inside
    if inside:
        assert options_for(host, None).hosts is not None
    else:
        with pytest.raises(PlatformError, match="a token is needed"):
            options_for(host, None)
    assert options_for(host, TOKEN).token == TOKEN


def test_a_short_token_can_be_guessed() -> None:
    with pytest.raises(PlatformError, match="16 characters"):
        options_for("0.0.0.0", "short")


def test_the_token_is_shown_nowhere() -> None:
    assert TOKEN not in repr(options_for("0.0.0.0", TOKEN))
