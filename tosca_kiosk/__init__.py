"""TOSCA Kiosk: the software of a laser treatment cart."""
