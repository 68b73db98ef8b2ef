"""Every scenario of the lab, by area. A new module joins by one entry in AREAS."""

from scenarios import (
    between, calls, cluster, dag, datagrams, directory, endpoint, far, idle, limits, mail, mapper, midflow, mirror, normal, partial, poor, proxying,
    refusals, rejects, restless, ringing, rpc, slow, smtp, tls, unreachable, vantage, voice, web, windows,
)  # fmt: skip

AREAS = (
    between, calls, cluster, dag, datagrams, directory, endpoint, far, idle, limits, mail, mapper, midflow, mirror, normal, partial, poor, proxying,
    refusals, rejects, restless, ringing, rpc, slow, smtp, tls, unreachable, vantage, voice, web, windows,
)  # fmt: skip
ALL = {scenario.path: scenario for area in AREAS for scenario in area.SCENARIOS}
