"""The sample service: a job API inside the process, with a job of every kind to look at."""

from casjob.demo.jobs import (
    FAILED_JOB_ID,
    FAILING_JOB_ID,
    MANY_TASKS_JOB_ID,
    PROJECT_ID,
    RUNNING_JOB_ID,
    SAMPLE_JOBS,
    SUCCEEDED_JOB_ID,
)
from casjob.demo.service import ENDPOINT, SampleService

__all__ = [
    "ENDPOINT",
    "FAILED_JOB_ID",
    "FAILING_JOB_ID",
    "MANY_TASKS_JOB_ID",
    "PROJECT_ID",
    "RUNNING_JOB_ID",
    "SAMPLE_JOBS",
    "SUCCEEDED_JOB_ID",
    "SampleService",
]
