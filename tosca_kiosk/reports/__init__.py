"""A session on paper: what the record and the journal say of it, as a PDF."""

from tosca_kiosk.reports.report import report_pdf, write_report

__all__ = ["report_pdf", "write_report"]
