"""The parts of the program, each a process of its own: web, engine, worker; and all of them together."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import threading
import time
from collections.abc import Callable

import psycopg
import uvicorn
import uvloop
from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.management import call_command
from django.db import close_old_connections, connections
from procrastinate import App, exceptions
from procrastinate.contrib.django import app as jobs
from procrastinate.jobs import Status

from buergerdraht import inbound
from buergerdraht.broadcasts import sending as broadcasts
from buergerdraht.cases import pulse as cases
from buergerdraht.dialogs import pulse as walks
from buergerdraht.gateway import beating, ingest
from buergerdraht.gateway import engine as sending
from buergerdraht.gateway.database import keep_plans
from buergerdraht.house.processes import Part, Supervisor, answers, ours, say
from buergerdraht.house.serving import Impatient, open_many_files
from buergerdraht.webhooks import sending as webhooks

log = logging.getLogger("buergerdraht.house")
BEAT_SECONDS = 2.0  # how often a worker says that it lives
GONE_SECONDS = 10.0  # without a word for so long, others take up its jobs
RECONNECT_SECONDS = 1.0
BACK_SECONDS = 1.0  # a clock set back by more stops the timetable, see _forget_future


def settle_memory() -> None:
    """Tell the garbage collector that what is loaded by now stays, and to come less often.

    It walked through all of Django again and again: a quarter of the engine's time. Reference counting frees nearly everything of ours.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def web() -> None:
    """Serve webhooks, live updates, console and citizens' pages behind one port."""
    open_many_files()
    settle_memory()
    host, _, port = settings.BIND.rpartition(":")
    uvicorn.run(
        "buergerdraht.asgi:application",
        host=host,
        port=int(port),
        loop="uvloop",
        http=Impatient,
        lifespan="auto",
        log_config=None,  # ours, see house/logs.py
        access_log=False,  # addresses carry tokens (law 12)
        server_header=False,
        forwarded_allow_ips=settings.PROXIES,
        timeout_graceful_shutdown=5,
    )


def engine() -> None:
    """Send what waits in the outbox, and listen to providers that stream."""
    settle_memory()
    uvloop.run(_engine())


async def _engine() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await sending.run(stop)


BEATS: dict[str, Callable[[], int]] = {"walks": walks.beat, "cases": cases.beat, "photos": cases.cover, "webhooks": webhooks.beat}


def worker() -> None:
    """Handle what came in, and run the timetable and the jobs."""
    settle_memory()
    keep_plans()
    stop = threading.Event()
    problems: list[BaseException] = []
    inward = threading.Thread(target=_inward, args=(stop, problems), name="ingest")
    beats = [threading.Thread(target=beating.run, args=(stop, name, beat), name=name) for name, beat in BEATS.items()]
    inward.start()
    for thread in beats:
        thread.start()
    try:
        asyncio.run(_timetable(stop))
    finally:
        stop.set()
        inward.join(10)
        for thread in beats:
            thread.join(10)
    if problems:
        raise SystemExit(1)


def _inward(stop: threading.Event, problems: list[BaseException]) -> None:
    """Handle inbound events until told to stop; if that breaks, the whole worker ends and is started afresh."""
    try:
        ingest.run(inbound.handle, stop, inbound.hurries)
    except BaseException as problem:
        problems.append(problem)
        raise
    finally:
        stop.set()
        close_old_connections()


async def _timetable(stop: threading.Event) -> None:
    """Work on Procrastinate's jobs until a signal comes or the other half ended; survives the database."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    while not stop.is_set():
        try:
            # The timetable writes through Django's connection of this one thread: left broken, nothing would ever begin again.
            await sync_to_async(close_old_connections)()
            await _work(stop)
        except (exceptions.ConnectorException, psycopg.Error) as problem:
            log.warning("jobs.reconnect problem=%s", type(problem).__name__)
        if not stop.is_set():
            await asyncio.sleep(RECONNECT_SECONDS)


async def _work(stop: threading.Event) -> None:
    """One life of the jobs' connections; it ends when the database went away."""
    app = jobs.with_connector(jobs.connector.get_worker_connector())  # type: ignore[attr-defined]
    async with app.open_async():
        work = asyncio.create_task(
            app.run_worker_async(
                concurrency=broadcasts.MOST_HANDS + 2,  # a large broadcast and an evening of reminders keep nothing else waiting
                fetch_job_polling_interval=1.0,
                install_signal_handlers=False,
                delete_jobs="successful",
                update_heartbeat_interval=BEAT_SECONDS,
                stalled_worker_timeout=GONE_SECONDS,
            )
        )
        mending = asyncio.create_task(_mend(app))
        clock = _offset()
        while not stop.is_set() and not work.done():
            await asyncio.sleep(0.2)  # the other half of the wait is a thread's event
            if clock - _offset() > BACK_SECONDS:
                await _forget_future(app)
                break
            clock = _offset()
        mending.cancel()
        work.cancel()  # lets running jobs finish
        await asyncio.gather(work, mending, return_exceptions=True)
        if not work.cancelled() and (problem := work.exception()):
            raise problem


def _offset() -> float:
    """The same at all times while nobody sets the clock."""
    return time.time() - time.monotonic()


async def _forget_future(app: App) -> None:
    """The clock was set back: without this the timetable would stand still until it reaches the old time again."""
    log.warning("clock.set_back")
    await app.connector.execute_query_async(
        "delete from procrastinate_periodic_defers where defer_timestamp > %(now)s", now=int(time.time())
    )


async def _mend(app: App) -> None:
    """Take up the jobs of workers that are gone; a lock they held would keep all later jobs of its kind waiting for ever."""
    while True:
        await asyncio.sleep(BEAT_SECONDS)
        for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=GONE_SECONDS):
            log.warning("job.stalled job=%s task=%s", job.id, job.task_name)
            try:
                await app.job_manager.retry_job(job)
            except exceptions.UniqueViolation:  # the next of its kind waits already
                await app.job_manager.finish_job(job, Status.FAILED, delete_job=True)


def up(*, beside: tuple[Part, ...] = (), prepare: Callable[[], None] | None = None, ready: Callable[[], None] | None = None) -> None:
    """Run everything: the database where none is given, the tables, web, engine and worker, and what stands `beside`."""
    supervisor = Supervisor((*parts(), *beside), settings.POSTGRES)
    try:
        supervisor.open()
        call_command("migrate", interactive=False, verbosity=0)
        if prepare is not None:
            prepare()
        connections.close_all()
        if not supervisor.stopping:
            supervisor.run(ready or _ready)
    finally:
        supervisor.close()


def parts() -> tuple[Part, ...]:
    port = settings.BIND.rpartition(":")[2]
    return (
        Part("web", ours("web"), ready=lambda: answers(f"http://127.0.0.1:{port}/")),
        Part("engine", ours("engine")),
        Part("worker", ours("worker")),
    )


def _ready() -> None:
    say(f"bereit unter {settings.PUBLIC_URL} (Strg+C beendet)")
