// Renders icons/ from its SVG sources. Run it by hand after a change: node scripts/icons.mjs
// Sizes of 48 px and less come from bowline-small.svg, whose rope is thicker; the rest from bowline.svg.

import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const icons = join(root, 'icons')
const LARGEST_SMALL_PX = 48

const rendered = mkdtempSync(join(tmpdir(), 'bowline-icons-'))
try {
  const large = render('bowline.svg', 'large')
  const small = render('bowline-small.svg', 'small')
  for (const name of ['128x128.png', '128x128@2x.png', 'icon.icns', 'icon.png']) {
    copyFileSync(join(large, name), join(icons, name))
  }
  copyFileSync(join(small, '32x32.png'), join(icons, '32x32.png'))
  const images = [
    ...readIco(join(small, 'icon.ico')).filter((image) => image.px <= LARGEST_SMALL_PX),
    ...readIco(join(large, 'icon.ico')).filter((image) => image.px > LARGEST_SMALL_PX),
  ]
  writeFileSync(join(icons, 'icon.ico'), writeIco(images))
} finally {
  rmSync(rendered, { recursive: true })
}

function render(source, name) {
  const out = join(rendered, name)
  const tauri = join(root, 'node_modules', '@tauri-apps', 'cli', 'tauri.js')
  execFileSync(process.execPath, [tauri, 'icon', join(icons, source), '-o', out], { stdio: 'pipe' })
  return out
}

// An .ico file is a 6-byte header, one 16-byte entry for each image, then the images. A width of 0 means 256.
function readIco(path) {
  const ico = readFileSync(path)
  return Array.from({ length: ico.readUInt16LE(4) }, (_, index) => {
    const entry = ico.subarray(6 + 16 * index, 22 + 16 * index)
    const start = entry.readUInt32LE(12)
    return { px: entry[0] || 256, entry: Buffer.from(entry), bytes: ico.subarray(start, start + entry.readUInt32LE(8)) }
  })
}

function writeIco(images) {
  const header = Buffer.from([0, 0, 1, 0, images.length, 0])
  let start = 6 + 16 * images.length
  for (const image of images) {
    image.entry.writeUInt32LE(start, 12)
    start += image.bytes.length
  }
  return Buffer.concat([header, ...images.map((image) => image.entry), ...images.map((image) => image.bytes)])
}
