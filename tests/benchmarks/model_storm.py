"""Load model files that were damaged, or changed and sealed again: ``model_storm.py [FUZZED]``.

Of the fuzzed ones (300) each is loaded as it is and sealed anew, in processes of their own, so that
one that ends onnxruntime is named and the rest go on. The tampered ones are given to ``scorer run``
one by one. Ends with 1 if one was neither refused in a sentence nor meets its own examples.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

SUPPORT = Path(__file__).parents[1] / "support"
FUZZED = 300
AT_ONCE = 50


def fuzzed(folder: Path, first: int, count: int) -> bool:
    """Load some damaged files, say what became of them, and return whether that was right."""
    command = [sys.executable, SUPPORT / "fuzz_models.py", folder, str(first), str(count)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    words = done.stdout.split()
    if done.returncode or done.stderr or len(words) != 3:
        current = (folder / "current").read_text()
        print(f"WRONG: exit {done.returncode} at number {current}: {done.stdout}{done.stderr}")
        return False
    seal, refused, loaded = words
    print(f"{first} to {first + count - 1}: {seal} refused by the seal;", end=" ")
    print(f"sealed anew, {refused} refused, {loaded} loaded and meeting their examples", flush=True)
    return True


def main(count: int) -> int:
    """Run both storms; return 1 if a file did neither of what it may."""
    with tempfile.TemporaryDirectory() as folder:
        starts = range(0, count, AT_ONCE)
        good = [fuzzed(Path(folder), start, min(AT_ONCE, count - start)) for start in starts]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, SUPPORT / "tampered.py", folder]
        tampered = subprocess.run(command, check=False).returncode
    return int(not all(good) or tampered > 0)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else FUZZED))
