"""Server and ServerCollection."""

from __future__ import annotations

import copy
import pickle
import weakref
from typing import Any

import pytest

from gearman_cffi import Server, ServerCollection
from tests.support import shown


class TestServer:
    def test_defaults(self) -> None:
        assert Server() == Server("127.0.0.1", 4730)
        assert Server("example.org").port == 4730

    def test_it_is_a_value(self) -> None:
        assert {Server("a", 1), Server("a", 1)} == {Server("a", 1)}
        with pytest.raises(AttributeError):
            Server().port = 1  # type: ignore[misc]
        assert eval(repr(Server("a", 1))) == copy.copy(Server("a", 1)) == Server("a", 1) != ("a", 1)  # type: ignore[comparison-overlap]
        assert {pickle.loads(pickle.dumps(Server("a", 1), protocol)) for protocol in range(6)} == {Server("a", 1)}
        server = Server()
        assert weakref.ref(server)() is server

    def test_order(self) -> None:
        """By host, then by port. Other objects cannot be compared with a server."""
        servers = [Server("b", 1), Server("a", 2), Server("a", 1)]
        assert sorted(servers) == [Server("a", 1), Server("a", 2), Server("b", 1)]
        assert Server("a", 1) <= Server("a", 1) < Server("a", 2) > Server("a", 1)
        with pytest.raises(TypeError):
            assert Server("a", 1) < ("a", 2)  # type: ignore[operator]

    def test_a_pattern(self) -> None:
        """A match statement can unpack a server."""
        match Server("a", 1):
            case Server(host, port):
                assert (host, port) == ("a", 1)

    def test_host_and_port(self) -> None:
        server = Server("a", 1)
        assert (server.host, server.port) == ("a", 1)

    @pytest.mark.parametrize(
        ("text", "server"),
        [
            ("example.org", Server("example.org", 4730)),
            ("example.org:1", Server("example.org", 1)),
            ("127.0.0.1:65535", Server("127.0.0.1", 65535)),
            ("::1", Server("::1", 4730)),
            ("[::1]", Server("::1", 4730)),
            ("[::1]:99", Server("::1", 99)),
            ("fe80::1%eth0", Server("fe80::1%eth0", 4730)),
        ],
    )
    def test_from_string(self, text: str, server: Server) -> None:
        assert Server.from_string(text) == server
        assert Server.from_string(str(server)) == server

    def test_str(self) -> None:
        assert str(Server("h", 1)) == "h:1"
        assert str(Server("::1", 1)) == "[::1]:1"

    @pytest.mark.parametrize(
        "text",
        [
            *("", ":4730", "h:", "h:abc", "h:0", "h:65536", "h:-1", "h:+1", "h: 1", "h:1_0", "h:\u0663"),
            *("h:999999999999", "[::1", "::1]", "[]", "[]:1", "[::1]x", "[::1]:", "http://h:1"),
            *("a b", "a,b", "a\0b", "a\nb"),
        ],
    )
    def test_from_string_refuses(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"server"):
            Server.from_string(text)

    def test_from_string_of_a_url(self) -> None:
        with pytest.raises(ValueError, match="invalid server address 'http://h:1': write host:port without 'http://'"):
            Server.from_string("http://h:1")

    @pytest.mark.parametrize("text", [None, 5, b"h:1", Server()])
    def test_from_string_takes_str_only(self, text: Any) -> None:
        with pytest.raises(TypeError, match="must be given as a str"):
            Server.from_string(text)

    @pytest.mark.parametrize("port", [0, -1, 65536, 2**70])
    def test_ports_out_of_range(self, port: int) -> None:
        with pytest.raises(ValueError, match="between 1 and 65535"):
            Server("h", port)

    @pytest.mark.parametrize("port", ["4730", 1.5, None, True])
    def test_ports_of_another_type(self, port: Any) -> None:
        with pytest.raises(TypeError, match="port must be an int"):
            Server("h", port)

    @pytest.mark.parametrize("host", [None, 5, b"h"])
    def test_hosts_of_another_type(self, host: Any) -> None:
        with pytest.raises(TypeError, match="host must be a str"):
            Server(host)

    @pytest.mark.parametrize("host", ["", " ", "a b", "a,b", "a\0", "[::1]", "x" * 256, "\t", "a/b"])
    def test_invalid_hosts(self, host: str) -> None:
        with pytest.raises(ValueError, match="a server's host"):
            Server(host)


class TestServerCollection:
    def test_it_keeps_order_and_duplicates(self) -> None:
        one, two = Server("one", 1), Server("two", 2)
        servers = ServerCollection()
        for server in (two, one, two):
            servers.add(server)
        assert list(servers) == servers.get_servers() == [two, one, two]
        assert len(servers) == 3
        assert one in servers
        assert Server("three", 3) not in servers
        assert "one:1" not in servers

    def test_empty(self) -> None:
        assert not ServerCollection()
        assert list(ServerCollection()) == []

    @pytest.mark.parametrize(
        "source",
        [
            "one:1,[::1]:2",
            " one:1 , [::1]:2 ",
            ["one:1", "[::1]:2"],
            ["one:1,[::1]:2"],
            [Server("one", 1), Server("::1", 2)],
            (Server("one", 1), "[::1]:2"),
            iter([Server("one", 1), Server("::1", 2)]),
            ServerCollection("one:1,[::1]:2"),
        ],
        ids=shown,
    )
    def test_what_the_constructor_takes(self, source: Any) -> None:
        assert ServerCollection(source).get_servers() == [Server("one", 1), Server("::1", 2)]

    def test_from_one_server(self) -> None:
        assert ServerCollection(Server("one", 1)) == ServerCollection("one:1")

    @pytest.mark.parametrize("text", ["", ",", "a:1,", ",a:1", "a:1,,b:1", " "])
    def test_missing_elements(self, text: str) -> None:
        with pytest.raises(ValueError, match="an address is missing"):
            ServerCollection(text)

    @pytest.mark.parametrize("wrong", ["localhost", None, ("h", 1)])
    def test_add_takes_servers_only(self, wrong: Any) -> None:
        with pytest.raises(TypeError, match="expected a Server"):
            ServerCollection().add(wrong)

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [(4730, "must be 'host"), (None, "must be 'host"), ([5], "expected a"), ([b"h:1"], "expected a")],
    )
    def test_what_the_constructor_refuses(self, wrong: Any, message: str) -> None:
        with pytest.raises(TypeError, match=message):
            ServerCollection(wrong)

    def test_get_servers_returns_a_copy(self) -> None:
        servers = ServerCollection("a:1")
        servers.get_servers().clear()
        assert len(servers) == 1

    def test_equality_and_texts(self) -> None:
        servers = ServerCollection("a:1,[::1]:2")
        assert servers == ServerCollection("a:1,[::1]:2")
        assert servers != ServerCollection("[::1]:2,a:1")
        assert servers != "a:1,[::1]:2"
        assert str(servers) == "a:1,[::1]:2"
        assert eval(repr(servers)) == servers
        with pytest.raises(TypeError, match="unhashable"):
            hash(servers)

    def test_from_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert ServerCollection.from_environment() == ServerCollection("127.0.0.1:4730")
        monkeypatch.setenv("GEARMAN_SERVERS", "")
        assert ServerCollection.from_environment() == ServerCollection("127.0.0.1:4730")
        monkeypatch.setenv("GEARMAN_SERVERS", "a:1,[::1]:2,c")
        assert ServerCollection.from_environment() == ServerCollection("a:1,[::1]:2,c:4730")
        monkeypatch.setenv("GEARMAN_SERVERS", "a:x")
        with pytest.raises(ValueError, match=r"environment variable GEARMAN_SERVERS: .*'a:x'"):
            ServerCollection.from_environment()
