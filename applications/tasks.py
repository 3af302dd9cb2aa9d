"""How far an application is: each task with what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass

from applications import answers as answering
from applications.answers import fields_of, issuance_of
from applications.drafts import HOLDER, facts_of, may_change
from applications.models import Application
from campaigns.terms.issuance.application import DOCUMENTS
from evidence import files
from evidence.files import Kept


@dataclass(frozen=True)
class TaskState:
    """state: "todo", "doing" or "done". missing: names of what is not there yet. asked: whether it may be changed."""

    task: str
    state: str
    missing: tuple[str, ...]
    asked: bool = True


def documents_of(application: Application) -> dict[str, list[Kept]]:
    """Return document → its files, for every document that is asked of this buyer."""
    asked = issuance_of(facts_of(application)).documents_of(application.buyer)
    found: dict[str, list[Kept]] = {code: [] for code in asked}
    for kept in files.files_of(HOLDER, application.id.hex):
        found.setdefault(kept.slot, []).append(kept)
    return found


def states_of(application: Application) -> list[TaskState]:
    """Return each task and how far it is."""
    facts, kept = facts_of(application), answering.loads(application.answers)
    states = []
    for task in answering.tasks_of(facts):
        if task == "files":
            states.append(_files_state(application))
            continue
        fields = fields_of(facts, application.buyer, task)
        missing = tuple(field.name for field in fields if not field.optional and not kept.get(field.key))
        started = any(kept.get(field.key) for field in fields)
        state = "done" if not missing else "doing" if started else "todo"
        states.append(TaskState(task, state, missing, any(may_change(application, field.key) for field in fields)))
    return states


def _files_state(application: Application) -> TaskState:
    documents = documents_of(application)
    missing = tuple(
        DOCUMENTS[code].name
        for code, there in documents.items()
        if sum(kept.page_count for kept in there) < least_pages(code, there)
    )
    state = "done" if not missing else "doing" if any(documents.values()) else "todo"
    return TaskState("files", state, missing, any(may_change(application, code) for code in documents))


def least_pages(code: str, there: Sequence[Kept]) -> int:
    """Return how many pages a document needs; one PDF is taken for a whole one. What proves a bonus or a firm is
    looked at by people, not counted."""
    if code == "scrap_certificate":
        return 0
    whole = any(kept.media_type == "application/pdf" for kept in there)
    return 1 if whole else DOCUMENTS[code].least
