"""`python -m tosca_kiosk`."""

from tosca_kiosk.cli import main

if __name__ == "__main__":
    main()
