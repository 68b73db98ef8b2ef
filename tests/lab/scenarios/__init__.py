"""Every scenario of the lab, by area. A new module joins by one entry in AREAS."""

from scenarios import rpc, web

AREAS = (rpc, web)
ALL = {scenario.path: scenario for area in AREAS for scenario in area.SCENARIOS}
