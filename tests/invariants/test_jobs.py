"""Jobs: each in a queue that a worker empties, each known by name, each fed with ids only."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import app as package
from app import subscriptions
from app.core import events, fast_lane, jobs
from app.core.jobs import Job, Queue
from app.worker import SCHEDULE


def all_jobs() -> list[Job]:
    """Every job of every package."""
    found: list[Job] = []
    for module in pkgutil.walk_packages(package.__path__, "app."):
        if module.name.endswith(".jobs") and module.name != "app.core.jobs":
            found += [value for value in vars(importlib.import_module(module.name)).values() if isinstance(value, Job)]
    return found


def test_every_job_waits_in_a_queue_that_workers_empty() -> None:
    found = all_jobs()
    assert len(found) >= 8
    assert {job.queue for job in found} <= set(Queue)


def test_every_job_is_found_again_by_its_name() -> None:
    for job in all_jobs():
        assert jobs.named(job.name) is job


def test_every_job_takes_plain_values_by_name_only() -> None:
    for job in all_jobs():
        for parameter in inspect.signature(job.function).parameters.values():
            assert parameter.kind is inspect.Parameter.KEYWORD_ONLY, job.name
            assert parameter.annotation in {"str", "int", "bool", "str | None", "list[str]"}, f"{job.name}: {parameter}"


def test_every_reaction_can_be_fed_by_its_event() -> None:
    subscriptions.connect()  # what the application does at start; doing it again adds nothing
    wired = events.reactions()
    assert len(wired) >= 6
    for kind, reactions in wired.items():
        names = set(kind.__dataclass_fields__)
        for reaction in reactions:
            required = {
                parameter.name
                for parameter in inspect.signature(reaction.function).parameters.values()
                if parameter.default is inspect.Parameter.empty
            }
            assert required <= names, f"{reaction.name} wants {required - names} of {kind.__name__}"


def test_nothing_but_the_entry_points_can_be_called_from_valkey() -> None:
    for name in ("os.system", "app.core.mail.send", "app.worker.main", "subprocess.call"):
        job = fast_lane.AvouchJob.create(
            name, args=("true",), connection=fast_lane.connect("redis://localhost:1/0"), serializer="json"
        )
        try:
            job.func  # noqa: B018  # the property is what refuses
        except PermissionError:
            continue
        raise AssertionError(f"{name} could be called")


def test_the_schedule_names_each_task_once() -> None:
    names = [entry.name for entry in SCHEDULE]
    assert len(names) == len(set(names))
    assert all(entry.seconds >= 1 for entry in SCHEDULE)
