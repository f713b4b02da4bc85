"""Findings about a timeline: the course of the run, and the findings about its last epoch."""

from dataclasses import dataclass

from actcli.analysis.timeline.course import RunCourse
from actcli.render.deadness.findings import Findings


@dataclass(frozen=True, slots=True, eq=False)
class TimelineFindings:
    """The result of `deadcheck` of a timeline.

    Attributes:
        course: which units were dead in which epoch.
        last: the report on the last epoch, with its judgement.

    """

    course: RunCourse
    last: Findings
