"""The scorer whose workers are held: ``python held_driver.py FOLDER run …``; see ``held.Held``."""

from __future__ import annotations

import sys
from pathlib import Path

from held import Held
from scorer.cli import main

folder = Path(sys.argv.pop(1))
main(Held(folder))
