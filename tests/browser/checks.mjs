// SPDX-License-Identifier: AGPL-3.0-or-later
// checks.mjs ADDRESS MODULES [CHECK…]: looks at a running reader in headless Chromium; all checks, if none is named.  Prints one
// JSON object: for each check a list of what is wrong.  MODULES is where the packages of package.json are installed.
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import path from 'node:path'

const [given, modules, ...named] = process.argv.slice(2)
const address = given.replace(/\/$/, '')
const require = createRequire(path.join(modules, 'package.json'))
const { chromium } = require('playwright-core')

const PER_KIND = 2 // Pages looked at of each kind; all links are followed all the same.
const SIZE = 50 * 1024
const LANGUAGES = ['he', 'en']
let faults = new Set()
const fault = (where, what) => faults.add(`${decodeURI(where)}: ${what}`)
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

let looked // What the other checks look at: found by the first.

async function pages () {
  looked ||= [...(await crawl()).values()].flatMap(urls => urls.slice(0, PER_KIND))
  return looked
}

const inLanguage = (url, language) => {
  const target = new URL(url)
  target.searchParams.set('lang', language)
  return target.href
}

// ---- a browser that tells what a page does ----

const contexts = new Map() // By options: opening one takes longer than a page.

async function open (options) {
  const context = await browser.newContext({ locale: 'he-IL', ...options })
  const page = await context.newPage()
  page.on('request', request => { if (!local(request.url()) && !request.url().startsWith('data:')) fault(page.url(), `asks for ${request.url()}`) })
  page.on('console', message => { if (['error', 'warning'].includes(message.type())) fault(page.url(), `the console says: ${message.text()}`) })
  page.on('dialog', dialog => { fault(page.url(), `opens a dialog: ${dialog.message()}`); dialog.dismiss() })
  page.on('pageerror', error => fault(page.url(), `throws: ${error.message}`))
  return page
}

async function visit (url, options, look) {
  const key = JSON.stringify(options)
  if (!contexts.has(key)) contexts.set(key, await open(options))
  const page = contexts.get(key)
  await page.goto(url, { waitUntil: 'load' })
  await look(page)
}

const checks = {
  async links () {
    await pages()
  },

  // No violation of WCAG 2 in either language and theme.
  async accessibility () {
    const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')
    for (const url of await pages()) {
      for (const language of LANGUAGES) {
        for (const colorScheme of ['light', 'dark']) {
          await visit(inLanguage(url, language), { colorScheme, bypassCSP: true }, async page => {
            await page.evaluate(axe)
            const { violations } = await page.evaluate(() => globalThis.axe.run({ resultTypes: ['violations'] }))
            for (const each of violations) fault(page.url(), `${colorScheme}: ${each.id}: ${each.help}: ${each.nodes[0].html.slice(0, 160)}`)
          })
        }
      }
    }
  },

  // Nothing scrolls sideways, the page reads from its own side, and what is tapped is large enough for a finger.
  async layout () {
    for (const url of await pages()) {
      for (const language of LANGUAGES) {
        for (const width of [320, 1280]) {
          await visit(inLanguage(url, language), { viewport: { width, height: 800 } }, async page => {
            const seen = await page.evaluate(() => {
              const root = document.documentElement
              const small = [...document.querySelectorAll('nav a, button, input:not([type=hidden]), select, summary')]
                .filter(each => { const box = each.getBoundingClientRect(); return box.width > 0 && box.height < 43.5 })
              return { wide: root.scrollWidth - root.clientWidth, dir: root.dir, lang: root.lang,
                start: getComputedStyle(document.body).direction, small: small.map(each => each.outerHTML.slice(0, 120)) }
            })
            if (seen.wide > 0) fault(page.url(), `is ${seen.wide} px too wide at ${width}`)
            if (seen.lang !== language || seen.dir !== (language === 'he' ? 'rtl' : 'ltr') || seen.start !== seen.dir) fault(page.url(), `is laid out as ${seen.lang}, ${seen.dir}`)
            if (width === 320) for (const each of seen.small) fault(page.url(), `is hard to tap: ${each}`)
          })
        }
      }
    }
  },

  // Headings begin with one h1 and leave no level out; in Hebrew the first word of a line stands at the right.
  async order () {
    for (const url of await pages()) {
      await visit(inLanguage(url, 'he'), { viewport: { width: 1280, height: 900 } }, async page => {
        const { levels, right } = await page.evaluate(() => {
          const levels = [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].map(each => Number(each.tagName[1]))
          const head = document.querySelector('h1'), range = document.createRange()
          range.selectNodeContents(head)
          const text = range.getBoundingClientRect(), main = document.querySelector('main').getBoundingClientRect()
          return { levels, right: main.right - text.right <= text.left - main.left + 1 }
        })
        if (levels[0] !== 1 || levels.filter(level => level === 1).length !== 1) fault(page.url(), `has the headings ${levels}`)
        if (!right) fault(page.url(), 'has a Hebrew title that does not begin at the right')
      })
    }
  },

  // The same words without script: nothing on the page needs one.
  async noscript () {
    for (const url of await pages()) {
      const words = []
      for (const javaScriptEnabled of [true, false]) await visit(url, { javaScriptEnabled }, async page => words.push(await page.locator('body').innerText()))
      if (words[0] !== words[1]) fault(url, 'differs without script')
    }
  },

  // Every link is reached with the Tab key, each with a visible focus; Enter follows it.
  async keyboard () {
    for (const url of await pages()) {
      await visit(url, { viewport: { width: 1280, height: 900 } }, async page => {
        const wanted = await page.locator('a[href]:visible, button:visible, input:visible, select:visible, summary:visible').count()
        const reached = new Set()
        for (let step = 0; step < wanted + 20 && reached.size < wanted; step++) {
          await page.keyboard.press('Tab')
          const focus = await page.evaluate(() => {
            const all = [...document.querySelectorAll('*')], each = document.activeElement
            if (each === document.body) return null
            const shown = style => (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== 'none'
            // A link that stands for its whole row shows the focus around the row.
            return { place: all.indexOf(each), html: each.outerHTML.slice(0, 100), seen: shown(getComputedStyle(each)) || shown(getComputedStyle(each, '::after')) }
          })
          if (focus === null) continue
          if (!reached.has(focus.place) && !focus.seen) fault(page.url(), `shows no focus at ${focus.html}`)
          reached.add(focus.place)
        }
        if (reached.size < wanted) fault(page.url(), `lets the Tab key reach ${reached.size} of ${wanted}`)
      })
    }
    await visit(address + '/', {}, async page => {
      const link = page.locator('main a[href]').first()
      await link.focus()
      await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')])
    })
  },

  // Twice as large, as people with weak eyes read: at 640 px of CSS width nothing is cut off.
  async zoom () {
    for (const url of await pages()) {
      await visit(url, { viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 }, async page => {
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
        if (wide > 0) fault(page.url(), `is ${wide} px too wide when zoomed`)
      })
    }
  },

  async print () {
    for (const url of await pages()) {
      await visit(url, {}, async page => {
        const paper = await page.pdf({ format: 'A4', preferCSSPageSize: true, tagged: true })
        if (paper.length < 1000) fault(page.url(), 'prints to nothing')
        await page.emulateMedia({ media: 'print' })
        const shown = await page.evaluate(() => [...document.querySelectorAll('nav, form')].filter(each => each.getBoundingClientRect().height > 0).map(each => each.outerHTML.slice(0, 80)))
        for (const each of shown) fault(page.url(), `prints what only a screen needs: ${each}`)
      })
    }
  },

  // HTML as the standard has it.
  async markup () {
    const { HtmlValidate, StaticConfigLoader } = require('html-validate')
    const validator = new HtmlValidate(new StaticConfigLoader({ extends: ['html-validate:standard'], rules: { 'no-trailing-whitespace': 'off' } }))
    for (const url of await pages()) {
      for (const language of LANGUAGES) {
        const html = await (await fetch(inLanguage(url, language))).text()
        const { results } = await validator.validateString(html)
        for (const each of results.flatMap(result => result.messages)) fault(url, `line ${each.line}: ${each.ruleId}: ${each.message}`)
      }
    }
  },
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox'] })
const found = {}
await pages()
const crawled = faults
for (const [name, check] of Object.entries(checks)) {
  if (named.length > 0 && !named.includes(name)) continue
  faults = name === 'links' ? crawled : new Set()
  await check()
  found[name] = [...faults]
}
await browser.close()
console.log(JSON.stringify(found))
