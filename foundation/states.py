"""State machines as tables, applied by conditional update, with a history row for every step.

A step that is not in the table cannot happen: the UPDATE names the state it expects, so of two callers who
saw the same state only one moves the row.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, String, update
from sqlalchemy.orm import Mapped, mapped_column

from foundation.db import Base, UTCDateTime, db
from foundation.ids import new_id, text_id
from foundation.prepared import Given, Prepared, by_no_index, insert_rows


class StateChange(Base):
    """One step of one thing: what, from where to where, who, when, why, under which rule version."""

    __tablename__ = "state_change"
    __table_args__ = (Index("ix_state_change_machine_thing_id", "machine", "thing_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    #: name of the machine, which is also the kind of the thing
    machine: Mapped[str] = mapped_column(String(40))
    thing_id: Mapped[str] = mapped_column(String(40))
    event: Mapped[str] = mapped_column(String(40))
    from_state: Mapped[str] = mapped_column(String(20))
    to_state: Mapped[str] = mapped_column(String(20))
    #: "citizen:<id>", "cashier:<id>", "till:<id>", "officer:<id>" or "job:<name>"
    actor: Mapped[str] = mapped_column(String(60))
    reason: Mapped[str] = mapped_column(String(200), default="")
    #: the campaign version that decided, where one did
    campaign_version_id: Mapped[int | None]
    at: Mapped[datetime] = mapped_column(UTCDateTime)


@dataclass(frozen=True)
class Step:
    """Who moves something, when and why; kept with every change."""

    actor: str
    at: datetime
    reason: str = ""
    campaign_version_id: int | None = None


class StateMachine:
    """``steps`` maps (state, event) to the next state; ``""`` is the state before the thing exists."""

    def __init__(self, name: str, steps: Mapping[tuple[str, str], str]) -> None:
        self.name = name
        self.steps = dict(steps)

    @property
    def states(self) -> tuple[str, ...]:
        """Every state a thing can be in, in the order of the table."""
        seen = dict.fromkeys(state for (before, _), after in self.steps.items() for state in (before, after))
        return tuple(state for state in seen if state)

    def record_created(
        self, ids: Iterable[Any], event: str, step: Step, *, actors: Mapping[Any, str] | None = None
    ) -> None:
        """Write the history of things that the caller has just inserted in their first state."""
        self._record(ids, event, "", self.steps["", event], step, actors or {})

    def apply(
        self,
        model: Any,
        ids: Sequence[Any],
        event: str,
        step: Step,
        *,
        also_set: Mapping[str, Any] | None = None,
        only_if: Sequence[Any] = (),
        actors: Mapping[Any, str] | None = None,
    ) -> set[Any]:
        """Move those of ``ids`` that are in a state with this event, and return the ids that moved.

        also_set: further columns of the same UPDATE. only_if: further conditions of it (a limit, an owner).
        actors: who did it, for those of a batch that somebody else than ``step.actor`` did.
        Rows in another state are left alone and are not in the result: the caller says why to its user.
        """
        moved: set[Any] = set()
        for (before, name), after in self.steps.items():
            if name != event or not before or not ids:
                continue
            statement = (
                update(model)
                .where(model.id.in_(ids), model.status == before, *only_if)
                .values(status=after, **(also_set or {}))
                .returning(model.id)
                .execution_options(synchronize_session=False)
            )
            done = list(db.session.scalars(statement))
            self._record(done, event, before, after, step, actors or {})
            moved.update(done)
        return moved

    def prepare(
        self,
        model: Any,
        event: str,
        *,
        each: Sequence[Any] = (),
        also_set: Mapping[str, Any] | None = None,
        only_if: Sequence[Any] = (),
    ) -> "PreparedStep":
        """Return the step of an event that leads from one state only, as a statement that is built once.

        each: columns that every row brings a value of its own for. also_set, only_if: as for ``apply``; their
        bindparams are given when it is used.
        """
        [(before, after)] = [(before, after) for (before, name), after in self.steps.items() if name == event]

        def build(given: Given) -> Any:
            values = {column.key: given[column.key] for column in each}
            return (
                update(model)
                .where(given.matches(model.id, "id"), by_no_index(model.status) == before, *only_if)
                .values(status=after, **values, **(also_set or {}))
                .returning(model.id)
            )

        columns = {column.key: column for column in (model.id, *each)}
        return PreparedStep(self, event, before, after, Prepared(build, **columns))

    def _record(
        self, ids: Iterable[Any], event: str, before: str, after: str, step: Step, actors: Mapping[Any, str]
    ) -> None:
        insert_rows(
            StateChange,
            [
                {"id": new_id(), "thing_id": text_id(thing_id), "actor": actors.get(thing_id, step.actor)}
                for thing_id in ids
            ],
            machine=self.name,
            event=event,
            from_state=before,
            to_state=after,
            reason=step.reason,
            campaign_version_id=step.campaign_version_id,
            at=step.at,
        )


@dataclass(frozen=True)
class PreparedStep:
    """One step of a machine, for many rows at once; made by ``StateMachine.prepare``."""

    machine: StateMachine
    event: str
    before: str
    after: str
    statement: Prepared

    def apply(
        self, rows: Sequence[Mapping[str, Any]], step: Step, *, actors: Mapping[Any, str], **same: Any
    ) -> set[Any]:
        """Move those of ``rows`` (id and the columns of ``each``) that are in the state before, and return the ids that
        moved. ``actors``: who did it, where it is not ``step.actor``."""
        moved = {thing_id for (thing_id,) in self.statement.rows(rows, **same)}
        self.machine._record(moved, self.event, self.before, self.after, step, actors)
        return moved
