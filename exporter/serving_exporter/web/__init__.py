"""What is served: the page for Prometheus, the status page for people, the doors for orchestration."""

from serving_exporter.web.app import Backend, create_app
from serving_exporter.web.status_page import DeploymentStatus, SourceState, SourceStatus, Status, WorkspaceStatus

__all__ = ["Backend", "DeploymentStatus", "SourceState", "SourceStatus", "Status", "WorkspaceStatus", "create_app"]
