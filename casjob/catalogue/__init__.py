"""What task names, error codes, flows and other words mean.

The texts are this project's own. Their facts come from published material:

- `task_names.tsv`: the vendor's catalogue of tasks, 2018 (CPE-OAuth/servicestage-java-client,
  Apache-2.0). The documented example of 2020 fits it; later tasks are missing.
- `flows.tsv`: the flows of that catalogue. What each does is inferred from its tasks.
- `codes.tsv`: the source stands in each row: that catalogue, the API reference, the FAQ, the
  gateway's guide, the error codes of CCE, the Terraform provider.
- `services.tsv`: the services that the prefixes of codes name.
- `words.tsv`: statuses, types, phases and other words that casjob prints, with the source in each
  row. How a job goes on after a status is inferred.

A name that is not in these files has no meaning here: nothing is guessed.
"""
