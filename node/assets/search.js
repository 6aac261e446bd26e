/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The search page of a copy: reads the lists search/1.js ... one after the other. Text of documents is never markup here. */
(function () {
    "use strict";
    var MOST = 100, SNIPPET = 160, KNOWN = 200000;
    var IN_TITLE = 8, AS_TYPED = 4, WITH_PREFIX = 2, OTHER_FORM = 1;
    var parts = [], hits = [], known = new Map(), number = 0;

    /* ---- words, as store/word.h has them ---- */

    var QUOTES = "'\"`\u05F3\u05F4\u2018\u2019\u201C\u201D";
    var WORD = new RegExp("[\u05D0-\u05EA]+(?:[" + QUOTES + "]{1,2}[\u05D0-\u05EA]+)*|\\d+(?:[/.,:-]\\d+)*|[\\p{L}\\p{N}]+", "gu");
    var QUOTE = new RegExp("[" + QUOTES + "]", "g");
    var FINAL = { "ך": "כ", "ם": "מ", "ן": "נ", "ף": "פ", "ץ": "צ" };

    /* For people: without points and marks of direction. */
    function bare(text) {
        return text.normalize("NFC").replace(/\u05BE/g, "-").replace(/[\u0591-\u05C7\u200B-\u200F\u202A-\u202E\u2066-\u2069]/g, "");
    }
    /* One form for all ways to write a date, an amount or a phone number. */
    function foldNumber(text) {
        var list = text.split(/[/.,:-]/);
        if (/^0[\d-]*$/.test(text) && list.join("").length >= 9) return list.join("");
        if (/^\d{1,3}(,\d{3})+$/.test(text)) return list.join("");
        if (list.length === 1 || list.length > 3) return text;
        list = list.map(function (part) { return part.replace(/^0+(?=\d)/, ""); });
        if (/^\d{4}-\d+-\d+$/.test(text)) list.reverse();
        else if (list.length === 3 && /[/.-]\d\d$/.test(text)) list[2] = "20" + text.slice(-2);
        return list.join("/");
    }
    function foldLetters(text) {
        return text.normalize("NFKD").toLowerCase().replace(/[\u0300-\u036F]/g, "").replace(QUOTE, "")
            .replace(/[ךםןףץ]/g, function (letter) { return FINAL[letter]; });
    }
    function fold(text) {
        return /^\d/.test(text) ? foldNumber(text) : foldLetters(text);
    }
    /* All words of a text with their places. */
    function read(text) {
        var found = [], match;
        WORD.lastIndex = 0;
        while ((match = WORD.exec(text))) found.push({ text: match[0], at: match.index });
        return found;
    }

    /* ---- what they may be forms of, as store/hebrew.h guesses it ---- */

    var PREFIXES = /^(ו?)(ש|כש|מש|לכש)?([בכלמ]?)(ה?)/;
    var ENDINGS = ["ותיהמ", "ותינו", "ותיו", "ותיה", "יות", "אות", "ינו", "ות", "ימ", "ית", "יה", "נו", "תמ", "ה", "ת", "י"];
    var FEMININE = ["ותיהמ", "ותינו", "ותיו", "ותיה", "יות", "אות", "ות", "ית", "תמ", "ת"];

    /* קיבוץ and קבוץ are both קבצ. */
    function skeleton(form) {
        var bones = form[0] + form.slice(1).replace(/[וי]/g, "");
        return bones.length >= 3 ? bones : form.replace(/([וי])\1+/g, "$1");
    }
    function addForms(keys, form, least) {
        var ending = ENDINGS.find(function (end) { return form.endsWith(end) && form.length >= end.length + least; });
        keys.add(skeleton(form));
        if (!ending) return;
        var root = form.slice(0, -ending.length);
        keys.add(skeleton(root));
        if (FEMININE.indexOf(ending) >= 0) keys.add(skeleton(root + "ה"));
    }
    function understand(text) {
        var word = { form: fold(text), bare: new Set(), keys: new Set() }, least = /["\u05F4\u201C\u201D]/.test(text) ? 2 : 3, at = 0;
        if (!/^[\u05D0-\u05EA]/.test(word.form)) {
            word.keys.add(/^.*[a-z]{3}s$/.test(word.form) && !/ss$/.test(word.form) ? word.form.slice(0, -1) : word.form);
            return word;
        }
        addForms(word.keys, word.form, least);
        PREFIXES.exec(word.form).slice(1).forEach(function (prefix) {
            at += (prefix || "").length;
            if (!prefix || word.form.length - at < least) return;
            word.bare.add(word.form.slice(at));
            addForms(word.keys, word.form.slice(at), least);
        });
        return word;
    }
    function compare(one, other) {
        if (one.form === other.form) return AS_TYPED;
        if (one.bare.has(other.form) || other.bare.has(one.form)) return WITH_PREFIX;
        return Array.from(one.keys).some(function (key) { return other.keys.has(key); }) ? OTHER_FORM : 0;
    }

    /* What is in every text that has a form of a word, when that text is stripped of vowels: most have it not, which is quickly seen. */
    function strip(text) {
        return foldLetters(text).replace(/[וי]/g, "");
    }
    function withCores(word) {
        word.cores = /^\d/.test(word.form) ? [""] : Array.from(word.keys, function (key) { return key.replace(/[וי]/g, "").replace(/ה$/, ""); });
        return word;
    }
    function mayHave(stripped, word) {
        return word.cores.some(function (core) { return stripped.indexOf(core) >= 0; });
    }

    /* ---- questions ---- */

    /* "one after the other", -without; quotation marks within a word are the word's. */
    function ask(typed) {
        var pattern = /(-?)(?:"([^"]+)"(?=\s|$)|(\S+))/g, text = bare(typed).replace(/[\u201C\u201D]/g, "\""), match;
        while ((match = pattern.exec(text))) {
            var list = read(match[2] || match[3]).map(function (word) { return withCores(understand(word.text)); });
            if (match[2] && list.length > 0) parts.push({ words: list, without: match[1] !== "" });
            else list.forEach(function (word) { parts.push({ words: [word], without: match[1] !== "" }); });
        }
    }
    function all() {
        return parts.reduce(function (list, part) { return list.concat(part.words); }, []);
    }
    /* How well a word of a text fits each that is asked for; most words are met again and again. */
    function fits(text) {
        var list = known.get(text);
        if (list) return list;
        var stripped = strip(text), met = null;
        list = all().map(function (word) { return mayHave(stripped, word) ? compare(word, met = met || understand(text)) : 0; });
        if (known.size >= KNOWN) known.clear();
        known.set(text, list);
        return list;
    }
    /* The best place in a text of what stands from `first` in the list of all that is asked for. */
    function find(words, part, first) {
        var best = { fit: 0, at: -1 };
        for (var i = 0; i + part.words.length <= words.length && best.fit < AS_TYPED; i++) {
            var least = AS_TYPED;
            for (var k = 0; k < part.words.length && least > 0; k++) least = Math.min(least, words[i + k].fits[first + k]);
            if (least > best.fit) best = { fit: least, at: words[i].at };
        }
        return best;
    }
    function prepare(text) {
        return read(text).map(function (word) { return { at: word.at, fits: fits(word.text) }; });
    }
    function piece(text, at) {
        var start = Math.max(0, at - SNIPPET / 2);
        return at < 0 ? "" : (start > 0 ? "… " : "") + text.substr(start, SNIPPET).replace(/\s+/g, " ") + " …";
    }
    function look(record) {
        var text = bare(record[4]), stripped = strip(bare(record.slice(1, 4).join(" ")) + " " + text);
        if (!parts.every(function (part) { return part.without || part.words.every(mayHave.bind(null, stripped)); })) return;
        var title = prepare(bare(record[1] + "\n" + record[2])), body = prepare(text), facts = prepare(bare(record[3]));
        var score = 0, at = -1, first = 0;
        var fit = parts.every(function (part) {
            var inTitle = find(title, part, first), inBody = find(body, part, first), inFacts = find(facts, part, first);
            var best = Math.max(inTitle.fit && inTitle.fit + IN_TITLE, inBody.fit, inFacts.fit);
            first += part.words.length;
            if (part.without) return best === 0;
            if (at < 0) at = inBody.at;
            score += best;
            return best > 0;
        });
        if (!fit) return;
        hits.push({ score: score, place: hits.length, record: record, piece: piece(text, at) });
        if (hits.length > 20 * MOST) best();
    }
    function best() {
        hits.sort(function (a, b) { return b.score - a.score || a.place - b.place; });
        if (hits.length > MOST) {
            hits.length = MOST;
            document.getElementById("many").hidden = false;
        }
    }

    /* ---- the page ---- */

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
    ask(asked);
    if (parts.length > 0) next();
})();
