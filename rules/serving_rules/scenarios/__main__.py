"""``python -m serving_rules.scenarios [NAME …]``: play stories (all, or those named) and say in words which alerts differ."""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from serving_rules.fixtures import promtool
from serving_rules.formats import prometheus
from serving_rules.pack import Pack, build
from serving_rules.scenarios import SCENARIOS, acts

__all__ = ["main"]

_RULE_FILES = ("signals.yaml", "detections.yaml", "alerts.yaml")

_EXPR = re.compile(r"expr: (?P<expr>\".*\"), time: (?P<time>\w+),\s*(?:exp: (?P<exp>.*)\n\s*got: (?P<got>.*)|err: (?P<error>.*))")
_SAMPLE = re.compile(r"\{.*?\} [-+\w.]+")


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns 1 when a story goes otherwise than told."""
    parser = argparse.ArgumentParser(prog="python -m serving_rules.scenarios", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--promtool", metavar="PATH", nargs="+", help="programs to run, or `all`; default: the newest of .tools")
    parser.add_argument("--keep", metavar="FOLDER", type=Path, help="write there, and leave it")
    parser.add_argument("--alone", action="store_true", help="without the other situations")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - {scenario.name for scenario in SCENARIOS}:
        print(f"no scenario {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    programs = promtool.releases() if options.promtool == ["all"] else options.promtool or [promtool.find()]
    pack = build()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in prometheus.files(pack).items():
            (folder / name).write_text(text)
        return max(_play(pack, program, folder, options) for program in programs)


def _play(pack: Pack, program: str, folder: Path, options: argparse.Namespace) -> int:
    failed = 0
    for act in acts(options.names):
        roles = [(scenario, situation) for scenario, situation in act.roles if not options.alone or situation is scenario.base]
        for name, text in replace(act, roles=tuple(roles)).files(pack, _RULE_FILES).items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text)
        begin = time.monotonic()
        said = promtool.verdict(program, [f"{act.name}.test.yaml"], folder)
        verdict = "FAILED" if said else "passed"
        print(f"{program}: {act.name}: {len(roles)} stories {verdict} in {time.monotonic() - begin:.0f} s")
        for line in _explained(said):
            print(line)
        failed |= bool(said)
    return failed


def _explained(said: str) -> Iterator[str]:
    found = False
    for match in _EXPR.finditer(said):
        found = True
        where = match["expr"].replace('\\"', '"')
        yield f"  at {match['time']}: {where[:220]}"
        if match["error"]:
            yield f"      {match['error']}"
            continue
        expected, got = (set(_SAMPLE.findall(match[side])) for side in ("exp", "got"))
        yield from (f"      missing    {sample}" for sample in sorted(expected - got))
        yield from (f"      unexpected {sample}" for sample in sorted(got - expected))
    if said and not found:
        yield said


if __name__ == "__main__":
    sys.exit(main())
