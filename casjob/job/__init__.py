"""What the service sends about a job, and what it means: pure, no network and no drawing."""
