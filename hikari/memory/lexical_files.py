"""The files of a lexical index and their proof of being whole.

    manifest.json   format, version of the analysis, last change taken in, bytes and SHA-256 of every file beside it
    committing      there only while a commit runs; found later, a crash came between the commit and its manifest
    *.idx, ...      tantivy's files, written once; each ends in a checksum of tantivy's own

After such a crash the files of the newest commit are not in the manifest yet: their own checksums stand in. The commit may hold more
changes than the manifest says, which is harmless, because adding again replaces.
"""

import json
import struct
import zlib
from pathlib import Path
from typing import Any

from hikari import atomic, fingerprint
from hikari.errors import BadIndex
from hikari.memory.index_folder import FORMAT, MANIFEST, manifest_text, read_manifest

COMMITTING = "committing"
META = "meta.json"
_LOCKS = frozenset({".tantivy-meta.lock", ".tantivy-writer.lock"})
_JSON = frozenset({META, ".managed.json"})
_FOOTER_MAGIC = 1337
_PARTS = (".fast", ".fieldnorm", ".idx", ".pos", ".store", ".term")

Entries = dict[str, dict[str, Any]]


def write_manifest(folder: Path, facts: dict[str, Any], known: Entries) -> Entries:
    """Write the manifest; files that `known` lists are not read again, since tantivy never changes one but its two JSON files."""
    entries: Entries = {}
    for file in _files(folder):
        entry = known.get(file.name)
        if entry is None or file.name in _JSON:
            entry = {"sha256": fingerprint.of_file(file), "bytes": file.stat().st_size}
        entries[file.name] = entry
    atomic.write_file(folder / MANIFEST, manifest_text({"format": FORMAT, **facts, "files": entries}).encode())
    return entries


def verify(folder: Path, analysis: int) -> dict[str, Any]:
    """The manifest of an index whose files are all whole. Raises `BadIndex`."""
    manifest = read_manifest(folder / MANIFEST)
    if manifest.get("analysis") != analysis:
        raise BadIndex(f"the lexical index at {folder} is of another version of the analysis; it is rebuilt from the store")
    crashed = (folder / COMMITTING).exists()
    entries: Entries = manifest["files"]
    present = {file.name: file for file in _files(folder)}
    problems = [] if crashed else [f"{name} is missing" for name in sorted(set(entries) - set(present))]
    for name, file in sorted(present.items()):
        entry = entries.get(name)
        if crashed and name in _JSON:
            continue
        if entry is None:
            if not (crashed and _is_whole(file)):
                problems.append(f"{name} is damaged" if crashed else f"{name} is not part of it")
        elif file.stat().st_size != entry["bytes"] or fingerprint.of_file(file) != entry["sha256"]:
            problems.append(f"{name} does not match its hash")
    if not problems:
        problems = [f"{name} is missing" for name in _needed(folder) if name not in present]
    if problems:
        raise BadIndex(f"the lexical index at {folder} is damaged: {'; '.join(problems)}; it is rebuilt from the store")
    return manifest


def _files(folder: Path) -> list[Path]:
    own = {MANIFEST, COMMITTING, *_LOCKS}
    # What starts with the manifest's name was left by a crash while it was written.
    return [file for file in sorted(folder.iterdir()) if file.name not in own and not file.name.startswith(f".{MANIFEST}.")]


def _is_whole(file: Path) -> bool:
    """Whether a tantivy file matches the checksum at its end: body, JSON with `crc`, length of the JSON, magic number."""
    content = file.read_bytes()
    if len(content) < 8:
        return False
    length, magic = struct.unpack("<II", content[-8:])
    if magic != _FOOTER_MAGIC or length + 8 > len(content):
        return False
    body, footer = content[: -8 - length], content[-8 - length : -8]
    try:
        return json.loads(footer)["crc"] == zlib.crc32(body)
    except (ValueError, KeyError, TypeError):
        return False


def _needed(folder: Path) -> list[str]:
    """The files of the segments that tantivy's own list names. Raises `BadIndex`."""
    try:
        segments = json.loads((folder / META).read_bytes())["segments"]
        names: list[str] = []
        for segment in segments:
            name = str(segment["segment_id"]).replace("-", "")
            names += [name + part for part in _PARTS]
            if segment["deletes"]:
                names.append(f"{name}.{segment['deletes']['opstamp']}.del")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadIndex(f"{folder / META} is damaged; the index is rebuilt from the store") from error
    return names
