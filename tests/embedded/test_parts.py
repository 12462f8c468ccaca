import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albumart.embedded.credentials import Credentials
from albumart.embedded.parts import KINDS, SHOWN, Order, address_of, with_embedded
from albumart.endpoints import Endpoints, S3Endpoint

TEXT = st.text(max_size=20)
SOME = st.none() | TEXT
ENDPOINTS = st.builds(
    Endpoints,
    mongodb_uri=TEXT,
    mongodb_database=TEXT,
    s3=st.builds(S3Endpoint, SOME, TEXT, TEXT, SOME, SOME),
    prefect_api_url=SOME,
    prefect_auth=SOME,
)
ORDERS = st.builds(
    Order,
    home=TEXT,
    parts=st.permutations(list(KINDS)).map(tuple),
    stays=st.booleans(),
    endpoints=ENDPOINTS,
    ports=st.dictionaries(st.sampled_from(list(KINDS)), st.integers(1, 65535)),
)


@given(order=ORDERS)
def test_an_order_survives_the_way_to_another_process(order: Order) -> None:
    assert Order.from_document(json.loads(json.dumps(order.to_document()))) == order


def test_an_order_without_endpoints_is_refused() -> None:
    with pytest.raises(TypeError, match="expected an order"):
        Order.from_document({"home": "", "parts": [], "stays": True, "endpoints": None})


@given(known=ENDPOINTS, port=st.integers(1, 65535))
def test_only_the_parts_with_a_port_are_filled_in(known: Endpoints, port: int) -> None:
    credentials = Credentials()
    assert with_embedded(known, {}, credentials) == known
    found = with_embedded(known, {"s3": port}, credentials)
    assert found.s3.endpoint_url == f"http://127.0.0.1:{port}"
    assert (found.s3.bucket, found.mongodb_uri) == (known.s3.bucket, known.mongodb_uri)


def test_every_part_is_shown_once_and_has_an_address_or_none() -> None:
    assert sorted(SHOWN) == sorted(KINDS)
    assert {name: address_of(name, 1234) for name in SHOWN} == {
        "prefect": "http://127.0.0.1:1234",
        "worker": None,
        "gpu-worker": None,
        "mongodb": "mongodb://127.0.0.1:1234",
        "s3": "http://127.0.0.1:1234",
    }
    assert address_of("prefect", None) is None
