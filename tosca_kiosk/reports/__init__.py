"""What the record says on paper, as a PDF: of a session its report, of a calibration its certificate."""

from tosca_kiosk.reports.certificate import certificate_pdf
from tosca_kiosk.reports.report import refuse_taken, report_pdf, write_report

__all__ = ["certificate_pdf", "refuse_taken", "report_pdf", "write_report"]
