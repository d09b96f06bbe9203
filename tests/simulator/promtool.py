"""The referee of the scorecard's engine: promtool plays the same rules on the same recording, minute by minute, as a server would.

promtool compares and does not report; so it is asked, for every minute, what fires, and is told to expect something else: what it got
stands in its complaint. It loads at most 10 000 samples for one query (prometheus/prometheus#17237), so only a few deployments fit.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import yaml

from serving_simulator.recording.notation import Values, values_text

__all__ = ["firing"]

_SAMPLE = re.compile(r"\{(?P<labels>(?:[^{}\"]|\"(?:[^\"\\]|\\.)*\")*)\} (?P<value>[^\s,]+)")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

Alerts = dict[frozenset[tuple[str, str]], list[int]]
"""Labels of an alert, to the minutes in which it fired."""


def firing(promtool: str, rules: Sequence[Path], series: Mapping[str, Values], minutes: int, folder: Path) -> Alerts:
    """Return which alerts fire in which minutes; groups are evaluated in the order of the files given.

    promtool evaluates all groups at the same instant, and one that comes before what it reads sees the same sample now and a minute ago. A
    server spreads its groups over the minute, where the order makes things late and never wrong.
    """
    nowhere = [{"labels": 'nowhere{answer="none"}', "value": 0}]
    asked = 'ALERTS{alertstate="firing"}'
    test = {
        "rule_files": [str(path.resolve()) for path in rules],
        "evaluation_interval": "1m",
        "group_eval_order": [group["name"] for path in rules for group in yaml.safe_load(path.read_text())["groups"]],
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": name, "values": values_text(values)} for name, values in series.items()],
                "promql_expr_test": [{"expr": asked, "eval_time": f"{minute}m", "exp_samples": nowhere} for minute in range(minutes)],
            }
        ],
    }
    path = folder / "recording.yaml"
    path.write_text(yaml.dump(test, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), width=1_000_000))
    done = subprocess.run([promtool, "test", "rules", str(path)], capture_output=True, text=True, check=False)
    answers = (done.stdout + done.stderr).split("expr: ")[1:]
    assert len(answers) == minutes, (done.stdout + done.stderr)[:2000]
    found: Alerts = {}
    for minute, answer in enumerate(answers):
        for sample in _SAMPLE.finditer(answer.rpartition("got:")[2]):
            labels = frozenset(pair for pair in _LABEL.findall(sample["labels"]) if pair[0] not in ("__name__", "alertstate"))
            found.setdefault(labels, []).append(minute)
    return found


def series_of(values: Mapping[str, Sequence[float]]) -> dict[str, Values]:
    """Return samples as arrays, None for none."""
    return {name: np.array([np.nan if each is None else each for each in samples], np.float64) for name, samples in values.items()}
