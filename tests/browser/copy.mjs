// SPDX-License-Identifier: AGPL-3.0-or-later
// copy.mjs DIRECTORY MODULES WORD: opens a copy of the site from its files, without any node.  Prints a JSON list of what is wrong.
import { createRequire } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const [directory, modules, word] = process.argv.slice(2)
const require = createRequire(path.join(modules, 'package.json'))
const { chromium } = require('playwright-core')
const root = pathToFileURL(directory + '/').href
const faults = []
const fault = what => faults.push(what)

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox'] })

async function open (options) {
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })).newPage()
  page.on('request', request => { if (!request.url().startsWith(root)) fault(`${page.url()} asks for ${request.url()}`) })
  page.on('console', message => { if (['error', 'warning'].includes(message.type())) fault(`${page.url()}: ${message.text()}`) })
  page.on('dialog', dialog => { fault(`${page.url()} opens a dialog`); dialog.dismiss() })
  page.on('pageerror', error => fault(`${page.url()} throws ${error.message}`))
  return page
}

// Without script: from the front page into a document and back, styled.
const plain = await open({ javaScriptEnabled: false })
await plain.goto(root + 'index.html')
const styled = await plain.locator('.find').evaluate(form => getComputedStyle(form).display).catch(() => 'unknown')
if (styled !== 'grid' && styled !== 'unknown') fault(`the front page has no style: ${styled}`)
await plain.locator('.rows h3 a').first().click()
if (await plain.locator('article h1').count() !== 1) fault('a document does not open from the front page')
await plain.locator('.brand').click()
if (!plain.url().endsWith('/index.html')) fault(`the mark leads to ${plain.url()}`)

// With it: a search from the front page.
const page = await open({})
await page.goto(root + 'index.html')
await page.fill('#q', word)
await page.press('#q', 'Enter')
await page.waitForSelector('#found li, #none:not([hidden])')
if (await page.locator('#found li').count() === 0) fault('the search finds nothing')
if (!(await page.locator('#found li').first().textContent()).includes(word)) fault('what is found does not show the word')
await page.locator('#found a').first().click()
await page.waitForSelector('article h1')
if (!(await page.content()).includes(word)) fault('what is found does not have the word')
await page.goto(root + 'search.html?q=' + encodeURIComponent('אין-מילה-כזאת'))
await page.waitForSelector('#none:not([hidden])')
await page.goto(root + 'search.html?q=' + encodeURIComponent('<img src=x onerror=alert(1)>'))
await page.waitForSelector('#found li, #none:not([hidden])')
if (await page.locator('main img').count() > 0) fault('a search became markup')

// The documents that were written to harm.
for (const hostile of ['alert(1)', 'מאושרת', 'עומק']) {
  await page.goto(root + 'search.html?q=' + encodeURIComponent(hostile))
  await page.waitForSelector('#found li, #none:not([hidden])')
  if (await page.locator('#found li').count() === 0) { fault(`${hostile} is not found`); continue }
  if (await page.locator('#found img, #found script, #found svg').count() > 0) fault(`${hostile} became markup in the list`)
  await page.locator('#found a').first().click()
  await page.waitForSelector('article h1')
}
await browser.close()
console.log(JSON.stringify(faults))
