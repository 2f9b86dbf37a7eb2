# SPDX-License-Identifier: Apache-2.0
"""Takes events and prints them: receiver.py [PORT]. Those with "fail" in their data are refused."""

import http.server
import sys


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        data = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        fails = "fail" in data
        print("refused" if fails else "got", self.headers["ce-type"], self.headers["ce-id"], data, flush=True)
        self.send_response(500 if fails else 202)
        self.end_headers()

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 8099), Receiver)
print(f"listening on {server.server_port}", flush=True)
server.serve_forever()
