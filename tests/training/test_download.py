"""Downloads against a server in this process: cut connections, wrong content, servers that know no ranges, hosts that are away."""

import re
import socket
from pathlib import Path

import pytest

from hikari import fingerprint
from tests.http_files import FileServer, Reply
from training.download import LONGEST_WAIT_S, DownloadError, NetworkConfig, Unreachable, download

CONTENT = bytes(range(256)) * 1000
SHA256 = fingerprint.of_bytes(CONTENT)
NETWORK = NetworkConfig(timeout_s=5, attempts=4, backoff_s=1)


class Waits(list[float]):
    """Stands in for waiting: notes how long, and goes on at once."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def waits() -> Waits:
    return Waits()


def test_a_file_arrives_whole_and_leaves_nothing_beside_it(server: FileServer, tmp_path: Path, waits: Waits) -> None:
    server.files["/a.txt"] = CONTENT
    seen: list[tuple[int, int | None]] = []
    download(server.url("/a.txt"), tmp_path / "deep" / "a.txt", SHA256, NETWORK, progress=lambda *at: seen.append(at), wait=waits)
    assert (tmp_path / "deep" / "a.txt").read_bytes() == CONTENT
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["a.txt"]
    assert (seen[0], seen[-1]) == ((0, len(CONTENT)), (len(CONTENT), len(CONTENT)))
    assert server.ranges == [None]
    assert waits == []


def test_a_cut_connection_continues_where_it_ended(server: FileServer, tmp_path: Path, waits: Waits) -> None:
    server.files["/a.txt"] = CONTENT
    server.replies["/a.txt"] = [Reply(cut_after=100_000), Reply(cut_after=50_000)]
    download(server.url("/a.txt"), tmp_path / "a.txt", SHA256, NETWORK, wait=waits)
    assert (tmp_path / "a.txt").read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=100000-", "bytes=150000-"]
    assert waits == [1, 2]


def test_the_next_call_continues_what_an_earlier_one_left(server: FileServer, tmp_path: Path, waits: Waits) -> None:
    server.files["/a.txt"] = CONTENT
    server.replies["/a.txt"] = [Reply(cut_after=100_000)]
    once = NetworkConfig(timeout_s=5, attempts=1, backoff_s=1)
    with pytest.raises(DownloadError, match=r"ended after 100000 of 256000 bytes \(tried 1 time\); call again to continue"):
        download(server.url("/a.txt"), tmp_path / "a.txt", SHA256, once, wait=waits)
    assert (tmp_path / "a.txt.part").stat().st_size == 100_000
    download(server.url("/a.txt"), tmp_path / "a.txt", SHA256, once, wait=waits)
    assert (tmp_path / "a.txt").read_bytes() == CONTENT
    assert server.sent == [100_000, 156_000]


def test_a_server_without_ranges_sends_it_all_again(server: FileServer, tmp_path: Path, waits: Waits) -> None:
    server.files["/a.txt"] = CONTENT
    server.knows_ranges = False
    server.replies["/a.txt"] = [Reply(cut_after=100_000)]
    download(server.url("/a.txt"), tmp_path / "a.txt", SHA256, NETWORK, wait=waits)
    assert (tmp_path / "a.txt").read_bytes() == CONTENT
    assert server.sent == [100_000, len(CONTENT)]


@pytest.mark.parametrize("left", [b"something else", b"x" * (len(CONTENT) + 5), b"x" * len(CONTENT)])
def test_a_remainder_of_another_file_is_thrown_away(server: FileServer, tmp_path: Path, waits: Waits, left: bytes) -> None:
    server.files["/a.txt"] = CONTENT
    (tmp_path / "a.txt.part").write_bytes(left)
    download(server.url("/a.txt"), tmp_path / "a.txt", SHA256, NETWORK, wait=waits)
    assert (tmp_path / "a.txt").read_bytes() == CONTENT
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_remainder_that_is_already_whole_needs_no_byte_more(server: FileServer, tmp_path: Path, waits: Waits) -> None:
    server.files["/a.txt"] = CONTENT
    (tmp_path / "a.txt.part").write_bytes(CONTENT)
    download(server.url("/a.txt"), tmp_path / "a.txt", SHA256, NETWORK, wait=waits)
    assert (tmp_path / "a.txt").read_bytes() == CONTENT
    assert server.sent == [0]


def test_a_range_that_was_not_asked_for_is_not_believed(server: FileServer, tmp_path: Path, waits: Waits) -> None:
    server.files["/a.txt"] = CONTENT
    server.replies["/a.txt"] = [Reply(cut_after=100_000), Reply(content_range="bytes 7-255999/256000")]
    download(server.url("/a.txt"), tmp_path / "a.txt", SHA256, NETWORK, wait=waits)
    assert (tmp_path / "a.txt").read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=100000-", None]


def test_wrong_content_is_set_aside_and_both_hashes_are_named(server: FileServer, tmp_path: Path, waits: Waits) -> None:
    server.files["/a.txt"] = b"another text"
    (tmp_path / "a.txt").write_bytes(b"what lay here before")
    with pytest.raises(DownloadError) as caught:
        download(server.url("/a.txt"), tmp_path / "a.txt", SHA256, NETWORK, wait=waits)
    assert fingerprint.of_bytes(b"another text") in str(caught.value)
    assert SHA256 in str(caught.value)
    assert (tmp_path / "a.txt.wrong").read_bytes() == b"another text"
    assert (tmp_path / "a.txt").read_bytes() == b"what lay here before"
    assert not (tmp_path / "a.txt.part").exists()
    assert waits == []


def test_wrong_content_after_a_cut_is_fetched_once_more_and_no_oftener(server: FileServer, tmp_path: Path, waits: Waits) -> None:
    server.files["/a.txt"] = b"x" * 1000
    server.replies["/a.txt"] = [Reply(cut_after=500)]
    with pytest.raises(DownloadError, match=SHA256):
        download(server.url("/a.txt"), tmp_path / "a.txt", SHA256, NETWORK, wait=waits)
    assert server.ranges == [None, "bytes=500-", None]


def test_a_file_that_is_not_there_is_not_tried_again(server: FileServer, tmp_path: Path, waits: Waits) -> None:
    with pytest.raises(DownloadError, match=r"/none\.txt: the server answers 404 \(Not Found\)"):
        download(server.url("/none.txt"), tmp_path / "none.txt", SHA256, NETWORK, wait=waits)
    assert (len(server.ranges), waits) == (1, [])
    assert list(tmp_path.iterdir()) == []


def test_passing_troubles_pass(server: FileServer, tmp_path: Path, waits: Waits) -> None:
    server.files["/a.txt"] = CONTENT
    server.replies["/a.txt"] = [Reply(503), Reply(429, retry_after="7"), Reply(hang_up=True)]
    download(server.url("/a.txt"), tmp_path / "a.txt", SHA256, NETWORK, wait=waits)
    assert (tmp_path / "a.txt").read_bytes() == CONTENT
    assert waits == [1, 7, 4]


def test_patience_has_an_end_and_no_server_can_ask_for_hours(server: FileServer, tmp_path: Path, waits: Waits) -> None:
    server.files["/a.txt"] = CONTENT
    server.replies["/a.txt"] = [Reply(503, retry_after="86400"), Reply(503, retry_after="soon"), *[Reply(503)] * 9]
    with pytest.raises(DownloadError, match=r"503 \(Service Unavailable\) \(tried 4 times\)") as caught:
        download(server.url("/a.txt"), tmp_path / "a.txt", SHA256, NETWORK, wait=waits)
    assert not isinstance(caught.value, Unreachable)
    assert waits == [LONGEST_WAIT_S, 2, 4]


def test_a_host_that_is_away_is_named(tmp_path: Path, waits: Waits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}/a.txt"
        with pytest.raises(Unreachable, match=r"^127\.0\.0\.1 cannot be reached: .*refused.* \(tried 4 times\)$"):
            download(address, tmp_path / "a.txt", SHA256, NETWORK, wait=waits)
    assert waits == [1, 2, 4]


def test_a_server_that_never_answers_runs_into_the_time_limit(
    tmp_path: Path, waits: Waits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "*")
    hasty = NetworkConfig(timeout_s=0.05, attempts=2, backoff_s=0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/a.txt"
        with pytest.raises(Unreachable, match="timed out"):
            download(address, tmp_path / "a.txt", SHA256, hasty, wait=waits)


def test_a_folder_that_cannot_be_made_is_named_and_nothing_is_tried(server: FileServer, tmp_path: Path, waits: Waits) -> None:
    server.files["/a.txt"] = CONTENT
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(DownloadError, match=re.escape(f"{tmp_path / 'taken' / 'a.txt'} cannot be written")):
        download(server.url("/a.txt"), tmp_path / "taken" / "a.txt", SHA256, NETWORK, wait=waits)
    assert server.ranges == []
