// SPDX-License-Identifier: AGPL-3.0-or-later
// script.mjs SEARCH.JS: asks the search script of a copy, in a page that is only as much of one as the script touches.
import assert from 'node:assert'
import { readFileSync } from 'node:fs'
import vm from 'node:vm'

const script = readFileSync(process.argv[2], 'utf8')
const PAPERS = [
  ['1', '14/26', 'ישיבת המזכירות', 'מזכירות · גבעת ארנון · 5.1.2026', 'הוחלט לתקן את גדר הקיבוץ. ולהתחיל בקיץ. ח״כ כהן נכח.'],
  ['2', '', 'אסיפת חברים', 'אסיפה · נחל דן · 1.2.2026', 'בַּאֲסֵפָה דנו בתקציבים ובמכסות המים. טלפון: 052-123-4567. סכום: 1,250 ש״ח ביום 01/05/18.'],
  ['3', '', 'École and budgets', 'notice', 'A new pump was bought; ה־GIS עודכן מתל־אביב, תל־אביב. תק"צ מאושר.'],
  ['4', '', 'גינון', 'ועדת נוי', 'המים נסגרו. ועד ההנהלה ישב. החלטות הוועדה נשלחו.']
]

// The numbers of the papers that are found, in their order; the snippets with `pieces`.
function search (typed, { pieces = false, papers = PAPERS } = {}) {
  const found = []
  const element = () => ({ hidden: true, value: '', appendChild: child => found.push(child), content: { cloneNode: row } })
  function row () {
    const parts = { a: {}, '.no': {}, '.snip': {}, '.meta': {} }
    return { parts, querySelector: name => parts[name] }
  }
  const elements = {}
  const asked = []
  const document = { getElementById: id => (elements[id] ??= element()), createElement: () => ({}), body: { appendChild: child => asked.push(child.src) } }
  const window = {}
  vm.runInNewContext(script, { document, window, location: { search: '?q=' + encodeURIComponent(typed) }, URLSearchParams })
  if (asked.length === 0) return ''
  window.igumSearch(papers.slice(0, 2), true)
  assert.deepStrictEqual(asked, ['search/1.js', 'search/2.js'])
  window.igumSearch(papers.slice(2), false)
  return found.map(item => pieces ? item.parts['.snip'].textContent : item.parts.a.href).join(pieces ? '|' : ' ')
}

const finds = (typed, wanted) => assert.strictEqual(search(typed), wanted, typed)

// Prefixes, on either side.
finds('גדר', '1')
finds('להתחיל', '1')
finds('התחיל', '1')
finds('שבגדר', '1')
finds('מכסות מים', '2')
finds('תקציב', '2')
finds('בתקציבים', '2')
finds('בארנון', '1')
finds('קיץ', '1')
finds('GIS', '3')
// Endings, and vowels that people write or leave out.
finds('אספה', '2')
finds('אסיפה', '2')
finds('ההחלטות', '4 1') // הוחלט too: no dictionary is there.
finds('ועדת', '4')
finds('קבוץ', '1')
// Points, final letters, marks.
finds('בַּאֲסֵפָה', '2')
finds('מים', '2 4')
finds('מימ', '2 4')
finds('ח"כ', '1')
finds('חכ', '1')
finds("ח''כ", '1')
finds('ש״ח', '2')
finds('תק״צ', '3')
finds('אביב', '3')
finds('תל אביב', '3')
// Latin and numbers.
finds('ecole', '3')
finds('ÉCOLE', '3')
finds('budget', '3')
finds('pumps', '3')
finds('14/26', '1')
finds('0521234567', '2')
finds('1250', '2')
finds('1.5.2018', '2')
finds('2018-05-01', '2')
// All words; phrases; without.
finds('מים גדר', '')
finds('"ועד ההנהלה"', '4')
finds('"הנהלה ועד"', '')
finds('"ועד הנהלה"', '4')
finds('מים -גינון', '2')
finds('-"ועד הנהלה" מים', '2')
// Words as typed before other forms, and titles before texts.
finds('המים', '2 4')
assert.strictEqual(search('אסיפה', { papers: [['a', '', 'x', '', 'באסיפות'], ['b', '', 'x', '', 'אסיפה'], ['c', '', 'אסיפות', '', '']] }), 'c b a')
// Nothing that is typed is an error, and what stands nowhere is not found.
for (const typed of ['"', '-', '""', '-"', '"א', '<img src=x onerror=alert(1)>', '\\', '(', '״', "'", 'אאאאאא', '999999']) finds(typed, '')
assert.match(search('תקציב', { pieces: true }), /דנו בתקציבים/)
assert.match(search('פרגולה', { pieces: true, papers: [['a', '', 'x', '', 'מ'.repeat(500) + ' הפרגולה נבנתה']] }), /^… .*הפרגולה נבנתה …$/)
console.log('well')
