#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A member asks for an attachment that a node with texts only does not keep: click_test.py IGUM [TEST...]"""

import hashlib
import http.client
import os
import subprocess
import sys
import unittest
import urllib.parse

from harness import Place, wait_equal, wait_for

IGUM = None
MIB = 1 << 20
SIZE = 9 * MIB + 77
MINUTE = 20  # New ones that a node takes on in a minute.


class Clicks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = Place(IGUM, "clicks")
        cls.addClassCleanup(cls.place.clean)
        cls.a, cls.b = cls.place.node("a"), cls.place.node("b")
        cls.a.found().start()
        cls.b.enter(cls.a, "שדה לוטם", "אורית שחם")
        with open(os.path.join(cls.b.home, "igum.conf"), "a") as config:
            config.write("attachments = on-demand\n")
        cls.b.start()
        wait_equal([cls.a, cls.b])

    def publish(self, name, data, *more):
        scan, text = self.place.write(name, data), self.place.write("text.md", f"# {name}\n")
        document = self.a.json("publish", text, "--attach", scan, *more)[0]["document"]
        wait_for("the entry", lambda: document in self.b.documents())
        wait_equal([self.a, self.b])
        return document

    def ask(self, node, path, method="GET", **headers):
        """Status, headers and text, without following anything."""
        where = urllib.parse.urlsplit(node.reader)
        connection = http.client.HTTPConnection(where.hostname, where.port, timeout=60)
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, dict(answer.getheaders()), body

    def press(self, document, node=None, **headers):
        return self.ask(node or self.b, f"/fetch/{document}/1", **headers)

    def says(self, document, words, node=None):
        status, headers, body = self.press(document, node)
        self.assertEqual((status, headers["Cache-Control"]), (200, "no-store"))
        return words in body.decode() and headers

    def here(self, document):
        return all(file["here"] for file in self.b.json("show", document)[0]["files"])

    def asked_for(self):
        return self.b.read_log().count("attachment asked for")

    def test_1_who_presses_the_button_gets_it(self):
        data = os.urandom(SIZE)
        document = self.publish("scan.pdf", data)
        status, _, page = self.ask(self.b, f"/a/{document}/1")
        self.assertEqual(status, 404)
        for words in ("הנספח הזה עוד לא כאן", f'<form action="/fetch/{document}/1"', "scan.pdf"):
            self.assertIn(words, page.decode())
        wait_for("who has it", lambda: "גבעת ארנון" in self.ask(self.b, f"/a/{document}/1")[2].decode())
        status, headers, page = self.press(document)
        self.assertEqual((status, headers["Refresh"]), (200, "2"))
        self.assertIn("הנספח בדרך לכאן", page.decode())
        ended = wait_for("the attachment", lambda: self.says(document, "הנספח כאן"))
        self.assertEqual(ended["Refresh"], f"0; url=/a/{document}/1")
        status, headers, body = self.ask(self.b, f"/a/{document}/1")
        self.assertEqual((status, hashlib.sha256(body).digest()), (200, hashlib.sha256(data).digest()))
        self.assertTrue(headers["Content-Disposition"].startswith("attachment"))
        self.assertEqual(self.b.status()["files_missing"], 0)
        self.assertEqual(self.asked_for(), 1)  # However often the page looked.
        self.assertEqual(self.b.json("verify")[0]["bad"], [])

    def test_2_looking_ahead_is_not_asking(self):
        document, before = self.publish("read ahead.bin", os.urandom(5000)), self.asked_for()
        for headers in ({"Sec_Purpose": "prefetch"}, {"Purpose": "prefetch"}, {"X_Moz": "prefetch"}, {"Sec_Fetch_Site": "cross-site"},
                        {"method": "HEAD"}):
            status, answer, page = self.press(document, **headers)
            self.assertEqual(status, 200)
            self.assertNotIn("Refresh", answer)
            if "method" not in headers:
                self.assertIn("<form action=", page.decode())
        self.assertEqual(self.press(document, method="POST")[0], 405)
        self.assertEqual((self.asked_for(), self.here(document)), (before, False))
        self.assertTrue(self.says(document, "הנספח בדרך לכאן"))  # The same address, when somebody wants it.
        wait_for("the attachment", lambda: self.here(document))

    def test_3_what_is_no_attachment_here_is_not_asked_for(self):
        secret = self.publish("secret.bin", os.urandom(5000), "--audience", "kibbutz")
        named, before = self.publish("named.bin", os.urandom(5000)), self.asked_for()
        for path in (f"/fetch/{secret}/1", f"/fetch/{secret}/0", f"/fetch/{named}/0", f"/fetch/{named}/2", f"/fetch/{'f' * 64}/1",
                     f"/fetch/{named}", f"/fetch/{named}/1/", "/fetch/", f"/fetch/{named[:63]}/1", f"/fetch/{named}/-1"):
            self.assertEqual(self.ask(self.b, path)[0], 404, path)
        self.assertEqual(self.ask(self.a, f"/fetch/{secret}/1")[1]["Refresh"], f"0; url=/a/{secret}/1")  # Its own kibbutz has it.
        self.assertEqual((self.asked_for(), self.here(named)), (before, False))

    def test_4_nobody_who_has_it_is_there(self):
        document = self.publish("only there.bin", os.urandom(MIB + 5))
        wait_for("its receipt", lambda: "גבעת ארנון" in self.ask(self.b, f"/a/{document}/1")[2].decode())
        network = self.b.page("/network")
        self.assertRegex(network, r"גבעת ארנון.*החדש(ים)? ביותר הגיעו? אליו")  # Who keeps up, and who lacks something, if only an attachment.
        self.assertIn("חסרים בו", network)
        self.a.end()
        told = wait_for("that nobody has it", lambda: self.says(document, "אף אחד ממי שהוא אצלם"))
        self.assertEqual(told["Refresh"], "15")
        self.assertIn("גבעת ארנון", self.press(document)[2].decode())
        self.a.start()
        self.b.igum("sync")
        wait_for("the attachment, without another click", lambda: self.here(document))

    def test_5_a_flood_of_clicks_is_bounded(self):
        scans = [self.place.write(f"many/scan-{number:02}.bin", os.urandom(2000)) for number in range(3 * MINUTE)]
        attached = [word for scan in scans for word in ("--attach", scan)]
        self.b.end()
        self.b.start()  # With nothing spent.
        document = self.a.json("publish", self.place.write("many.md", "# Many\n"), *attached)[0]["document"]
        wait_for("the entry", lambda: document in self.b.documents())
        wait_equal([self.a, self.b])
        before = self.asked_for()
        for _ in range(2):
            for number in range(1, 3 * MINUTE + 1):
                self.assertEqual(self.ask(self.b, f"/fetch/{document}/{number}")[0], 200)
        wait_for("as many as a minute allows", lambda: self.asked_for() >= before + 3)
        self.assertLessEqual(self.asked_for(), before + MINUTE + 5)
        self.assertNotIn("reader not heard", self.b.read_log())  # The reader itself asks no more than it may.
        self.assertIn("200", str(self.ask(self.b, "/")[0]))

    def test_6_far_away_it_is_for_the_office_to_ask(self):
        self.b.end()
        with open(os.path.join(self.b.home, "igum.conf"), "a") as config:
            config.write("kibbutz-readers = nobody\n")
        self.b.start()
        document, before = self.publish("far.bin", os.urandom(5000)), self.asked_for()
        status, headers, page = self.press(document)
        self.assertEqual((status, headers.get("Refresh")), (200, None))
        self.assertIn("igum fetch " + document[:12], page.decode())
        self.assertNotIn("<form action=\"/fetch", page.decode())
        self.assertEqual((self.asked_for(), self.here(document)), (before, False))

    def test_7_a_reader_without_a_node_says_so(self):
        document = self.publish("later.bin", os.urandom(5000))
        self.b.end()
        with open(os.path.join(self.b.home, "igum.conf")) as config:
            lines = [line for line in config if not line.startswith("kibbutz-readers")]
        with open(os.path.join(self.b.home, "igum.conf"), "w") as config:
            config.writelines(lines)
        for more in ((), ("--errand-fd", "0"), ("--errand-fd", "77")):  # What is no channel is none, whatever it is called.
            process = subprocess.Popen(self.b.command("reader", "--http", "127.0.0.1:0", *more), env=self.place.environment, text=True,
                                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
            self.b.reader = process.stdout.readline().split()[1]
            try:
                page = self.press(document)[2].decode()
                self.assertIn("אי אפשר להביא את הנספח כעת", page)
                self.assertIn("igum serve", page)
                self.assertIn("igum fetch " + document[:12], self.ask(self.b, f"/a/{document}/1")[2].decode())
            finally:
                process.terminate()
                process.wait()
                process.stdout.close()
        self.b.start()


def main():
    global IGUM
    IGUM = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=1)


if __name__ == "__main__":
    main()
