"""A network camera on this machine: motion JPEG over HTTP, one client at a time."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np


def jpeg(grey):
    return cv2.imencode(".jpg", np.full((120, 160), grey, np.uint8))[1].tobytes()


@contextmanager
def network_camera():
    """Stream frames as fast as they are taken; yield the URL and an event that cuts the stream when set."""
    cut = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):  # the name http.server calls
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self.end_headers()
            picture = jpeg(90)
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n".encode()
            try:
                while not cut.wait(0.001):
                    self.wfile.write(head + picture + b"\r\n")
            except OSError:
                return

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/ring.mjpg", cut
    finally:
        cut.set()
        server.shutdown()
        thread.join()
        server.server_close()
