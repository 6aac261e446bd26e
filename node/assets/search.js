/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The search page of a copy: reads the lists search/1.js ... one after the other. Text of documents is never markup here. */
(function () {
    "use strict";
    var MOST = 100, SNIPPET = 160;
    var words = [], hits = [], number = 0;

    /* Points, marks of direction, final letters and kinds of quotes make no difference; every letter stays one letter. */
    function plain(text) {
        return text.toLowerCase()
            .replace(/[\u05F3\u2018\u2019]/g, "'")
            .replace(/[\u05F4\u201C\u201D]/g, "\"")
            .replace(/[ךםןףץ]/g, function (letter) { return "כמנפצ"["ךםןףץ".indexOf(letter)]; });
    }
    function bare(text) {
        return text.normalize("NFC").replace(/[\u0591-\u05C7\u200B-\u200F\u202A-\u202E\u2066-\u2069]/g, "");
    }
    function piece(text) {
        var at = -1, low = plain(text);
        words.forEach(function (word) { if (at < 0) at = low.indexOf(word); });
        if (at < 0) return "";
        var start = Math.max(0, at - SNIPPET / 2);
        return (start > 0 ? "… " : "") + text.substr(start, SNIPPET).replace(/\s+/g, " ") + " …";
    }
    function look(record) {
        var title = plain(bare(record[1] + " " + record[2])), text = bare(record[4]);
        var all = title + "\n" + plain(record[3]) + "\n" + plain(text);
        if (!words.every(function (word) { return all.indexOf(word) >= 0; })) return;
        var score = words.filter(function (word) { return title.indexOf(word) >= 0; }).length;
        hits.push({ score: score, place: hits.length, record: record, piece: piece(text) });
        if (hits.length > 20 * MOST) best();
    }
    function best() {
        hits.sort(function (a, b) { return b.score - a.score || a.place - b.place; });
        if (hits.length > MOST) {
            hits.length = MOST;
            document.getElementById("many").hidden = false;
        }
    }
    function show() {
        var row = document.getElementById("row").content, list = document.getElementById("found");
        best();
        document.getElementById("none").hidden = hits.length > 0;
        hits.forEach(function (hit) {
            var item = row.cloneNode(true), link = item.querySelector("a");
            item.querySelector(".no").textContent = hit.record[1] || "—";
            link.textContent = bare(hit.record[2]);
            link.href = hit.record[0];
            item.querySelector(".snip").textContent = hit.piece;
            item.querySelector(".meta").textContent = bare(hit.record[3]);
            list.appendChild(item);
        });
    }
    function next() {
        var script = document.createElement("script");
        script.src = "search/" + ++number + ".js";
        document.body.appendChild(script);
    }
    window.igumSearch = function (records, more) {
        records.forEach(look);
        if (more) next(); else show();
    };
    var asked = new URLSearchParams(location.search).get("q") || "";
    document.getElementById("q").value = asked;
    words = plain(bare(asked)).split(/[\s,;:!?()]+/).filter(Boolean);
    if (words.length > 0) next();
})();
