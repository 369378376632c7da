/** A picture out of a file, by what the web view itself has for pictures. Its size was found to be harmless before. */
import { base64Value, fileKind } from './file-size'

/** The terminal stands still meanwhile. */
const DECODE_MS = 3000

function fromBase64(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(Math.ceil((data.length * 3) / 4))
  let length = 0
  let bits = 0
  let bitsLength = 0
  for (const code of data) {
    const value = base64Value(code)
    if (value < 0) continue
    bits = ((bits << 6) | value) & 0xffff
    bitsLength += 6
    if (bitsLength < 8) continue
    bitsLength -= 8
    bytes[length++] = (bits >> bitsLength) & 0xff
  }
  return bytes.subarray(0, length)
}

/** Null for what is no picture after all, or takes too long. */
export async function decodeFile(data: Uint8Array): Promise<ImageBitmap | null> {
  const bytes = fromBase64(data)
  const kind = fileKind(bytes)
  if (!kind) return null
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<null>((resolve) => (timer = setTimeout(() => resolve(null), DECODE_MS)))
  const decoding = createImageBitmap(new Blob([bytes], { type: kind }))
  const bitmap = await Promise.race([decoding, late])
  clearTimeout(timer)
  if (!bitmap) void decoding.then((tooLate) => tooLate.close()).catch(() => undefined)
  return bitmap
}
