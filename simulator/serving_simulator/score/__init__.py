"""How good the generated rules are at naming what goes wrong: labelled scenarios played through Prometheus' own engine, and counted."""
