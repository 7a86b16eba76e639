"""The documented job as `casjob show` draws it."""

ON_A_TERMINAL = """\
✗ provision/provMain FAILED after 35.6s · PROVISION
  job JOB474362ef-091d-429f-9b3e-c9246b37dee6 · started 2020-02-04 04:01:03Z
  project 063a3158b1a34710b36ad208b9497d00 · instance 429a35a0-dee8-4648-86f6-d1f8bc74ba52

✗ task 9 TN00097 wait for the build to succeed: failed after 30.0s, in phase BUILDING
  ECC00011  Building failed.
  means     the build of the application failed: read the build's log

  #  TASK     STEP                           TYPE     STATUS       STARTED   ELAPSED  0s       35.6s
  1  PREPARE_RESOURCES
  4  BUILDING
  6  TN00091  run the build and follow it    restful  ✓ SUCCEEDED  04:01:03     5.6s  ▇▇
  7  TN00094  run the build and follow it    restful  ✓ SUCCEEDED  04:01:08     0.0s    ▏
  9  TN00097  wait for the build to succeed  restful  ✗ FAILED     04:01:08    30.0s    ▇▇▇▇▇▇▇▇▇▇▇▇

2 of 3 steps succeeded
next: casjob logs
"""
"""Of 100 columns."""

AT_80_COLUMNS = """\
✗ provision/provMain FAILED after 35.6s · PROVISION
  job JOB474362ef-091d-429f-9b3e-c9246b37dee6 · started 2020-02-04 04:01:03Z
  project 063a3158b1a34710b36ad208b9497d00
  instance 429a35a0-dee8-4648-86f6-d1f8bc74ba52

✗ task 9 TN00097 wait for the build to succeed: failed after 30.0s, in phase
  BUILDING
  ECC00011  Building failed.
  means     the build of the application failed: read the build's log

  #  TASK     STEP                           TYPE     STATUS       ELAPSED
  1  PREPARE_RESOURCES
  4  BUILDING
  6  TN00091  run the build and follow it    restful  ✓ SUCCEEDED     5.6s
  7  TN00094  run the build and follow it    restful  ✓ SUCCEEDED     0.0s
  9  TN00097  wait for the build to succeed  restful  ✗ FAILED       30.0s

2 of 3 steps succeeded
next: casjob logs
"""

AT_50_COLUMNS = """\
✗ provision/provMain FAILED after 35.6s
  PROVISION
  job JOB474362ef-091d-429f-9b3e-c9246b37dee6
  started 2020-02-04 04:01:03Z
  project 063a3158b1a34710b36ad208b9497d00
  instance 429a35a0-dee8-4648-86f6-d1f8bc74ba52

✗ task 9 TN00097 wait for the build to succeed:
  failed after 30.0s, in phase BUILDING
  ECC00011  Building failed.
  means     the build of the application failed:
            read the build's log

  #  TASK     STEP                     STATUS
  1  PREPARE_RESOURCES
  4  BUILDING
  6  TN00091  run the build and foll…  ✓ SUCCEEDED
  7  TN00094  run the build and foll…  ✓ SUCCEEDED
  9  TN00097  wait for the build to …  ✗ FAILED

2 of 3 steps succeeded
next: casjob logs
"""

IN_A_PIPE = """\
provision/provMain FAILED after 35.6s · PROVISION
  job JOB474362ef-091d-429f-9b3e-c9246b37dee6 · started 2020-02-04 04:01:03Z
  project 063a3158b1a34710b36ad208b9497d00 · instance 429a35a0-dee8-4648-86f6-d1f8bc74ba52

task 9 TN00097 wait for the build to succeed: failed after 30.0s, in phase BUILDING
  ECC00011  Building failed.
  means     the build of the application failed: read the build's log

  #  TASK     STEP                           TYPE     STATUS     STARTED   ELAPSED
  1  PREPARE_RESOURCES
  4  BUILDING
  6  TN00091  run the build and follow it    restful  SUCCEEDED  04:01:03     5.6s
  7  TN00094  run the build and follow it    restful  SUCCEEDED  04:01:08     0.0s
  9  TN00097  wait for the build to succeed  restful  FAILED     04:01:08    30.0s

2 of 3 steps succeeded
next: casjob logs
"""
