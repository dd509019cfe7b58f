"""A device's calibrations on their way into force: certificates read, judged, stored, confirmed."""
