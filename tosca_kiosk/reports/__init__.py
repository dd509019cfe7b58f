"""A session on paper: what the record and the journal say of it, as a PDF."""

from tosca_kiosk.reports.report import refuse_taken, report_pdf, write_report

__all__ = ["refuse_taken", "report_pdf", "write_report"]
