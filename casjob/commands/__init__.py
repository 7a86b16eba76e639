"""One file a command, each with a `run`: from options to a job, from the job to a format."""
