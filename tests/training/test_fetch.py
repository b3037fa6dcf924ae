"""Fetching sets: from the folder itself, the mirror, the address; what fails is listed, all of it, and ends in exit code 1."""

import dataclasses
import gzip
import io
import sys
from pathlib import Path

import pytest
from filelock import FileLock
from rich.console import Console

from hikari import fingerprint
from hikari.settings import Settings
from tests.http_files import FileServer, Reply
from training import fetch as module
from training.download import DownloadError, NetworkConfig
from training.entry import CONF, composed
from training.fetch import FetchConfig, Report, fetch
from training.public_data import PublicExcerptConfig, PublicFileConfig, PublicSetConfig, public_file
from training.schema import ConfigError

NETWORK = NetworkConfig(timeout_s=5, attempts=2, backoff_s=0)
CONTENTS = {"one/a.txt": b"a of one\n", "one/b.txt": b"b of one\n", "two/a.txt": b"a of two\n"}


def one_file(server: FileServer, path: str, content: bytes) -> PublicFileConfig:
    return PublicFileConfig(path, server.url(f"/{path}"), fingerprint.of_bytes(content))


def configured(server: FileServer, into: Path, *sets: str) -> FetchConfig:
    """Two sets of three files that the server serves."""
    public: dict[str, PublicSetConfig] = {}
    for name in ("one", "two"):
        files = {Path(p).stem: one_file(server, p, content) for p, content in CONTENTS.items() if p.startswith(name)}
        public[name] = PublicSetConfig(name, f"https://example.org/{name}", f"licence of {name}", f"{name} et al.", {}, files)
    server.files.update({f"/{path}": content for path, content in CONTENTS.items()})
    return FetchConfig(public, sets or None, str(into), NETWORK)


def fetched(config: FetchConfig, mirror: Path | None = None) -> tuple[Report, str]:
    said = io.StringIO()
    settings = Settings.read({} if mirror is None else {"HIKARI_DATA_MIRROR": str(mirror)})
    return fetch(config, Console(file=said, width=200), settings), said.getvalue()


def test_what_was_fetched_is_a_mirror_for_the_trainers(server: FileServer, tmp_path: Path) -> None:
    config = configured(server, tmp_path / "into")
    report, said = fetched(config)
    assert report == Report({"one": {"downloaded": 2}, "two": {"downloaded": 1}})  # type: ignore[arg-type]
    for name, part in (("one", "a"), ("one", "b"), ("two", "a")):
        path = public_file(config.public[name], part, Settings.read({"HIKARI_DATA_MIRROR": str(tmp_path / "into")}))
        assert path.read_bytes() == CONTENTS[f"{name}/{part}.txt"]
    assert "\x1b" not in said  # no bars where nobody looks at them


def test_licence_and_citation_stand_before_the_first_byte(server: FileServer, tmp_path: Path) -> None:
    config = configured(server, tmp_path / "into", "two")
    asked: list[int] = []

    class Watching(io.StringIO):
        def write(self, text: str) -> int:
            if "licence of two" in text:
                asked.append(len(server.ranges))
            return super().write(text)

    said = Watching()
    fetch(config, Console(file=said, width=200), Settings.read({}))
    assert asked == [0]
    assert said.getvalue() == "two  https://example.org/two\n  licence: licence of two\n  cite: two et al.\n"


def test_a_bar_names_the_file_where_somebody_looks(server: FileServer, tmp_path: Path) -> None:
    server.files["/x.txt"] = bytes(3_000_000)
    public = PublicSetConfig("x", "https://example.org", "MIT", "x", {}, {"rows": one_file(server, "x.txt", bytes(3_000_000))})
    for looked_at in (True, False):
        said = io.StringIO()
        console = Console(file=said, width=100, force_terminal=looked_at)
        fetch(FetchConfig({"x": public}, None, str(tmp_path / str(looked_at)), NETWORK), console, Settings.read({}))
        assert ("x/rows" in said.getvalue()) == looked_at


def test_only_the_sets_that_are_named_are_fetched(server: FileServer, tmp_path: Path) -> None:
    report, _ = fetched(configured(server, tmp_path / "into", "two"))
    assert list(report.counts) == ["two"]
    assert not (tmp_path / "into" / "one").exists()


def test_what_is_there_and_right_is_left_alone_and_the_rest_is_replaced(server: FileServer, tmp_path: Path) -> None:
    config = configured(server, tmp_path / "into", "one")
    fetched(config)
    (tmp_path / "into" / "one" / "b.txt").write_bytes(b"spoiled")
    server.ranges.clear()
    report, _ = fetched(config)
    assert report.counts["one"] == {"there": 1, "downloaded": 1}
    assert (tmp_path / "into" / "one" / "b.txt").read_bytes() == CONTENTS["one/b.txt"]
    assert len(server.ranges) == 1


def test_the_mirror_comes_before_the_network_and_is_not_believed_blindly(server: FileServer, tmp_path: Path) -> None:
    mirror = tmp_path / "mirror" / "one"
    mirror.mkdir(parents=True)
    (mirror / "a.txt.gz").write_bytes(gzip.compress(CONTENTS["one/a.txt"]))
    (mirror / "b.txt.gz").write_bytes(gzip.compress(CONTENTS["one/b.txt"])[:-4])
    config = configured(server, tmp_path / "into", "one")
    report, _ = fetched(config, tmp_path / "mirror")
    assert report.counts["one"] == {"copied": 1, "downloaded": 1}
    assert (tmp_path / "into" / "one" / "a.txt.gz").read_bytes() == (mirror / "a.txt.gz").read_bytes()
    assert (tmp_path / "into" / "one" / "b.txt").read_bytes() == CONTENTS["one/b.txt"]
    assert len(server.ranges) == 1
    assert fetched(config, tmp_path / "into")[0].counts["one"] == {"there": 2}


def test_of_an_excerpt_the_mirror_gives_the_excerpt_and_the_address_the_whole(server: FileServer, tmp_path: Path) -> None:
    server.files["/x.csv"] = b"1\n2\n"
    hashes = [fingerprint.of_bytes(content) for content in (b"1\n", b"1\n2\n")]
    file = PublicExcerptConfig("x.csv", server.url("/x.csv"), hashes[0], hashes[1])
    public = PublicSetConfig("x", "https://example.org", "MIT", "x et al.", {}, {"rows": file})
    (tmp_path / "x.csv").write_bytes(b"1\n")
    for mirror, outcome, content in ((tmp_path, "copied", b"1\n"), (None, "downloaded", b"1\n2\n")):
        config = FetchConfig({"x": public}, None, str(tmp_path / outcome), NETWORK)
        report, said = fetched(config, mirror)
        assert report.counts["x"] == {outcome: 1}
        assert (tmp_path / outcome / "x.csv").read_bytes() == content
        assert "rows: the address serves the whole" in said


def test_a_file_that_nobody_serves_is_left_out_unless_it_is_asked_for(server: FileServer, tmp_path: Path) -> None:
    file = PublicFileConfig("x.jsonl", "https://github.com/a/b/tree/main/data", "0" * 64)
    public = PublicSetConfig("x", "https://example.org", "MIT", "x et al.", {}, {"chat": file})
    for sets, failures, left_out in ((None, 0, 1), (("x",), 1, 0)):
        report, _ = fetched(FetchConfig({"x": public}, sets, str(tmp_path / "into"), NETWORK))
        assert (len(report.failures), len(report.left_out)) == (failures, left_out)
        (line,) = report.failures + report.left_out
        assert line.startswith("x/chat: https://github.com/a/b/tree/main/data is no file to download")
        assert "HIKARI_DATA_MIRROR" in line
    assert server.ranges == []


def test_one_failure_does_not_stop_the_others(server: FileServer, tmp_path: Path) -> None:
    config = configured(server, tmp_path / "into")
    del server.files["/one/a.txt"]
    server.files["/one/b.txt"] = b"not what was meant"
    server.replies["/two/a.txt"] = [Reply(503)]
    report, _ = fetched(config)
    assert report.counts == {"one": {}, "two": {"downloaded": 1}}
    assert [line.split(":")[0] for line in report.failures] == ["one/a", "one/b"]
    assert "404" in report.failures[0]
    assert config.public["one"].files["b"].sha256 in report.failures[1]


def test_a_host_that_is_away_is_asked_once_and_every_file_of_it_is_listed(server: FileServer, tmp_path: Path) -> None:
    config = configured(server, tmp_path / "into")
    server.replies["/one/a.txt"] = [Reply(hang_up=True)] * 9
    report, _ = fetched(config)
    assert len(server.ranges) == NETWORK.attempts
    assert [line.split(":")[0] for line in report.failures] == ["one/a", "one/b", "two/a"]
    assert "127.0.0.1 cannot be reached" in report.failures[0]
    assert "was not tried: 127.0.0.1 cannot be reached" in report.failures[2]


def test_the_command_lists_what_failed_and_exits_with_1(
    server: FileServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = configured(server, tmp_path / "into")
    module.run(config)
    assert capsys.readouterr().out == f"one: 2 downloaded\ntwo: 1 downloaded\nHIKARI_DATA_MIRROR={tmp_path / 'into'}\n"
    for path in ("/one/a.txt", "/two/a.txt"):
        del server.files[path]
    for path in ("one/a.txt", "two/a.txt"):
        (tmp_path / "into" / path).unlink()
    with pytest.raises(SystemExit) as caught:
        module.run(config)
    assert caught.value.code == 1
    said = capsys.readouterr()
    assert said.out.startswith("one: 1 there\ntwo: nothing\n")
    assert "2 files failed:\n  one/a: " in said.err
    assert "\n  two/a: " in said.err


def test_ctrl_c_keeps_the_remainder_and_the_next_call_continues(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = configured(server, tmp_path / "into", "one")
    (tmp_path / "into" / "one").mkdir(parents=True)
    (tmp_path / "into" / "one" / "a.txt.part").write_bytes(CONTENTS["one/a.txt"][:3])

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module, "download", interrupted)
        with pytest.raises(SystemExit) as caught:
            module.run(config)
    assert caught.value.code == 130
    assert "call again to continue" in capsys.readouterr().err
    module.run(config)
    assert server.ranges == ["bytes=3-", None]
    assert (tmp_path / "into" / "one" / "a.txt").read_bytes() == CONTENTS["one/a.txt"]


def test_two_fetches_do_not_fill_one_folder(server: FileServer, tmp_path: Path) -> None:
    config = configured(server, tmp_path / "into")
    (tmp_path / "into").mkdir()
    with FileLock(tmp_path / "into" / ".fetch.lock"), pytest.raises(DownloadError, match="another process is filling"):
        fetched(config)
    assert fetched(config)[0].failures == []


def test_a_folder_that_cannot_be_written_is_named(server: FileServer, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    config = configured(server, tmp_path / "taken" / "into")
    with pytest.raises(SystemExit) as caught:
        module.run(config)
    assert caught.value.code == 1
    with pytest.raises(DownloadError, match=r"into=.*taken/into cannot be written"):
        fetched(config)


def test_every_set_of_the_configuration_can_be_fetched_by_its_name() -> None:
    config = composed("fetch", FetchConfig)
    assert set(config.public) == {path.stem.removeprefix("public_") for path in (CONF / "data").glob("public_*.yaml")}
    assert all(public.name == name for name, public in config.public.items())
    assert [public.name for public in config.chosen] == sorted(config.public)
    assert [public.name for public in composed("fetch", FetchConfig, ["sets=[wnut17,umsab]"]).chosen] == ["wnut17", "umsab"]
    places = [file.path for public in config.public.values() for file in public.files.values()]
    assert len(set(places)) == len(places)
    with pytest.raises(ConfigError, match=r"there is no set wnut; there are broad_twitter_corpus, .*, wnut17"):
        composed("fetch", FetchConfig, ["sets=[wnut]"])


def test_what_is_fetched_by_default_is_never_tracked() -> None:
    root = CONF.parent
    into = composed("fetch", FetchConfig).into
    ignored = (root / ".gitignore").read_text().splitlines()
    assert any(f"/{into}/".startswith(line) for line in ignored if line.startswith("/"))


def test_the_command_line_reaches_the_work(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "argv", ["prog", "sets=[umsab]", f"into={tmp_path}", "network.attempts=1"])
    got: list[FetchConfig] = []
    monkeypatch.setattr(module, "run", got.append)
    module.main()
    (config,) = got
    assert ([public.name for public in config.chosen], config.into) == (["umsab"], str(tmp_path))
    assert config.network == dataclasses.replace(config.network, attempts=1)
