"""What each command does: from options to a job, from a job to the answer."""
