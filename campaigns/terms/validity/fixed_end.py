"""Fixed end: every entitlement ends at the same moment, whenever it was claimed."""

from dataclasses import dataclass
from datetime import datetime

from campaigns.terms.file_fields import Moment
from campaigns.terms.validity.usable import Usable, UsableSchema
from foundation.clock import local

KIND = "fixed_end"


@dataclass(frozen=True)
class FixedEnd(Usable):
    until: datetime

    def ends_at(self, usable_at: datetime) -> datetime:
        """Return the exclusive end, before clipping."""
        return self.until

    def describe(self) -> str:
        return self.in_words(f"{local(self.until):%Y-%m-%d %H:%M} 前有效")


class FileSchema(UsableSchema):
    make = FixedEnd

    until = Moment(required=True)
