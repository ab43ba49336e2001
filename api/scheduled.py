"""What ``dagster dev -m api.scheduled`` loads: the weekly assets over what the settings name.

Importing it reads the environment, as a program's entry does; nothing else imports it. Cron needs
none of this: ``ringsight retrain`` is the same run.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from api.settings import Settings
from api.weekly.desk import alert_of, desk_for
from etl.jobs import latest_moment
from etl.weekly.assets import definitions
from etl.weekly.promotion import Desk
from etl.weekly.retrain import Plan, unfinished

settings = Settings.from_environment()


@contextmanager
def opened() -> Iterator[tuple[Desk, Plan]]:
    """The desk, and the plan of the unfinished run or of one up to the last event."""
    with desk_for(settings) as desk:
        yield desk, Plan(unfinished(desk.place.runs) or latest_moment(desk.journal))


defs = definitions(opened, alert_of(settings))
