// SPDX-License-Identifier: AGPL-3.0-or-later
// shots.mjs ADDRESS MODULES DIRECTORY MINUTES DECISION: takes the pictures of docs/.
import { createRequire } from 'node:module'
import path from 'node:path'

const [address, modules, directory, minutes, decision] = process.argv.slice(2)
const require = createRequire(path.join(modules, 'package.json'))
const { chromium } = require('playwright-core')

const DESK = { width: 960, height: 680 }, PHONE = { width: 360, height: 640 }
const shots = [
  ['front-he-desk', '/', DESK, 'light'],
  ['front-he-phone-dark', '/', PHONE, 'dark'],
  ['document-he-desk', `/d/${minutes}`, DESK, 'light'],
  ['document-en-phone', `/d/${decision}?lang=en`, PHONE, 'light'],
  ['search-he-desk-dark', '/search?q=' + encodeURIComponent('מים') + '&kind=decision', DESK, 'dark'],
  ['decisions-en-desk', '/decisions?lang=en', DESK, 'light']
]
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox', '--disable-lcd-text'] })
for (const [name, where, viewport, colorScheme] of shots) {
  const page = await browser.newPage({ viewport, colorScheme, locale: 'he-IL' })
  await page.goto(address.replace(/\/$/, '') + where)
  await page.screenshot({ path: path.join(directory, name + '.png') })
  await page.close()
}
await browser.close()
