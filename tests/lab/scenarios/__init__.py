"""Every scenario of the lab, by area. A new module joins by one entry in AREAS."""

from scenarios import dag, directory, mail, rpc, vantage, voice, web

AREAS = (dag, directory, mail, rpc, vantage, voice, web)
ALL = {scenario.path: scenario for area in AREAS for scenario in area.SCENARIOS}
