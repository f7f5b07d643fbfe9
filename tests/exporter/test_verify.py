from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from exporter.errors import ExportRefused
from exporter.verify import verify
from scorer import SentimentModel
from trainer.run.folder import RunFolder


def test_a_difference_from_keras_is_refused_and_the_worst_named(
    run: RunFolder, exported: Path
) -> None:
    held_out = run.held_out()
    model = SentimentModel.load(exported)
    expected = model.score(held_out.texts)
    assert verify(model, expected, held_out).largest == 0
    expected[7] += 2e-5
    expected[4] += 1e-4
    beginning = f"review 4 ('{held_out.texts[4].as_py()[:20]}"
    with pytest.raises(ExportRefused, match=re.escape(beginning)):
        verify(model, expected, held_out)
    expected = model.score(held_out.texts)
    expected[2] = np.nan
    with pytest.raises(ExportRefused, match="review 2"):
        verify(model, expected, held_out)
