"""Shows what happened to a Huawei Cloud ServiceStage job, and why it failed."""

__version__ = "0.1.0"
