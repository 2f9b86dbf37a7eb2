# SPDX-License-Identifier: Apache-2.0
"""Takes events and prints them: receiver.py [PORT]. Those with "fail" in their data are refused; those that come to a path,
such as /check, are answered with the same event, and the path behind its type."""

import http.server
import sys


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fails = b"fail" in data
        answers = not fails and self.path != "/"
        place = "" if self.path == "/" else f" at {self.path}"
        print("refused" if fails else "got", self.headers["ce-type"], self.headers["ce-id"], data.decode() + place, flush=True)
        self.send_response(500 if fails else 200 if answers else 202)
        if answers:
            for name, value in self.headers.items():
                if name.lower().startswith("ce-") or name.lower() == "content-type":
                    self.send_header(name, value + self.path.replace("/", ".") if name.lower() == "ce-type" else value)
        self.send_header("Content-Length", str(len(data) if answers else 0))
        self.end_headers()
        if answers:
            self.wfile.write(data)

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 8099), Receiver)
print(f"listening on {server.server_port}", flush=True)
server.serve_forever()
