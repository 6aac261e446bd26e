// SPDX-License-Identifier: AGPL-3.0-or-later
// checks.mjs ADDRESS MODULES NEWEST: looks at a running reader in headless Chromium.  Prints one JSON object: for each check a list of
// what is wrong.  MODULES is where the packages of package.json are installed; so many of the NEWEST documents are looked at, and a few
// pages of every other kind.  A page is loaded once in each language, and all that is looked at is looked at there: loading costs more
// than looking.
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import path from 'node:path'

const [given, modules, newest] = process.argv.slice(2)
const address = given.replace(/\/$/, '')
const require = createRequire(path.join(modules, 'package.json'))
const { chromium } = require('playwright-core')

const PER_KIND = 2 // Pages looked at of each kind; all links are followed all the same.
const SIZE = 50 * 1024
const LANGUAGES = ['he', 'en']
const found = Object.fromEntries(['links', 'accessibility', 'layout', 'order', 'noscript', 'keyboard', 'zoom', 'print', 'markup'].map(name => [name, new Set()]))
const say = name => (where, what) => found[name].add(`${decodeURI(where)}: ${what}`)
const local = href => href.startsWith(address)

// ---- what there is to look at ----

// The kind of a page: its path with everything that names one thing left out.
function kindOf (url) {
  return new URL(url).pathname.split('/').map(part => /^[0-9a-f]{12,}$|^\d+$|%/.test(part) ? '*' : part).join('/')
}

function linksOf (html, base) {
  const found = [...html.matchAll(/\s(?:href|src|action)="([^"#]*)/g)].map(match => match[1].replaceAll('&amp;', '&'))
  return found.filter(href => href !== '' && !/^(tel|mailto):/.test(href)).map(href => new URL(href, base).href)
}

// Follows every link from the front page, and says which pages there are, by kind.
async function crawl () {
  const fault = say('links')
  const seen = new Set([address + '/']), queue = [...seen], kinds = new Map()
  while (queue.length > 0) {
    const url = queue.shift()
    const answer = await fetch(url, { redirect: 'manual' })
    const type = answer.headers.get('content-type') || ''
    const body = await answer.text()
    if (answer.status >= 400) fault(url, `is linked and answers ${answer.status}`)
    if (!type.startsWith('text/html')) continue
    const kind = kindOf(url) // Each page is looked at in both languages anyway.
    if (!new URL(url).searchParams.has('lang')) kinds.set(kind, [...(kinds.get(kind) || []), url])
    const frame = Buffer.byteLength(body.replace(/<article[^]*?<\/article>/, '')) // A document may be as long as it is.
    if (frame >= SIZE) fault(url, `has ${frame} bytes`)
    for (const href of linksOf(body, url)) {
      if (!local(href)) {
        if (/^https?:/.test(href) && !/\srel="[^"]*noreferrer/.test(body)) fault(url, `leads away from the node: ${href}`)
      } else if (!seen.has(href) && seen.size < 6000) {
        seen.add(href)
        queue.push(href)
      }
    }
  }
  return kinds
}

const inLanguage = (url, language) => {
  const target = new URL(url)
  target.searchParams.set('lang', language)
  return target.href
}

// ---- a browser that tells what a page does ----

async function open (options) {
  const fault = say('links')
  const context = await browser.newContext({ locale: 'he-IL', viewport: { width: 1280, height: 900 }, ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(240000) // Other tests may have the processors.
  page.on('request', request => { if (!local(request.url()) && !request.url().startsWith('data:')) fault(page.url(), `asks for ${request.url()}`) })
  page.on('console', message => { if (['error', 'warning'].includes(message.type())) fault(page.url(), `the console says: ${message.text()}`) })
  page.on('dialog', dialog => { fault(page.url(), `opens a dialog: ${dialog.message()}`); dialog.dismiss() })
  page.on('pageerror', error => fault(page.url(), `throws: ${error.message}`))
  page.devtools = await context.newCDPSession(page)
  return page
}

// As another window shows the page, without loading it again.
const resize = (page, width, height, deviceScaleFactor = 1) =>
  page.devtools.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor, mobile: false })

const tooWide = page => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)

// ---- what is looked at; each leaves the page as it found it ----

// Headings begin with one h1 and leave no level out; in Hebrew the first word of a line stands at the right.
async function order (page, language, fault) {
  const { levels, right } = await page.evaluate(() => {
    const levels = [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].map(each => Number(each.tagName[1]))
    const range = document.createRange()
    range.selectNodeContents(document.querySelector('h1') || document.body)
    const text = range.getBoundingClientRect(), main = document.querySelector('main').getBoundingClientRect()
    return { levels, right: main.right - text.right <= text.left - main.left + 1 }
  })
  const skipped = levels.some((level, i) => i > 0 && level > levels[i - 1] + 1)
  if (levels[0] !== 1 || levels.filter(level => level === 1).length !== 1 || skipped) fault(page.url(), `has the headings ${levels}`)
  if (language === 'he' && !right) fault(page.url(), 'has a Hebrew title that does not begin at the right')
}

// Every link is reached with the Tab key, each with a visible focus.
async function keyboard (page, language, fault) {
  const wanted = await page.locator('a[href]:visible, button:visible, input:visible, select:visible, summary:visible').count()
  await page.evaluate(() => {
    const shown = style => (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== 'none'
    globalThis.reached = new Map()
    document.activeElement?.blur()
    document.addEventListener('focusin', ({ target }) => { // A link that stands for its whole row shows the focus around the row.
      reached.set(target, shown(getComputedStyle(target)) || shown(getComputedStyle(target, '::after')))
    })
  })
  for (let step = 0; step < wanted + 20; step++) await page.keyboard.press('Tab')
  const { count, unseen } = await page.evaluate(() => {
    document.activeElement?.blur()
    scrollTo(0, 0)
    return { count: reached.size, unseen: [...reached].filter(([, seen]) => !seen).map(([each]) => each.outerHTML.slice(0, 100)) }
  })
  for (const each of unseen) fault(page.url(), `shows no focus at ${each}`)
  if (count < wanted) fault(page.url(), `lets the Tab key reach ${count} of ${wanted}`)
}

// Nothing scrolls sideways, the page reads from its own side, and what is tapped is large enough for a finger.
async function layout (page, language, fault) {
  for (const width of [1280, 320]) {
    await resize(page, width, 800)
    const seen = await page.evaluate(() => {
      const root = document.documentElement
      const small = [...document.querySelectorAll('nav a, button, input:not([type=hidden]), select, summary')]
        .filter(each => { const box = each.getBoundingClientRect(); return box.width > 0 && box.height < 43.5 })
      return { inner: innerWidth, dir: root.dir, lang: root.lang, start: getComputedStyle(document.body).direction, small: small.map(each => each.outerHTML.slice(0, 120)) }
    })
    const wide = await tooWide(page)
    if (seen.inner !== width) fault(page.url(), `is shown at ${seen.inner} instead of ${width}`)
    if (wide > 0) fault(page.url(), `is ${wide} px too wide at ${width}`)
    if (seen.lang !== language || seen.dir !== (language === 'he' ? 'rtl' : 'ltr') || seen.start !== seen.dir) fault(page.url(), `is laid out as ${seen.lang}, ${seen.dir}`)
    if (width === 320) for (const each of seen.small) fault(page.url(), `is hard to tap: ${each}`)
  }
}

// Twice as large, as people with weak eyes read: at 640 px of CSS width nothing is cut off.
async function zoom (page, language, fault) {
  await resize(page, 640, 400, 2)
  const wide = await tooWide(page)
  if (wide > 0) fault(page.url(), `is ${wide} px too wide when zoomed`)
  await resize(page, 1280, 900)
}

async function print (page, language, fault) {
  const paper = await page.pdf({ format: 'A4', preferCSSPageSize: true, tagged: true })
  if (paper.length < 1000) fault(page.url(), 'prints to nothing')
  await page.emulateMedia({ media: 'print' })
  const shown = await page.evaluate(() => [...document.querySelectorAll('nav, form')].filter(each => each.getBoundingClientRect().height > 0).map(each => each.outerHTML.slice(0, 80)))
  for (const each of shown) fault(page.url(), `prints what only a screen needs: ${each}`)
  await page.emulateMedia({ media: 'screen' })
}

// No violation of WCAG 2: all rules on the light page, and those about colours again on the dark one.
async function accessibility (page, language, fault) {
  await page.evaluate(axe)
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme })
    const rules = colorScheme === 'dark' ? { runOnly: { type: 'tag', values: ['cat.color'] } } : {}
    const { violations, passes } = await page.evaluate(rules => globalThis.axe.run({ resultTypes: ['violations'], ...rules }), rules)
    for (const each of violations) fault(page.url(), `${colorScheme}: ${each.id}: ${each.help}: ${each.nodes[0].html.slice(0, 160)}`)
    if (!passes.some(each => each.id === 'color-contrast')) fault(page.url(), `${colorScheme}: no contrast was looked at`)
  }
  await page.emulateMedia({ colorScheme: 'light' })
}

// HTML as the standard has it.
async function markup (html, url, fault) {
  const { results } = await validator.validateString(html)
  for (const each of results.flatMap(result => result.messages)) fault(url, `line ${each.line}: ${each.ruleId}: ${each.message}`)
}

// ---- all of it ----

const withScript = { he: [order, keyboard, layout, zoom, print, accessibility], en: [order, layout, accessibility] }

async function lookAt (urls, language) {
  const page = await open({})
  const plain = language === 'he' ? await open({ javaScriptEnabled: false }) : null
  for (const url of urls.map(each => inLanguage(each, language))) {
    await markup(await (await fetch(url)).text(), url, say('markup'))
    await page.goto(url, { waitUntil: 'load' })
    const words = await page.locator('body').innerText()
    for (const look of withScript[language]) await look(page, language, say(look.name))
    if (plain === null) continue
    await plain.goto(url, { waitUntil: 'load' }) // The same words without script: nothing on the page needs one.
    if (await plain.locator('body').innerText() !== words) say('noscript')(url, 'differs without script')
  }
}

// Enter follows the link that has the focus.
async function follow () {
  const page = await open({})
  await page.goto(address + '/')
  await page.locator('main a[href]').first().focus()
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')])
}

const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')
const { HtmlValidate, StaticConfigLoader } = require('html-validate')
const validator = new HtmlValidate(new StaticConfigLoader({ extends: ['html-validate:standard'], rules: { 'no-trailing-whitespace': 'off' } }))
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox'] })
const looked = [...(await crawl())].flatMap(([kind, urls]) => urls.slice(0, kind === '/d/*' ? Number(newest) : PER_KIND))
await Promise.all([...LANGUAGES.map(language => lookAt(looked, language)), follow()])
await browser.close()
console.log(JSON.stringify(Object.fromEntries(Object.entries(found).map(([name, faults]) => [name, [...faults]]))))
