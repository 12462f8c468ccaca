from datetime import UTC, datetime

import pytest
from pymongo.errors import OperationFailure

from albumart.embedded.loopback import HOST
from albumart.endpoints import Endpoints
from albumart.errors import PlatformError
from albumart.stores.mongodb import connect, create_first_user, ping, server_version, settle


def anonymous(endpoints: Endpoints) -> str:
    return "mongodb://" + endpoints.mongodb_uri.rpartition("@")[2]


def test_writes_are_promises(endpoints: Endpoints, mongo_database: str) -> None:
    with connect(endpoints.mongodb_uri) as client:
        assert client.write_concern.document == {"w": "majority", "j": True, "wtimeout": 30_000}


def test_times_come_back_with_their_zone(endpoints: Endpoints, mongo_database: str) -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    with connect(endpoints.mongodb_uri) as client:
        client[mongo_database].times.insert_one({"_id": 1, "at": moment})
        found = client[mongo_database].times.find_one()
    assert found is not None
    assert found["at"] == moment


def test_a_transaction_is_whole_or_not_at_all(endpoints: Endpoints, mongo_database: str) -> None:
    with connect(endpoints.mongodb_uri) as client, client.start_session() as session:
        things = client[mongo_database].things
        with session.start_transaction():
            things.insert_one({"_id": 1}, session=session)
            session.abort_transaction()
        assert things.count_documents({}) == 0


def test_the_server_answers(endpoints: Endpoints) -> None:
    assert ping(endpoints.mongodb_uri)
    assert server_version(endpoints.mongodb_uri).count(".") == 2


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("albumart.stores.mongodb._PATIENCE", 200)
    assert not ping(f"mongodb://{HOST}:1/?directConnection=true")
    assert settle(f"mongodb://u:p@{HOST}:1/") is None


def test_the_unauthenticated_are_refused(endpoints: Endpoints, mongo_database: str) -> None:
    with connect(anonymous(endpoints)) as client:
        with pytest.raises(OperationFailure, match="requires authentication"):
            client[mongo_database].things.find_one()
        with pytest.raises(OperationFailure, match="requires authentication"):
            client.list_database_names()


def test_settling_twice_changes_nothing(endpoints: Endpoints) -> None:
    assert settle(endpoints.mongodb_uri) == server_version(endpoints.mongodb_uri)


def test_a_lost_password_is_told(endpoints: Endpoints) -> None:
    host = endpoints.mongodb_uri.rpartition("@")[2]
    with pytest.raises(PlatformError, match=r"credentials\.json"):
        settle(f"mongodb://albumart:another-password@{host}")


def test_a_second_first_user_is_refused(endpoints: Endpoints) -> None:
    with connect(anonymous(endpoints)) as client, pytest.raises(OperationFailure):
        create_first_user(client, "intruder", "password")
