"""The rules pack: signals, detections and alerts for managed model deployments, generated for Prometheus and its relatives.

Three layers. **Signals** turn the platform's series into one series for each deployment under names that no platform knows
(``serving_rules.signals``). **Detections** are one module each (``serving_rules.detections``): condition, thresholds with their reasons,
advice, inhibitions, runbook and the cases that prove it. **Alerts** come out of them. ``serving_rules.pack`` puts the whole together,
``serving_rules.formats`` writes it for each kind of ruler.
"""
