"""``make demo-alerts``: the whole stack beside the demo fleet at speed, and which alerts each story raised and who was sent them.

The table says for each story what was raised, when, and whether a person was told or something else silenced it. The exit status is 1 when
a story raised or sent anything else than it should, when a rule failed to evaluate or a query of a runbook to execute, or when groups
were late.
"""

from __future__ import annotations

import argparse
import asyncio
import sys

from tests.stack.demo_judge import faults, sent_wrongly, table
from tests.stack.demo_run import SPEED, observe

__all__ = ["main"]


def main() -> int:
    """Run and print; see the module's text."""
    parser = argparse.ArgumentParser(prog="make demo-alerts", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=420, help="how long to watch, in real seconds (default %(default)s)")
    parser.add_argument("--speed", type=float, default=SPEED, help="simulated seconds a second (default %(default)s)")
    options = parser.parse_args()
    outcome = asyncio.run(observe(options.seconds, speed=options.speed))
    wrong = [*faults(outcome), *sent_wrongly(outcome.notifications, minutes=outcome.minutes)]
    print("\n".join(["", *table(outcome), "", *(wrong or ["Every story raised and sent exactly what it should."])]))
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
