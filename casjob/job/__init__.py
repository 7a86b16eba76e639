"""What the service says of a job, and what that means: pure, no network and no drawing."""
