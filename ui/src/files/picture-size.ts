/** How many pixels a picture says that it has, from the beginning of its file: what is too large is never decoded. Pure. */
export interface PictureSize {
  width: number
  height: number
}

/** Decoded it takes four bytes for each. */
const PIXELS_MAX = 50_000_000

export function pictureSize(bytes: Uint8Array): PictureSize | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const starts = (text: string, at = 0) => [...text].every((letter, index) => bytes[at + index] === letter.charCodeAt(0))
  if (bytes.length >= 24 && bytes[0] === 0x89 && starts('PNG', 1))
    return { width: view.getUint32(16), height: view.getUint32(20) }
  if (bytes.length >= 10 && starts('GIF8')) return { width: view.getUint16(6, true), height: view.getUint16(8, true) }
  if (bytes.length >= 30 && starts('RIFF') && starts('WEBP', 8)) return webp(bytes, view, starts)
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return jpeg(bytes, view)
  return null
}

/** Whether it can be decoded without harm. */
export function isBearable(size: PictureSize | null): boolean {
  return size !== null && size.width > 0 && size.height > 0 && size.width * size.height <= PIXELS_MAX
}

/** The three kinds of RFC 9649, sections 2.5 to 2.7. */
function webp(bytes: Uint8Array, view: DataView, starts: (text: string, at: number) => boolean): PictureSize | null {
  if (starts('VP8X', 12)) {
    const of = (at: number) => 1 + (view.getUint16(at, true) | ((bytes[at + 2] ?? 0) << 16))
    return { width: of(24), height: of(27) }
  }
  if (starts('VP8L', 12)) {
    const bits = view.getUint32(21, true)
    return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) }
  }
  if (starts('VP8 ', 12)) return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff }
  return null
}

/** The first frame header (ITU-T T.81, annex B). */
function jpeg(bytes: Uint8Array, view: DataView): PictureSize | null {
  let at = 2
  while (at + 9 < bytes.length) {
    if (bytes[at] !== 0xff) return null
    const marker = bytes[at + 1] ?? 0
    if (marker === 0xff) {
      at++
      continue
    }
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc
    if (isFrame) return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) }
    const isAlone = marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)
    at += isAlone ? 2 : 2 + view.getUint16(at + 2)
  }
  return null
}
