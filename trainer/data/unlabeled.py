"""Reviews without labels, and what else is known of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True)
class Unlabeled:
    """Reviews without labels.

    Attributes:
        texts: ``large_string[reviews]``, valid UTF-8.
        ids: ``large_string[reviews]``, null where a file has none.
        domains: ``large_string[reviews]``, null where a file has none.
    """

    texts: pa.LargeStringArray
    ids: pa.LargeStringArray
    domains: pa.LargeStringArray

    def without(self, domains: Collection[str]) -> Unlabeled:
        """Return the reviews that are of none of these domains."""
        left_out = pc.is_in(self.domains, pa.array(list(domains), pa.large_string()))
        kept = pc.invert(left_out)
        return Unlabeled(*(one.filter(kept) for one in (self.texts, self.ids, self.domains)))
