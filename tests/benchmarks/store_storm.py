"""Kill and hinder runs from store to store: ``store_storm.py [KILLS] [FAULTS] [SEED]``.

A folder of objects is scored to its end once. Then it is scored anew again and again: KILLS runs
are ended at a random moment by SIGKILL, SIGTERM or Ctrl-C, and FAULTS runs meet requests that fail
at random: with 500, 503, 429, a reset, a truncated body, or late. Files are put in parts, so that
uploads can be left. The store is ``tests/support/small_store.py`` in this process. Ends with 1 if

- an object under a final key ever differs from that of the undisturbed run,
- an upload is left after a run that wasn't ended by SIGKILL, or more than one after one that was,
- a run whose faults were all transient doesn't end well by itself,
- a process prints a traceback, or answers a signal later than two seconds.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from helpers import some_texts, write_reviews
from small_store import Request, SmallStore

KILLS = FAULTS = 100
FILES, ROWS = 3, 6000
ANSWER_SECONDS = 2.0
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
WHAT = ("500", "503", "429", "reset", "truncated", "slow")
# Of all requests.
SHARE = 0.15
SMALL_PARTS = (
    "from scorer.storage import stores\n"
    "stores.MOST_AT_ONCE = stores.PART_BYTES = 1 << 15\n"
    "from scorer.cli import main\n"
    "main()\n"
)


class Storm:
    """What a storm has found so far."""

    def __init__(self, store: SmallStore, folder: Path, chance: random.Random) -> None:
        self.store, self.folder, self.chance = store, folder, chance
        self.faults: list[str] = []
        self.ends: Counter[str] = Counter()
        self.slowest, self.injected = 0.0, 0
        self.expected: dict[str, bytes] = {}

    def fault(self, sentence: str) -> None:
        """Keep a fault, and print it at once."""
        print(f"WRONG: {sentence}", flush=True)
        self.faults.append(sentence)

    def start(self) -> subprocess.Popen[str]:
        """Start a run from the store to the store."""
        words = ["run", "--model", "fast", "--threads", "2", "--retries", "8"]
        words += ["--state-dir", str(self.folder / "state"), "s3://bucket/in/", "s3://bucket/out/"]
        return subprocess.Popen(
            [sys.executable, "-c", SMALL_PARTS, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | self.store.environment | {"NO_PROXY": "127.0.0.1"},
        )

    def outputs(self) -> dict[str, bytes]:
        """Return what stands under the final keys."""
        return {key: one for key, one in self.store.objects.items() if key.startswith("out/")}

    def clear(self) -> None:
        """Remove the outputs, so that the next run begins anew."""
        for key in self.outputs():
            del self.store.objects[key]

    def look(self, after: str, most_left: int) -> None:
        """Look at what a run left in the store, and forget its uploads."""
        if not self.outputs().items() <= self.expected.items():
            self.fault(f"an object differs after {after}")
        if len(self.store.uploads) > most_left:
            self.fault(f"{len(self.store.uploads)} uploads were left after {after}")
        self.store.uploads.clear()

    def kill(self, requests: int) -> None:
        """End a run shortly after one of its requests."""
        number = self.chance.choice(SIGNALS)
        if self.outputs() == self.expected:
            self.clear()
        self.store.asked.clear()
        process, moment = self.start(), self.chance.randrange(requests)
        while len(self.store.asked) <= moment and process.poll() is None:
            time.sleep(0.001)
        time.sleep(self.chance.uniform(0, 0.02))
        began = time.monotonic()
        process.send_signal(number)
        _, stderr = process.communicate()
        answered = time.monotonic() - began
        self.ends[f"{number.name}: {process.returncode}"] += 1
        if number != signal.SIGKILL:
            self.slowest = max(self.slowest, answered)
            if answered > ANSWER_SECONDS:
                self.fault(f"{number.name} was answered after {answered:.1f} s")
        if "Traceback" in stderr and "KeyboardInterrupt" not in stderr:
            self.fault(f"{number.name} ended a run with the words: {stderr}")
        # What was under way on the wire may still arrive.
        time.sleep(0.1)
        self.look(f"{number.name}", int(number == signal.SIGKILL))

    def hinder(self) -> None:
        """Let a run go through with requests that fail at random."""

        def choose(request: Request) -> str:
            if self.chance.random() >= SHARE:
                return ""
            self.injected += 1
            return self.chance.choice(WHAT)

        self.store.choose = choose
        self.go_through("faults")
        self.store.choose = lambda request: ""

    def go_through(self, after: str) -> None:
        """Run to the end, and compare."""
        process = self.start()
        _, stderr = process.communicate()
        if process.returncode:
            self.fault(f"a run with {after} ended with {process.returncode}: {stderr}")
        elif self.outputs() != self.expected:
            self.fault(f"the objects of a finished run with {after} differ")
        self.look(f"a finished run with {after}", 0)
        self.ends[f"through, {after}: {process.returncode}"] += 1


def blow(storm: Storm, kills: int, faults: int) -> None:
    """Kill and hinder so many runs."""
    if storm.start().wait():
        raise SystemExit("the undisturbed run failed")
    requests, storm.expected = len(storm.store.asked), storm.outputs()
    print(f"undisturbed: {FILES} objects of {ROWS} rows, {requests} requests", flush=True)
    storm.clear()
    actions = ["kill"] * kills + ["hinder"] * faults
    storm.chance.shuffle(actions)
    for done, action in enumerate(actions, 1):
        if action == "kill":
            storm.kill(requests)
        else:
            storm.hinder()
        if action == "hinder" or not storm.chance.randrange(4):
            storm.go_through("no faults")
            storm.clear()
        if not done % 20:
            print(f"{done} runs, {len(storm.faults)} faults", flush=True)


def main(kills: int, faults: int, seed: int) -> int:
    """Let a storm blow, print what it found, and return 1 if there was a fault."""
    # A shell that starts this in the background has Ctrl-C ignored, and a process inherits that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    chance = random.Random(seed)  # noqa: S311  # test data
    with tempfile.TemporaryDirectory() as name, SmallStore() as store:
        folder = Path(name)
        for number in range(FILES):
            path = write_reviews(
                folder / "in.parquet", some_texts(ROWS, number), row_group_size=2000
            )
            store.objects[f"in/{number}.parquet"] = path.read_bytes()
        storm = Storm(store, folder, chance)
        blow(storm, kills, faults)
    for end, count in sorted(storm.ends.items()):
        print(f"{count:5}  {end}")
    print(f"requests that failed or were late: {storm.injected}")
    print(f"slowest answer to a signal: {storm.slowest:.2f} s")
    return int(bool(storm.faults))


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:4]]
    sys.exit(main(*(numbers + [KILLS, FAULTS, 1][len(numbers) :])))
