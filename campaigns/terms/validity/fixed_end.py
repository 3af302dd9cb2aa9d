"""Fixed end: every entitlement ends at the same moment, whenever it was claimed."""

from dataclasses import dataclass
from datetime import datetime

from campaigns.terms.file_fields import Moment
from campaigns.terms.validity.usable import Usable, UsableSchema
from foundation.clock import local
from foundation.errors import N_
from foundation.words import Words

KIND = "fixed_end"


@dataclass(frozen=True)
class FixedEnd(Usable):
    until: datetime

    def ends_at(self, usable_at: datetime) -> datetime:
        """Return the exclusive end, before clipping."""
        return self.until

    def describe(self) -> Words:
        until = Words(N_("%(moment)s 前有效"), moment=f"{local(self.until):%Y-%m-%d %H:%M}")
        return self.in_words(until, until)


class FileSchema(UsableSchema):
    make = FixedEnd
    label = "固定截止时间"

    until = Moment(required=True)
