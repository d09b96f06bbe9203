"""Keys: they do not show themselves, and a file that changes is read again."""

from __future__ import annotations

import asyncio
import copy
import gc
import os
import pickle
from pathlib import Path

import pytest

from serving_exporter.secrets import KeySource, Secret, SecretError, SecretInvalid, SecretMissing, read_key_file, redact

KEY = "abcd1234.S3cretValueOfThisKey"


def test_nothing_but_reveal_shows_the_value() -> None:
    secret = Secret(KEY)
    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret:>40}",
        f"{secret!r}",
        repr([secret]),
        repr({"k": secret}),
    ]
    assert not [text for text in shown if "S3cret" in text or "abcd1234" in text]
    assert secret.reveal() == KEY
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        copy.deepcopy(secret)
    assert not hasattr(secret, "__dict__")


def test_equality_and_digest() -> None:
    assert Secret(KEY) == Secret(KEY) != Secret(KEY + "x")
    assert Secret(KEY) != KEY
    assert len({Secret(KEY), Secret(KEY)}) == 1
    assert Secret(KEY).digest == Secret(KEY).digest
    assert len(Secret(KEY).digest) == 16
    assert Secret(KEY).digest not in KEY


def test_redaction_knows_every_living_key_and_its_private_part() -> None:
    secret = Secret(KEY)
    assert redact(f"Authorization: Bearer {KEY}!") == "Authorization: Bearer [secret]!"
    assert redact("only S3cretValueOfThisKey here") == "only [secret] here"
    short = Secret("demo.emulator")
    assert redact("the emulator of demo.emulator") == "the emulator of [secret]"
    twin = Secret(KEY)
    del secret
    gc.collect()
    assert redact(KEY) == "[secret]", "an equal key that lives longer is still known"
    del twin, short
    gc.collect()
    assert redact(KEY) == KEY


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"abcd1234.se cret", "white space at position 12 of 16"),
        (b"abcd1234\tx", "white space at position 9"),
        (b"line1\nline2", "white space at position 6"),
        (b"abc\x00def", "a control character at position 4"),
        ("schlüssel".encode(), "not ASCII at position 5"),
        (b"\xff\xfe", "not text (UTF-8)"),
        (b"x" * 70_000, "larger than 65536 bytes"),
    ],
)
def test_files_that_hold_no_key(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    with pytest.raises(SecretInvalid) as caught:
        read_key_file(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)
    if content.strip():
        assert content.decode(errors="replace").strip() not in str(caught.value)


def test_files_that_are_not_there_or_not_readable(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(SecretMissing, match=str(path)):
            read_key_file(path)


@pytest.mark.parametrize("ending", ["", "\n", "\r\n", "\n\n"])
def test_line_endings_behind_the_key_are_not_part_of_it(tmp_path: Path, ending: str) -> None:
    path = tmp_path / "key"
    path.write_bytes((KEY + ending).encode())
    assert read_key_file(path).reveal() == KEY


async def test_a_changed_file_is_read_again_without_being_asked(tmp_path: Path) -> None:
    path = tmp_path / "key"
    await asyncio.to_thread(path.write_text, "first.key\n")
    source = KeySource(path=path)
    first = await source.current()
    assert await source.current() is first, "an unchanged file is not read again"
    await asyncio.to_thread(path.write_text, "second.longer.key\n")
    assert (await source.current()).reveal() == "second.longer.key"


async def test_a_mounted_secret_that_is_switched_by_a_link_is_noticed(tmp_path: Path) -> None:
    def switch(name: str, key: str) -> None:
        (tmp_path / name).write_text(key)
        os.utime(tmp_path / name, (1, 1))  # same time, same size: only the inode differs
        (tmp_path / "new").symlink_to(tmp_path / name)
        (tmp_path / "new").replace(tmp_path / "key")

    await asyncio.to_thread(switch, "a", "key.aaaa")
    source = KeySource(path=tmp_path / "key")
    assert (await source.current()).reveal() == "key.aaaa"
    await asyncio.to_thread(switch, "b", "key.bbbb")
    assert (await source.current()).reveal() == "key.bbbb"


async def test_refresh_says_whether_the_key_is_another_one(tmp_path: Path) -> None:
    path = tmp_path / "key"
    await asyncio.to_thread(path.write_text, "first.key")
    source = KeySource(path=path)
    await source.current()
    assert await source.refresh() is False
    await asyncio.to_thread(path.write_text, "other.key")
    assert await source.refresh() is True
    assert (await source.current()).reveal() == "other.key"
    assert await KeySource(secret=Secret("a.b")).refresh() is False


async def test_the_last_key_stays_in_use_while_the_file_is_gone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    path = tmp_path / "key"
    await asyncio.to_thread(path.write_text, "first.key")
    source = KeySource(path=path)
    await source.current()
    await asyncio.to_thread(path.unlink)
    for _ in range(3):
        assert (await source.current()).reveal() == "first.key"
    await asyncio.to_thread(path.write_text, "second.key")
    assert (await source.current()).reveal() == "second.key"
    messages = [record.message for record in caplog.records]
    assert len(messages) == 2, messages
    assert "the last key stays in use" in messages[0]
    assert str(path) in messages[0]
    assert "can be read again" in messages[1]


async def test_a_file_that_was_never_there_is_an_error_that_names_it(tmp_path: Path) -> None:
    source = KeySource(path=tmp_path / "key")
    with pytest.raises(SecretError, match=f"key file {tmp_path}/key: No such file"):
        await source.current()
    assert repr(source) == f"KeySource(key file {tmp_path}/key)"


def test_a_key_has_exactly_one_source(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="exactly one"):
        KeySource()
    with pytest.raises(ValueError, match="exactly one"):
        KeySource(secret=Secret("a.b"), path=tmp_path)
