"""Every scenario of the lab, by area. A new module joins by one entry in AREAS."""

from scenarios import dag, directory, endpoint, far, mail, normal, rejects, rpc, vantage, voice, web, windows

AREAS = (dag, directory, endpoint, far, mail, normal, rejects, rpc, vantage, voice, web, windows)
ALL = {scenario.path: scenario for area in AREAS for scenario in area.SCENARIOS}
